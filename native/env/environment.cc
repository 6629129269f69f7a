#include "env/environment.h"

#include "env/handle.h"
#include "env/js_call.h"

namespace uvnet {

Environment* Environment::Create(napi_env env) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;

  auto* self = new Environment(env, loop);
  if (napi_add_async_cleanup_hook(env, OnCleanup, self, &self->cleanup_hook_) != napi_ok) {
    delete self;
    return nullptr;
  }
  // There is no finalizer: the cleanup hook, which runs earlier and may take several turns of the
  // loop, is the only owner.
  if (napi_set_instance_data(env, self, nullptr, nullptr) != napi_ok) {
    napi_remove_async_cleanup_hook(self->cleanup_hook_);
    delete self;
    return nullptr;
  }
  return self;
}

Environment* Environment::From(napi_env env) {
  void* data = nullptr;
  if (napi_get_instance_data(env, &data) != napi_ok) return nullptr;
  return static_cast<Environment*>(data);
}

void Environment::Link(Handle* handle) {
  handle->next_ = first_;
  handle->previous_ = nullptr;
  if (first_ != nullptr) first_->previous_ = handle;
  first_ = handle;
}

void Environment::Unlink(Handle* handle) {
  if (handle->previous_ != nullptr) handle->previous_->next_ = handle->next_;
  if (handle->next_ != nullptr) handle->next_->previous_ = handle->previous_;
  if (first_ == handle) first_ = handle->next_;
  if (handle->id_ >= 0) ids_.Remove(handle->id_);
}

void Environment::HandleClosed() {
  --open_uv_handles_;
  if (stopping_ && open_uv_handles_ == 0) Finish();
}

int Environment::SetCallback(Callback which, napi_value function) {
  napi_ref& slot = callbacks_[static_cast<size_t>(which)];
  if (slot != nullptr) napi_delete_reference(env_, slot);
  slot = nullptr;
  return napi_create_reference(env_, function, 1, &slot) == napi_ok ? 0 : UV_ENOMEM;
}

bool Environment::CanCall() const {
  if (stopping_) return false;
  HandleScope scope(env_);
  napi_value value;
  // Node-API has no function for this, but refuses calls that might run JavaScript.
  return napi_get_boolean(env_, true, &value) == napi_ok &&
         napi_coerce_to_bool(env_, value, &value) == napi_ok;
}

void Environment::FacadeStarts(int32_t* state) {
  state_ = state;
  for (const auto& part : parts_) {
    if (part != nullptr) part->ForgetFacade();
  }
}

void Environment::OnCleanup(napi_async_cleanup_hook_handle, void* data) {
  auto* self = static_cast<Environment*>(data);
  HandleScope scope(self->env_);
  self->stopping_ = true;
  self->state_ = nullptr;
  for (Handle* handle = self->first_; handle != nullptr;) {
    Handle* next = handle->next_;
    handle->Close();
    handle = next;
  }
  for (const auto& part : self->parts_) {
    if (part != nullptr) part->Close();
  }
  if (self->open_uv_handles_ == 0) self->Finish();
}

void Environment::Finish() {
  HandleScope scope(env_);
  for (napi_ref reference : callbacks_) {
    if (reference != nullptr) napi_delete_reference(env_, reference);
  }
  for (auto& part : parts_) part.reset();
  napi_set_instance_data(env_, nullptr, nullptr, nullptr);
  napi_remove_async_cleanup_hook(cleanup_hook_);
  delete this;
}

}  // namespace uvnet
