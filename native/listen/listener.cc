#include "listen/listener.h"

#include <utility>

#include "address/address_arguments.h"
#include "descriptor/descriptor.h"
#include "env/js_call.h"
#include "env/modules.h"
#include "listen/accepted_sockets.h"
#include "proxy/packed_header.h"
#include "sniff/sniffed_info.h"
#include "stream/stream_arguments.h"

namespace uvnet {

Listener::Listener(Stream* server, AcceptPolicy* policy)
    : environment_(server->environment()), server_(server), policy_(policy) {
  policy_->Retain();
}

Listener::~Listener() {
  policy_->Release();
  SetConsumer(nullptr);
}

void Listener::SetConsumer(ConnectionConsumer* consumer) {
  ConnectionConsumer* const before = std::exchange(consumer_, consumer);
  if (before != nullptr) before->OnListenerClosed();
}

int Listener::Start(Stream* server, int backlog, AcceptPolicy* policy) {
  return Start(server, policy, false, backlog);
}

int Listener::StartFed(Stream* server, AcceptPolicy* policy) {
  return Start(server, policy, true, 0);
}

int Listener::Start(Stream* server, AcceptPolicy* policy, bool fed, int backlog) {
  Listener* const listening = Listener::Of(server);
  if (listening != nullptr) return fed ? UV_EALREADY : listening->ListenAnew(backlog, policy);
  AcceptPolicy* const own = policy == nullptr ? new AcceptPolicy() : nullptr;
  Listener* const self = New(server, policy == nullptr ? own : policy);
  if (own != nullptr) own->Release();
  const int status = fed ? self->ListenFed() : self->Listen(backlog);
  if (status == 0) {
    server->SetAttachment(Role::kListener, self);
  } else {
    self->Close();
  }
  return status;
}

int Listener::ListenAnew(int backlog, AcceptPolicy* policy) {
  if (server_->kind() != Handle::Kind::kTcp) return UV_EALREADY;
  const int status = SetBacklog(backlog);
  if (status != 0) return status;
  AcceptPolicy* other = policy == nullptr ? new AcceptPolicy() : policy;
  if (policy != nullptr) other->Retain();
  std::swap(policy_, other);
  other->Release();
  // The previous consumer must not get the connections of the new owner.
  SetConsumer(nullptr);
  transfers_ = false;
  return 0;
}

int Listener::TransferSockets() {
#ifdef _WIN32
  return UV_ENOTSUP;
#else
  transfers_ = true;
  return 0;
#endif
}

int Listener::Feed(Listener* self, int fd) {
  if (fd < 0) {
    if (self != nullptr) self->ReportError(fd);
    return fd;
  }
  if (self != nullptr) return self->TakeDescriptor(fd);
  CloseDescriptor(fd);
  return UV_EBADF;
}

void Listener::ReportError(int status) {
  policy_->CountError();
  JsCall(server_).Int(server_->id()).Int(status).Run(Callback::kAcceptError);
}

void Listener::ReportDrops() {
  if (drops_.empty()) return;
  JsCall(server_).Int(server_->id()).Int(static_cast<int>(drops_.size())).Run(Callback::kDrop);
  for (const Drop& drop : drops_) {
    if (drop.fd >= 0) CloseDescriptor(drop.fd);
  }
  drops_.clear();
}

void Listener::ReportConnection(Stream* client, const Proxied* proxied) {
  const int id = client->Register();
  if (id < 0) {
    ReportError(id);
    return;
  }
  if (consumer_ != nullptr && proxied == nullptr) {
    consumer_->OnConnection(client);
    return;
  }
  AttachClient(client);
  JsCall call(server_);
  call.Int(server_->id()).Int(id);
  if (proxied != nullptr && call.possible()) {
    napi_value packed = PackedHeader(environment_->env(), proxied->header, *proxied->head);
    // Without its header, the peer would pass for the client.
    if (packed == nullptr) {
      client->Close();
      ReportError(UV_ENOMEM);
      return;
    }
    call.Value(packed);
  }
  call.Run(Callback::kConnection);
}

// JavaScript makes a handle of Node for the descriptor. As with Node's own connections, the handle
// must not inherit the async context of the listener, so it is made outside any callback. If the
// first bytes were sniffed, JavaScript may still find no server for it, and counts it itself.
void Listener::Transfer(int fd, Admission admission, const Proxied& proxied) {
  const HandleScope handles(environment_->env());
  if (outside_ == nullptr) outside_ = AsyncContext::Make(environment_, client_type());
  AcceptedSockets& sockets = AcceptedSockets::Of(environment_);
  const int place = sockets.Add(fd, std::move(admission));
  const bool is_sniffed = proxied.sniffed != nullptr;
  if (!is_sniffed) policy_->CountAccepted();
  JsCall call(environment_, outside_ == nullptr ? nullptr : outside_->get());
  call.Int(server_->id()).Int(fd).Int(place).Int(is_sniffed ? 1 : 0);
  // Without memory for the header, nothing is called, and the descriptor is closed below.
  if (proxied.is_proxied() && call.possible()) {
    call.Value(PackedHeader(environment_->env(), proxied.header, *proxied.head));
  }
  sniffed_ = proxied.sniffed;
  call.Run(Callback::kSocket);
  sniffed_ = nullptr;
  sockets.Settle(place, fd);
}

// An accepted connection does not inherit the async context of the listener: as in node:net,
// AsyncLocalStorage has no store in a 'data' event of a server. So its context is made outside any
// callback. But the server is its trigger, with which node:test finds the test of a failure. Only
// JavaScript can set a trigger (see onOrigin in callbacks.ts). This is done once for a listener. If
// user code cannot attach anything to the context, all its connections share that context.
// Otherwise, the context of each connection is made inside it.
void Listener::AttachClient(Stream* client) {
  napi_env env = environment_->env();
  HandleScope handles(env);
  if (origin_ == nullptr) {
    const std::shared_ptr<AsyncContext> outside = AsyncContext::Make(environment_, client_type());
    if (outside != nullptr) {
      JsCall(environment_, outside->get()).Int(server_->id()).Run(Callback::kOrigin);
    }
    if (origin_ == nullptr) origin_ = outside;
  }
  std::shared_ptr<AsyncContext> context = origin_;
  napi_callback_scope scope;
  if (environment_->async_storage_on_resource() && origin_ != nullptr &&
      napi_open_callback_scope(env, nullptr, origin_->get(), &scope) == napi_ok) {
    context = AsyncContext::Make(environment_, client_type());
    napi_close_callback_scope(env, scope);
  }
  client->Attach(std::move(context));
}

void Listener::CaptureOrigin() { origin_ = AsyncContext::Make(environment_, client_type()); }

namespace {

// (id, backlog, policy?, asyncStorageOnResource)
napi_value Listen(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  AcceptPolicy* const policy = PolicyFrom(env, arguments.at(2));
  arguments.environment()->SetAsyncStorageOnResource(arguments.Bool(3));
  return arguments.Return(Listener::Start(stream, arguments.Int(1), policy));
}

// (id, policy?, asyncStorageOnResource)
napi_value ListenFed(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  AcceptPolicy* const policy = PolicyFrom(env, arguments.at(1));
  arguments.environment()->SetAsyncStorageOnResource(arguments.Bool(2));
  return arguments.Return(Listener::StartFed(stream, policy));
}

// (id, fd of a connection; or the status of an accept that failed). It takes ownership of the fd.
napi_value FeedListener(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  Listener* listener = stream == nullptr ? nullptr : Listener::Of(stream);
  return arguments.Return(Listener::Feed(listener, arguments.Int(1, UV_EINVAL)));
}

// (id of a listening handle)
napi_value TransferSockets(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr || Listener::Of(stream) == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(Listener::Of(stream)->TransferSockets());
}

// (id, whether it is paused)
napi_value PauseListener(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr || Listener::Of(stream) == nullptr) return arguments.Return(UV_EBADF);
  Listener::Of(stream)->SetPaused(arguments.Bool(1));
  return arguments.Return(0);
}

// (id), within Callback::kOrigin
napi_value CaptureOrigin(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr || Listener::Of(stream) == nullptr) return arguments.Return(UV_EBADF);
  Listener::Of(stream)->CaptureOrigin();
  return arguments.Return(0);
}

