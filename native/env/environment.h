#ifndef UVNET_ENVIRONMENT_H_
#define UVNET_ENVIRONMENT_H_

#include <node_api.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "env/environment_part.h"
#include "env/id_table.h"

namespace uvnet {

class Handle;

// The JavaScript functions that native code calls, in the order of
// lib/internal/native/callbacks.ts.
enum class Callback : uint8_t {
  kReadSlab,        // (id, size, offset): bytes in the slab
  kReadNewSlab,     // (id, size, offset, slab): the same, in a slab that replaces the previous one
  kReadBuffer,      // (id, buffer, size): bytes at the start of their own buffer
  kReadArea,        // (id, size): bytes at the start of the receive area
  kReadUserBuffer,  // (id, size): bytes at the start of the program's buffer
  kReadStatus,      // (id, status): the end, or an error
  kConnection,      // (id, client id[, PackedHeader])
  kAcceptError,     // (id, status)
  kConnect,         // (id, status)
  kRace,            // (id, ConnectRace::EventType | flags, candidate | -1, status)
  kWrite,           // (id, status)
  kShutdown,        // (id, status)
  kClose,           // (id)
  kWriteError,      // (id, status): a failed write that JavaScript already counts as done
  kDrop,            // (id, count): refused connections; see Listener::Drop
  kPeek,            // (id, bytes | status)
  kDescriptor,      // (id, descriptor, position): arrived with the bytes that are reported next
  kRelay,           // (id of a, 0 | status, Relay::Side, flags of relay.cc)
  kOrigin,          // (id of a server): must call CaptureOrigin; see Listener::AttachClient
  kSocket,          // (id, descriptor, place, 1 if sniffed[, PackedHeader]): see Listener::Transfer
  kCount,
};

// All state of the addon in one Node environment (the main thread or one worker). Environments
// share only the offers, the shared block lists and the limit groups.
//
// Life: created when the addon is loaded. It ends in the async cleanup hook, after all uv handles
// have reported that they are closed.
class Environment {
 public:
  static Environment* Create(napi_env env);
  static Environment* From(napi_env env);

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  napi_env env() const { return env_; }
  uv_loop_t* loop() const { return loop_; }

  // True once teardown has started. From then on, no JavaScript may be entered.
  bool stopping() const { return stopping_; }

  // Handles ------------------------------------------------------------------
  // Every live handle is in this list. Handles that JavaScript knows also have an id until the
  // close callback.
  void Link(Handle* handle);
  void Unlink(Handle* handle);
  // Returns a new id for the handle; negative if there are too many.
  int Register(Handle* handle) { return ids_.Add(handle); }
  void Replace(int id, Handle* handle) { ids_.Replace(id, handle); }
  Handle* Lookup(int id) const { return ids_.Find(id); }
  // Each uv handle is counted from init to its close callback, including those without an id
  // (timers, polls). Teardown waits for them.
  void HandleOpened() { ++open_uv_handles_; }
  void HandleClosed();
  // Head of the list of live handles, which Handle::next() continues.
  Handle* first_handle() const { return first_; }

  // Calls --------------------------------------------------------------------
  // UV_ENOMEM if V8 has no memory left.
  int SetCallback(Callback which, napi_value function);
  napi_ref callback(Callback which) const { return callbacks_[static_cast<size_t>(which)]; }

  // A number that changes at least once between two turns of user code. With it, a stream can
  // distinguish another write of the same turn from a write of a new turn.
  uint32_t turn() const { return turn_; }
  void NextTurn() { ++turn_; }

  // False after the end of the program or worker. Node may still run the loop until the cleanup
  // hook.
  bool CanCall() const;

  // Records that a callback has already reported its exception.
  void NoteExceptionReported() { exception_reported_ = true; }
  bool TakeExceptionReported() { return std::exchange(exception_reported_, false); }

  // Whether AsyncLocalStorage#enterWith attaches to the async resource (Node up to 22), and not
  // only to the running callback. In that case, connections must not share a resource.
  bool async_storage_on_resource() const { return async_storage_on_resource_; }
  void SetAsyncStorageOnResource(bool value) { async_storage_on_resource_ = value; }

  // Parts --------------------------------------------------------------------
  // The state of a module in this environment; null before its first use.
  EnvironmentPart* part(Part which) const { return parts_[static_cast<size_t>(which)].get(); }
  // The same, but makes it if it does not exist. `which` must always be used with the same type
  // `T`.
  template <typename T>
  T& Use(Part which) {
    std::unique_ptr<EnvironmentPart>& part = parts_[static_cast<size_t>(which)];
    if (part == nullptr) part.reset(new T(this));
    return static_cast<T&>(*part);
  }

  // JavaScript has passed all its callbacks. `state` has two numbers that a native method can
  // return in addition to its result.
  void FacadeStarts(int32_t* state);
  void SetState(int32_t first, int32_t second) {
    if (state_ == nullptr) return;
    state_[0] = first;
    state_[1] = second;
  }

 private:
  Environment(napi_env env, uv_loop_t* loop) : env_(env), loop_(loop) {}
  ~Environment() = default;

  static void OnCleanup(napi_async_cleanup_hook_handle hook, void* data);
  void Finish();

  napi_env env_;
  uv_loop_t* loop_;
  napi_async_cleanup_hook_handle cleanup_hook_ = nullptr;
  bool stopping_ = false;
  bool async_storage_on_resource_ = true;
  bool exception_reported_ = false;

  IdTable<Handle> ids_;
  Handle* first_ = nullptr;
  uint64_t open_uv_handles_ = 0;

  napi_ref callbacks_[static_cast<size_t>(Callback::kCount)] = {};
  uint32_t turn_ = 0;
  int32_t* state_ = nullptr;

  std::unique_ptr<EnvironmentPart> parts_[static_cast<size_t>(Part::kCount)];
};

}  // namespace uvnet

#endif  // UVNET_ENVIRONMENT_H_
