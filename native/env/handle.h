#ifndef UVNET_HANDLE_H_
#define UVNET_HANDLE_H_

#include <node_api.h>
#include <uv.h>

#include <cstdint>
#include <memory>

#include "env/environment.h"

namespace uvnet {

// What ties callbacks to the place in the program that asked for them
// (async_hooks, AsyncLocalStorage).
class AsyncContext {
 public:
  // Null where the engine has no memory left or JavaScript has ended. Inherits from
  // the callback that is running, if any. The resource is one that the engine
  // makes: an object of ours would be held weakly, which each collection of
  // garbage pays for.
  static std::shared_ptr<AsyncContext> Make(Environment* environment, const char* type);
  static std::shared_ptr<AsyncContext> Make(Environment* environment, napi_value type);

  // Through Make only: nobody else has a Key.
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
// 1. Made by Stream::NewTcp/NewPipe only, fully initialised: a half-made handle
//    cannot exist.
// 2. Initialized → Closing → Closed. From Closing on every method answers
//    UV_EBADF; a second Close does nothing.
// 3. It owns itself: memory is released in the uv close callback and nowhere
//    else, so a pointer is good for the whole of a callback, whatever user code
//    did in it.
// 4. Where JavaScript knows it (id >= 0), lib/internal/native/handle.ts keeps its object
//    in a table from Register to the close callback; the collector has no say.
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

  // Gives the handle an id, by which JavaScript knows it from now on. Where there are too
  // many it is closed, and UV_ENFILE returned.
  int Register();
  // Gives it an async context: a new one of this type, or one that others have too.
  void Attach(napi_value type) { Attach(AsyncContext::Make(environment_, type)); }
  void Attach(std::shared_ptr<AsyncContext> context) { async_context_ = std::move(context); }
  // What JavaScript knows as `other`, id and async context, is this one from now on.
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
  // Takes the place of uv_close where the close is to be abortive.
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
