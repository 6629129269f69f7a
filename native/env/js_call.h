#ifndef UVNET_JS_CALL_H_
#define UVNET_JS_CALL_H_

#include <napi.h>
#include <node_api.h>

#include <cstddef>
#include <memory>

#include "env/environment.h"

namespace uvnet {

class AsyncContext;
class Handle;

// A napi handle scope, for code that uses values or references outside a call.
class HandleScope {
 public:
  explicit HandleScope(napi_env env) : env_(env) {
    if (napi_open_handle_scope(env, &scope_) != napi_ok) scope_ = nullptr;
  }
  ~HandleScope() {
    if (scope_ != nullptr) napi_close_handle_scope(env_, scope_);
  }

  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;

 private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
};

// The only way into JavaScript from the event loop. During its lifetime it is a handle scope. Run
// calls one of the environment's callbacks inside a callback scope with the async context of a
// handle. So ticks, microtasks and AsyncLocalStorage behave as after one of Node's own events. An
// exception in user code becomes an 'uncaughtException' inside that scope. Nothing ever unwinds
// into libuv.
class JsCall {
 public:
  static constexpr size_t kMaxArguments = 5;

  explicit JsCall(Handle* handle);
  // The callback of a request: in the context of its caller, or of the handle if the caller has
  // none.
  JsCall(Handle* handle, const std::shared_ptr<AsyncContext>& caller);
  JsCall(Environment* environment, napi_async_context context);
  ~JsCall();

  JsCall(const JsCall&) = delete;
  JsCall& operator=(const JsCall&) = delete;

  // False during teardown, when JavaScript must not be called.
  bool possible() const { return scope_ != nullptr; }

  JsCall& Int(int value) {
    napi_value number = nullptr;
    // Without a scope, that is, during teardown, no value may be made.
    if (possible() && napi_create_int32(env_, value, &number) != napi_ok) number = nullptr;
    return Value(number);
  }
  JsCall& Value(napi_value value) {
    if (value == nullptr || count_ == kMaxArguments) {
      broken_ = true;
    } else {
      arguments_[count_++] = value;
    }
    return *this;
  }

  void Run(Callback which) { Run(environment_->callback(which)); }
  void Run(napi_ref reference);

 private:
  Environment* environment_;
  napi_env env_;
  napi_async_context context_;
  napi_handle_scope scope_ = nullptr;
  napi_value arguments_[kMaxArguments];
  size_t count_ = 0;
  bool broken_ = false;
};

}  // namespace uvnet

#endif  // UVNET_JS_CALL_H_
