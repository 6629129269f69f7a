#ifndef UVNET_HANDLE_H_
#define UVNET_HANDLE_H_

#include <node_api.h>
#include <uv.h>

#include <cstdint>
#include <memory>

#include "env/environment.h"

namespace uvnet {

// Ties callbacks to the code that requested them (async_hooks, AsyncLocalStorage).
class AsyncContext {
 public:
  // Returns null if V8 has no memory left or JavaScript has ended. The context inherits from the
  // running callback, if any. V8 makes the resource: an object of ours would be held weakly, which
  // slows down each garbage collection.
  static std::shared_ptr<AsyncContext> Make(Environment* environment, const char* type);
  static std::shared_ptr<AsyncContext> Make(Environment* environment, napi_value type);

  // Only Make has a Key.
  class Key {
    friend class AsyncContext;
    Key() = default;
  };
  AsyncContext(Key, napi_env env, napi_async_context context) : env_(env), context_(context) {}
  ~AsyncContext();

  AsyncContext(const AsyncContext&) = delete;
  AsyncContext& operator=(const AsyncContext&) = delete;

  napi_async_context get() const { return context_; }

 private:
  napi_env env_;
  napi_async_context context_;
};

// The life of a uv handle:
//
// 1. Only Stream::NewTcp/NewPipe make it, fully initialised: a half-made handle cannot exist.
// 2. It is Initialized, then Closing, then Closed. From Closing on, every method returns UV_EBADF,
//    and a second Close does nothing.
// 3. It owns itself: its memory is freed in the uv close callback and nowhere else. So a pointer is
//    valid during a whole callback, whatever user code does.
// 4. If JavaScript knows the handle (id >= 0), lib/internal/native/handle.ts keeps its object in a
//    table from Register to the close callback. The garbage collector has no influence.
class Handle {
 public:
  enum class Kind : uint8_t { kTcp, kPipe };
  enum class State : uint8_t { kInitialized, kClosing, kClosed };

  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  Environment* environment() const { return environment_; }
  napi_async_context async_context() const {
    return async_context_ == nullptr ? nullptr : async_context_->get();
  }
  int id() const { return id_; }
  Handle* next() const { return next_; }
  Kind kind() const { return kind_; }
  bool alive() const { return state_ == State::kInitialized; }

  // Gives the handle an id for JavaScript. If there are too many handles, it closes this one and
  // returns UV_ENFILE.
  int Register();
  // Gives it an async context: a new one of this type, or a shared one.
  void Attach(napi_value type) { Attach(AsyncContext::Make(environment_, type)); }
  void Attach(std::shared_ptr<AsyncContext> context) { async_context_ = std::move(context); }
  // Takes the id and the async context of `other`, so that JavaScript now uses this handle.
  void TakePlaceOf(Handle* other);

  int Close();

  void Ref() { uv_ref(uv_handle()); }
  void Unref() { uv_unref(uv_handle()); }
  bool HasRef() const { return uv_has_ref(uv_handle()) != 0; }

  uv_handle_t* uv_handle() { return &uv_.handle; }
  const uv_handle_t* uv_handle() const { return &uv_.handle; }
  uv_stream_t* uv_stream() { return &uv_.stream; }
  const uv_stream_t* uv_stream() const { return &uv_.stream; }
  uv_tcp_t* uv_tcp() { return &uv_.tcp; }
  uv_pipe_t* uv_pipe() { return &uv_.pipe; }

 protected:
  Handle(Environment* environment, Kind kind) : environment_(environment), kind_(kind) {}
  virtual ~Handle() = default;

  // Called once, before uv_close, while the descriptor is still open.
  virtual void OnClosing() = 0;
  // Called once, after libuv's close callback; the slot of the id is free already.
  virtual void ReportClosed() = 0;
  // Replaces uv_close if the connection must be reset.
  virtual int CloseUv();

  void Opened();
  static void OnClosed(uv_handle_t* handle);

 private:
  friend class Environment;

  Environment* environment_;
  Handle* previous_ = nullptr;
  Handle* next_ = nullptr;
  std::shared_ptr<AsyncContext> async_context_;
  int id_ = -1;
  Kind kind_;
  State state_ = State::kInitialized;

  union Uv {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } uv_;
};

}  // namespace uvnet

#endif  // UVNET_HANDLE_H_
