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

// A napi handle scope, for what touches values or references outside of a call.
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

// The only way into JavaScript from the loop. For the time it lives it is a handle scope; Run
// calls one of the environment's callbacks inside a callback scope with the
// async context of a handle, so that ticks, microtasks and AsyncLocalStorage
// behave as after any event of Node's own. What user code throws becomes an
// 'uncaughtException' inside that scope; nothing ever unwinds into libuv.
class JsCall {
 public:
  static constexpr size_t kMaxArguments = 4;

  explicit JsCall(Handle* handle);
  // The answer to a request: in the context that made it, or the handle's where there is none.
  JsCall(Handle* handle, const std::shared_ptr<AsyncContext>& caller);
  JsCall(Environment* environment, napi_async_context context);
  ~JsCall();

  JsCall(const JsCall&) = delete;
  JsCall& operator=(const JsCall&) = delete;

  // False during teardown, when nothing may be called any more.
  bool possible() const { return scope_ != nullptr; }

  JsCall& Int(int value) {
    napi_value number = nullptr;
    // Without a scope, that is during teardown, no value may be made at all.
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
