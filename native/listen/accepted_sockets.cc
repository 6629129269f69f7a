#include "listen/accepted_sockets.h"

#include <utility>

#include "descriptor/descriptor.h"
#include "env/modules.h"
#include "stream/stream_arguments.h"

namespace uvnet {

int AcceptedSockets::Bind(napi_value transit) {
  napi_env env = environment_->env();
  auto* const shared = Numbers<int32_t>(env, transit, 1);
  if (shared == nullptr) return UV_EINVAL;
  // If the JavaScript modules are loaded again (by jest), they bring new memory.
  Unbind();
  if (napi_create_reference(env, transit, 1, &memory_) != napi_ok) return UV_ENOMEM;
  transit_ = shared;
  return 0;
}

void AcceptedSockets::Unbind() {
  if (memory_ != nullptr) napi_delete_reference(environment_->env(), memory_);
  memory_ = nullptr;
  transit_ = nullptr;
}

int AcceptedSockets::Add(int fd, Admission admission) {
  if (transit_ != nullptr) *transit_ = fd;
  if (free_.empty()) {
    places_.push_back(std::move(admission));
    return static_cast<int>(places_.size() - 1);
  }
  const int place = free_.back();
  free_.pop_back();
  places_[static_cast<size_t>(place)] = std::move(admission);
  return place;
}

void AcceptedSockets::Settle(int place, int fd) {
  if (transit_ != nullptr && *transit_ != fd) return;
  if (transit_ != nullptr) *transit_ = -1;
  CloseDescriptor(fd);
  Leave(place, 0, 0);
}

void AcceptedSockets::Move(int place, Stream* stream) {
  if (!Has(place)) return;
  stream->Admit(std::move(places_[static_cast<size_t>(place)]));
  free_.push_back(place);
}

void AcceptedSockets::Leave(int place, uint64_t bytes_read, uint64_t bytes_written) {
  if (!Has(place)) return;
  places_[static_cast<size_t>(place)].Leave(bytes_read, bytes_written);
  free_.push_back(place);
}

namespace {

// (Int32Array): the shared memory
napi_value StartSockets(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AcceptedSockets& sockets = AcceptedSockets::Of(arguments.environment());
  return arguments.Return(sockets.Bind(arguments.at(0)));
}

// (place, bytes read, bytes written)
napi_value LeaveSocket(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AcceptedSockets::Of(arguments.environment())
      .Leave(arguments.Int(0, -1), static_cast<uint64_t>(arguments.Double(1)),
             static_cast<uint64_t>(arguments.Double(2)));
  return nullptr;
}

// (place, id of a stream on the same connection, bytes that were read before it was made)
napi_value MoveSocket(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream(1);
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  AcceptedSockets::Of(arguments.environment()).Move(arguments.Int(0, -1), stream);
  stream->CountRead(static_cast<size_t>(arguments.Double(2)));
  return arguments.Return(0);
}

// (place, fd): JavaScript cannot use what it has taken.
napi_value RefuseSocket(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  CloseDescriptor(arguments.Int(1, -1));
  AcceptedSockets::Of(arguments.environment()).Leave(arguments.Int(0, -1), 0, 0);
  return nullptr;
}

}  // namespace

void InitAcceptedSockets(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "startSockets", StartSockets);
  Define(env, exports, "leaveSocket", LeaveSocket);
  Define(env, exports, "moveSocket", MoveSocket);
  Define(env, exports, "refuseSocket", RefuseSocket);
}

}  // namespace uvnet
