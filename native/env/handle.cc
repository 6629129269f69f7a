#include "env/handle.h"

#include <utility>

#include "env/js_call.h"

namespace uvnet {

std::shared_ptr<AsyncContext> AsyncContext::Make(Environment* environment, const char* type) {
  napi_value name;
  if (napi_create_string_latin1(environment->env(), type, NAPI_AUTO_LENGTH, &name) != napi_ok) {
    return nullptr;
  }
  return Make(environment, name);
}

std::shared_ptr<AsyncContext> AsyncContext::Make(Environment* environment, napi_value type) {
  napi_env env = environment->env();
  napi_async_context context;
  // It calls the hooks of async_hooks without checking whether that is still allowed. If it is not,
  // Node ends the whole process.
  if (!environment->CanCall() || napi_async_init(env, nullptr, type, &context) != napi_ok) {
    return nullptr;
  }
  return std::make_shared<AsyncContext>(Key(), env, context);
}

AsyncContext::~AsyncContext() {
  HandleScope scope(env_);
  napi_async_destroy(env_, context_);
}

void Handle::Opened() {
  uv_.handle.data = this;
  environment_->Link(this);
  environment_->HandleOpened();
}

int Handle::Register() {
  if (id_ < 0) id_ = environment_->Register(this);
  if (id_ >= 0) return id_;
  Close();
  return UV_ENFILE;
}

void Handle::TakePlaceOf(Handle* other) {
  std::swap(id_, other->id_);
  std::swap(async_context_, other->async_context_);
  if (id_ >= 0) environment_->Replace(id_, this);
  if (other->HasRef()) {
    Ref();
  } else {
    Unref();
  }
}

int Handle::CloseUv() {
  uv_close(uv_handle(), OnClosed);
  return 0;
}

int Handle::Close() {
  if (!alive()) return UV_EBADF;
  OnClosing();
  state_ = State::kClosing;
  const int status = CloseUv();
  if (status != 0) uv_close(uv_handle(), OnClosed);
  return status;
}

void Handle::OnClosed(uv_handle_t* handle) {
  auto* self = static_cast<Handle*>(handle->data);
  Environment* environment = self->environment_;
  HandleScope scope(environment->env());
  self->state_ = State::kClosed;
  // The slot is freed before user code runs, so that a handle opened there may use it. JavaScript
  // first removes its own entry in the callback.
  environment->Unlink(self);
  self->ReportClosed();
  delete self;
  environment->HandleClosed();
}

}  // namespace uvnet