// (id), within Callback::kSocket
napi_value AcceptedSniffed(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr || Listener::Of(stream) == nullptr) return nullptr;
  const Sniffed* sniffed = Listener::Of(stream)->sniffed();
  return sniffed == nullptr ? nullptr : SniffedInfo(env, *sniffed);
}

const Listener::Drop* FindDrop(const StreamArguments& arguments) {
  Stream* stream = arguments.stream();
  if (stream == nullptr || Listener::Of(stream) == nullptr) return nullptr;
  return Listener::Of(stream)->drop(static_cast<size_t>(arguments.Int(1, -1)));
}

// The next three methods: (id, index), within Callback::kDrop.

napi_value DropReasonOf(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Listener::Drop* drop = FindDrop(arguments);
  return arguments.Return(drop == nullptr ? UV_EINVAL : static_cast<int>(drop->reason));
}

napi_value DropPeerName(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Listener::Drop* drop = FindDrop(arguments);
  if (drop == nullptr) return arguments.Return(UV_EINVAL);
  return ReturnAddress(arguments, reinterpret_cast<const sockaddr*>(&drop->peer));
}

napi_value DropSockName(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Listener::Drop* drop = FindDrop(arguments);
  if (drop == nullptr) return arguments.Return(UV_EINVAL);
  sockaddr_storage local = drop->local;
  const int status = drop->fd < 0 ? 0 : LocalAddress(drop->fd, &local);
  if (status != 0) return arguments.Return(status);
  return ReturnAddress(arguments, reinterpret_cast<const sockaddr*>(&local));
}

}  // namespace

void InitListener(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "listen", Listen);
  Define(env, exports, "listenFed", ListenFed);
  Define(env, exports, "feedListener", FeedListener);
  Define(env, exports, "transferSockets", TransferSockets);
  Define(env, exports, "pauseListener", PauseListener);
  Define(env, exports, "captureOrigin", CaptureOrigin);
  Define(env, exports, "acceptedSniffed", AcceptedSniffed);
  Define(env, exports, "dropReason", DropReasonOf);
  Define(env, exports, "dropPeerName", DropPeerName);
  Define(env, exports, "dropSockName", DropSockName);
}

}  // namespace uvnet
