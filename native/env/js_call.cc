#include "env/js_call.h"

#include "env/arguments.h"
#include "env/handle.h"
#include "env/modules.h"

namespace uvnet {

JsCall::JsCall(Handle* handle) : JsCall(handle->environment(), handle->async_context()) {}

JsCall::JsCall(Handle* handle, const std::shared_ptr<AsyncContext>& caller)
    : JsCall(handle->environment(), caller == nullptr ? handle->async_context() : caller->get()) {}

JsCall::JsCall(Environment* environment, napi_async_context context)
    : environment_(environment), env_(environment->env()), context_(context) {
  if (environment_->stopping()) return;
  if (napi_open_handle_scope(env_, &scope_) != napi_ok) scope_ = nullptr;
}

JsCall::~JsCall() {
  if (scope_ != nullptr) napi_close_handle_scope(env_, scope_);
}

void JsCall::Run(napi_ref reference) {
  if (!possible() || broken_) return;

  napi_value function;
  napi_value receiver;
  if (napi_get_reference_value(env_, reference, &function) != napi_ok ||
      napi_get_global(env_, &receiver) != napi_ok) {
    return;
  }

  environment_->NextTurn();
  const napi_status status =
      napi_make_callback(env_, context_, receiver, function, count_, arguments_, nullptr);
  if (status != napi_pending_exception) return;

  // This also happens while a worker is being terminated; there is no exception then.
  napi_value error;
  if (napi_get_and_clear_last_exception(env_, &error) == napi_ok &&
      !environment_->TakeExceptionReported()) {
    napi_fatal_exception(env_, error);
  }
}

namespace {

// (error): reports an exception that a callback has caught and throws again as 'uncaughtException'.
//
// The scope of napi_make_callback is closed when it returns. A handler of the error could then not
// find out which code was running (async_hooks, AsyncLocalStorage, domains, node:test).
// napi_open_callback_scope would stay open, but on Node 24 and 26 AsyncLocalStorage is empty inside
// it.
napi_value ReportException(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  if (!arguments.has(0) || arguments.environment()->stopping()) return nullptr;
  napi_fatal_exception(env, arguments.at(0));
  arguments.environment()->NoteExceptionReported();
  return nullptr;
}

}  // namespace

void InitJsCall(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "reportException", ReportException);
}

}  // namespace uvnet
