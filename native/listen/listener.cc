#include "listen/listener.h"

#include <cerrno>
#include <cstring>
#include <utility>

#ifndef _WIN32
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#include "address/endpoint.h"
#include "env/js_call.h"
#include "proxy/proxy_info.h"
#include "stream/stream.h"
#include "stream/stream_arguments.h"

namespace uvnet {

Listener::Listener(Stream* server, AcceptPolicy* policy)
    : environment_(server->environment()), server_(server), policy_(policy) {
  policy_->Retain();
}

Listener::~Listener() {
  policy_->Release();
  GiveTo(nullptr);
}

void Listener::GiveTo(ConnectionTaker* taker) {
  ConnectionTaker* const before = std::exchange(taker_, taker);
  if (before != nullptr) before->ListenerClosed();
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
  auto* self = new Listener(server, policy == nullptr ? own : policy);
  if (own != nullptr) own->Release();
  const int status = fed ? self->InitTimer() : self->Listen(backlog);
  if (status == 0) {
    server->SetAttachment(Role::kListener, self);
  } else {
    self->Close();
  }
  return status;
}

int Listener::ListenAnew(int backlog, AcceptPolicy* policy) {
  if (server_->kind() != Handle::Kind::kTcp) return UV_EALREADY;
  AcceptPolicy* other = policy == nullptr ? new AcceptPolicy() : policy;
  if (policy != nullptr) other->Retain();
  std::swap(policy_, other);
#ifdef _WIN32
  const int status = Listen(backlog);
#else
  int status = UV_EALREADY;
  if (fd_ >= 0) status = listen(fd_, backlog) == 0 ? 0 : uv_translate_sys_error(errno);
#endif
  if (status != 0) std::swap(policy_, other);
  other->Release();
  // Whoever took the connections has not asked for those of the new owner.
  if (status == 0) GiveTo(nullptr);
  return status;
}

void Listener::ReportError(int status) {
  policy_->CountError();
  JsCall(server_).Int(server_->id()).Int(status).Run(Callback::kConnection);
}

#ifdef _WIN32

int Listener::InitTimer() { return UV_ENOTSUP; }

int Listener::Feed(Listener*, int) { return UV_ENOTSUP; }

int Listener::Listen(int backlog) {
  if (policy_->proxy_mode != AcceptPolicy::ProxyMode::kOff) return UV_ENOTSUP;
  return uv_listen(server_->uv_stream(), backlog, OnConnection);
}

void Listener::OnConnection(uv_stream_t* stream, int status) {
  auto* server = static_cast<Stream*>(stream->data);
  Listener* self = Listener::Of(server);
  if (self == nullptr || self->closing_) return;
  Stream* client = nullptr;
  if (status == 0) {
    client = server->kind() == Handle::Kind::kTcp
                 ? Stream::NewTcp(self->environment_, AF_UNSPEC, &status)
                 : Stream::NewPipe(self->environment_, false, &status);
    if (client != nullptr) {
      status = uv_accept(stream, client->uv_stream());
      if (status != 0) {
        client->Close();
        client = nullptr;
      }
    }
  }
  if (status == UV_EAGAIN) return;
  if (status != 0) {
    self->ReportError(status);
    return;
  }

  Drop drop = {};
  drop.fd = -1;
  if (client->kind() == Handle::Kind::kTcp) {
    int size = sizeof drop.peer;
    uv_tcp_getpeername(client->uv_tcp(), reinterpret_cast<sockaddr*>(&drop.peer), &size);
  }
  Admission admission;
  drop.reason =
      self->policy_->Admit(reinterpret_cast<const sockaddr*>(&drop.peer), false, &admission);
  if (drop.reason != DropReason::kNone) {
    self->policy_->CountDrop(drop.reason);
    if (client->kind() == Handle::Kind::kTcp) {
      int size = sizeof drop.local;
      uv_tcp_getsockname(client->uv_tcp(), reinterpret_cast<sockaddr*>(&drop.local), &size);
    }
    client->Close();
    self->drops_.push_back(drop);
    self->ReportDrops();
    return;
  }
  self->policy_->CountAccepted();
  client->Admitted(std::move(admission));
  self->HandOver(client, nullptr);
}

void Listener::Close() {
  closing_ = true;
  delete this;
}

void Listener::SetRef(bool) {}

void Listener::ReportDrops() {
  // User code may close the listener, which is its end.
  JsCall call(server_);
  call.Int(server_->id()).Int(static_cast<int>(drops_.size()));
  call.Run(Callback::kDrop);
}

#else

namespace {

// The client that a header names; `address` stays as it is where it names none.
void SourceAddress(const ProxyHeader& header, sockaddr_storage* address) {
  if (header.family == ProxyHeader::Family::kIPv4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(header.source.port);
    std::memcpy(&in.sin_addr, header.source.address, sizeof in.sin_addr);
    std::memcpy(address, &in, sizeof in);
  } else if (header.family == ProxyHeader::Family::kIPv6) {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(header.source.port);
    std::memcpy(&in6.sin6_addr, header.source.address, sizeof in6.sin6_addr);
    std::memcpy(address, &in6, sizeof in6);
  }
}

}  // namespace

int Listener::Listen(int backlog) {
  // An address in use shows here at last: uv_tcp_bind keeps it to itself.
  if (server_->kind() == Handle::Kind::kTcp) {
    sockaddr_storage name;
    int size = sizeof name;
    int status = uv_tcp_getsockname(server_->uv_tcp(), reinterpret_cast<sockaddr*>(&name), &size);
    if (status == UV_EBADF) {
      // Never bound: any port of any IPv4 address, as the system call does it.
      sockaddr_in any;
      status = uv_ip4_addr("0.0.0.0", 0, &any);
      if (status == 0) {
        status = uv_tcp_bind(server_->uv_tcp(), reinterpret_cast<sockaddr*>(&any), 0);
      }
    }
    if (status != 0) return status;
  }
  int status = uv_fileno(server_->uv_handle(), &fd_);
  if (status != 0) return status;
  if (listen(fd_, backlog) != 0) return uv_translate_sys_error(errno);

  status = InitTimer();
  if (status != 0) return status;
  status = uv_poll_init(environment_->loop(), &poll_, fd_);
  if (status != 0) return status;
  poll_.data = this;
  ++open_parts_;
  environment_->HandleOpened();
  SetRef(server_->HasRef());
  return Poll();
}

int Listener::InitTimer() {
  const int status = uv_timer_init(environment_->loop(), &retry_);
  if (status != 0) return status;
  retry_.data = this;
  ++open_parts_;
  environment_->HandleOpened();
  uv_unref(reinterpret_cast<uv_handle_t*>(&retry_));
  return 0;
}

int Listener::Feed(Listener* self, int fd) {
  if (fd < 0) {
    if (self != nullptr) self->ReportError(fd);
    return fd;
  }
  AcceptedSocket socket;
  socket.fd = fd;
  socklen_t size = sizeof socket.peer;
  const int flags = fcntl(fd, F_GETFL);
  // The peer as accept4 would have told it. One that has gone already has no address any more.
  if (self == nullptr || getpeername(fd, reinterpret_cast<sockaddr*>(&socket.peer), &size) != 0 ||
      flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    const int status = self == nullptr ? UV_EBADF : uv_translate_sys_error(errno);
    close(fd);
    return status;
  }
  self->Take(std::move(socket));
  return 0;
}

int Listener::Poll() { return uv_poll_start(&poll_, UV_READABLE, OnReadable); }

void Listener::SetRef(bool ref) {
  if (fd_ < 0) return;
  // While it backs off the timer stands in for the poll.
  for (auto* part :
       {reinterpret_cast<uv_handle_t*>(&poll_), reinterpret_cast<uv_handle_t*>(&retry_)}) {
    if (ref) {
      uv_ref(part);
    } else {
      uv_unref(part);
    }
  }
}

void Listener::Close() {
  if (closing_) return;
  closing_ = true;
  AbandonHandshakes();
  GiveTo(nullptr);
  if (open_parts_ == 0) {
    delete this;
    return;
  }
  // In the order in which Listen made them, which may have stopped in between.
  const int parts = open_parts_;
  if (parts >= 1) uv_close(reinterpret_cast<uv_handle_t*>(&retry_), OnPartClosed);
  if (parts >= 2) uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnPartClosed);
}

void Listener::OnPartClosed(uv_handle_t* handle) {
  auto* self = static_cast<Listener*>(handle->data);
  Environment* environment = self->environment_;
  if (--self->open_parts_ == 0) delete self;
  environment->HandleClosed();
}

void Listener::OnReadable(uv_poll_t* poll, int status, int) {
  auto* self = static_cast<Listener*>(poll->data);
  if (status < 0) {
    self->BackOff(status);
    return;
  }
  const int budget = self->burst_;
  int taken = 0;
  self->accepting_ = true;
  while (taken < budget && !self->closing_ && self->AcceptOne()) ++taken;
  self->accepting_ = false;
  self->ReportDrops();
  if (self->closing_) return;
  if (taken < budget) {
    self->burst_ = 1;
    self->full_bursts_ = 0;
  } else if (++self->full_bursts_ >= 3 && self->burst_ < kMaxBurst) {
    self->burst_ *= 2;
    self->full_bursts_ = 0;
  }
}

// False when the queue is empty or nothing can be taken for now.
bool Listener::AcceptOne() {
  AcceptedSocket socket;
  socklen_t size = sizeof socket.peer;
  auto* const peer = reinterpret_cast<sockaddr*>(&socket.peer);
  do {
#ifdef __linux__
    socket.fd = accept4(fd_, peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    socket.fd = accept(fd_, peer, &size);
#endif
  } while (socket.fd < 0 && errno == EINTR);

  if (socket.fd < 0) {
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) return false;
    // The peer gave up while it waited in the queue: nothing to report.
    if (error == ECONNABORTED || error == EPROTO) return true;
    // Descriptors that are about to be closed may be all that is missing.
    if (!drops_.empty()) return false;
    BackOff(uv_translate_sys_error(error));
    return false;
  }
#ifndef __linux__
  fcntl(socket.fd, F_SETFD, FD_CLOEXEC);
#endif
  retry_delay_ = 0;
  Take(std::move(socket));
  return true;
}

void Listener::Take(AcceptedSocket socket) {
  const auto* const peer = reinterpret_cast<const sockaddr*>(&socket.peer);
  bool via_proxy = false;
  DropReason reason = DropReason::kNone;
  if (policy_->proxy_mode != AcceptPolicy::ProxyMode::kOff) {
    reason = policy_->ExpectsProxy(peer, &via_proxy);
  }
  if (reason == DropReason::kNone) reason = policy_->Admit(peer, via_proxy, &socket.admission);
  if (reason != DropReason::kNone) {
    Refuse(socket.fd, socket.peer, reason);
  } else if (via_proxy) {
    ProxyHandshake::Start(environment_, this, std::move(socket), policy_->proxy_mode,
                          policy_->proxy_timeout);
  } else {
    Deliver(std::move(socket), nullptr, {});
  }
}

void Listener::HandshakeDone(AcceptedSocket socket, ProxyHeader* header,
                             const std::vector<uint8_t>& head) {
  // Without addresses in the header the connection's own are the right ones.
  sockaddr_storage client = socket.peer;
  if (header != nullptr) SourceAddress(*header, &client);
  const DropReason reason =
      policy_->AdmitClient(reinterpret_cast<const sockaddr*>(&client), &socket.admission);
  if (reason != DropReason::kNone) {
    // Not open any more when it is told of.
    socket.admission.Leave(0, 0);
    Refuse(socket.fd, client, reason);
  } else {
    Deliver(std::move(socket), header, head);
  }
}

void Listener::HandshakeFailed(AcceptedSocket socket, DropReason reason) {
  socket.admission.Leave(0, 0);
  Refuse(socket.fd, socket.peer, reason);
}

#endif  // _WIN32

void Listener::HandOver(Stream* client, const Proxied* proxied) {
  const int id = client->Register();
  if (id < 0) {
    ReportError(id);
    return;
  }
  if (taker_ != nullptr && proxied == nullptr) {
    taker_->TakeConnection(client);
    return;
  }
  AttachClient(client);
  JsCall call(server_);
  call.Int(server_->id()).Int(0).Int(id);
  if (proxied != nullptr) call.Int(1);
  // User code may close the listener, which on Windows is its end.
  proxied_ = proxied;
  call.Run(Callback::kConnection);
  if (proxied != nullptr) proxied_ = nullptr;
}

// An accepted connection does not inherit the context of the listener: in node:net, too,
// AsyncLocalStorage has nothing to tell in a 'data' event of a server. So its context is made
// outside of any callback. But the server is what has triggered it, by which node:test knows the
// test that a failure belongs to. Only JavaScript can name a trigger (see onOrigin in
// callbacks.ts): once for a listener, as one context does for all its connections where nothing
// that user code does can stick to it, and where something can they are made in the context that
// came of it.
void Listener::AttachClient(Stream* client) {
  napi_env env = environment_->env();
  HandleScope handles(env);
  if (origin_ == nullptr) {
    const std::shared_ptr<AsyncContext> outside = AsyncContext::Make(env, client_type());
    if (outside != nullptr) {
      JsCall(environment_, outside->get()).Int(server_->id()).Run(Callback::kOrigin);
    }
    if (origin_ == nullptr) origin_ = outside;
  }
  std::shared_ptr<AsyncContext> context = origin_;
  napi_callback_scope scope;
  if (environment_->async_storage_on_resource() && origin_ != nullptr &&
      napi_open_callback_scope(env, nullptr, origin_->get(), &scope) == napi_ok) {
    context = AsyncContext::Make(env, client_type());
    napi_close_callback_scope(env, scope);
  }
  client->Attach(std::move(context));
}

void Listener::AdoptOrigin() { origin_ = AsyncContext::Make(environment_->env(), client_type()); }

#ifndef _WIN32

bool Listener::Deliver(AcceptedSocket socket, const ProxyHeader* header,
                       const std::vector<uint8_t>& head) {
  int status;
  Stream* client;
  if (server_->kind() == Handle::Kind::kTcp) {
    client = Stream::NewTcp(environment_, AF_UNSPEC, &status);
    if (client != nullptr) status = uv_tcp_open(client->uv_tcp(), socket.fd);
  } else {
    client = Stream::NewPipe(environment_, false, &status);
    if (client != nullptr) status = uv_pipe_open(client->uv_pipe(), socket.fd);
  }
  if (client == nullptr || status != 0) {
    close(socket.fd);
    if (client != nullptr) client->Close();
    BackOff(status);
    return false;
  }
  client->SetPeer(reinterpret_cast<const sockaddr*>(&socket.peer));
  client->Admitted(std::move(socket.admission));
  client->CountRead(head.size());
  policy_->CountAccepted();
  const Proxied proxied = {header, &head};
  HandOver(client, header != nullptr || !head.empty() ? &proxied : nullptr);
  return true;
}

void Listener::Refuse(int fd, const sockaddr_storage& peer, DropReason reason) {
  policy_->CountDrop(reason);
  Drop drop = {};
  drop.reason = reason;
  drop.peer = peer;
  drop.fd = fd;
  drops_.push_back(drop);
  if (!accepting_) ReportDrops();
}

void Listener::ReportDrops() {
  if (drops_.empty()) return;
  JsCall(server_).Int(server_->id()).Int(static_cast<int>(drops_.size())).Run(Callback::kDrop);
  for (const Drop& drop : drops_) close(drop.fd);
  drops_.clear();
}

// Descriptors or memory are used up. The connections stay in the kernel's queue; polling on would
// spin, so the listener rests and tries again.
void Listener::BackOff(int status) {
  if (fd_ < 0) {
    ReportError(status);
    return;
  }
  uv_poll_stop(&poll_);
  retry_delay_ = retry_delay_ == 0 ? kMinRetryDelay : retry_delay_ * 2;
  if (retry_delay_ > kMaxRetryDelay) retry_delay_ = kMaxRetryDelay;
  uv_timer_start(&retry_, OnRetry, retry_delay_, 0);
  ReportError(status);
}

void Listener::OnRetry(uv_timer_t* timer) {
  auto* self = static_cast<Listener*>(timer->data);
  if (!self->closing_) self->Poll();
}

#endif  // _WIN32

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

// (id, fd of a connection, which is taken over; or the status of an accept that failed)
napi_value FeedListener(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  Listener* listener = stream == nullptr ? nullptr : Listener::Of(stream);
  return arguments.Return(Listener::Feed(listener, arguments.Int(1, UV_EINVAL)));
}

// (id), within Callback::kOrigin
napi_value AdoptOrigin(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr || Listener::Of(stream) == nullptr) return arguments.Return(UV_EBADF);
  Listener::Of(stream)->AdoptOrigin();
  return arguments.Return(0);
}

// (id), within Callback::kConnection
napi_value AcceptedProxyInfo(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr || Listener::Of(stream) == nullptr) return nullptr;
  const Listener::Proxied* proxied = Listener::Of(stream)->proxied();
  return proxied == nullptr ? nullptr : ProxyInfo(env, proxied->header, *proxied->head);
}

const Listener::Drop* FindDrop(const StreamArguments& arguments) {
  Stream* stream = arguments.stream();
  if (stream == nullptr || Listener::Of(stream) == nullptr) return nullptr;
  return Listener::Of(stream)->drop(static_cast<size_t>(arguments.Int(1, -1)));
}

// The three below: (id, index), within Callback::kDrop.

napi_value DropReasonOf(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Listener::Drop* drop = FindDrop(arguments);
  return arguments.Return(drop == nullptr ? UV_EINVAL : static_cast<int>(drop->reason));
}

napi_value DropPeerName(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Listener::Drop* drop = FindDrop(arguments);
  if (drop == nullptr) return arguments.Return(UV_EINVAL);
  return ReturnEndpoint(arguments, reinterpret_cast<const sockaddr*>(&drop->peer));
}

napi_value DropSockName(napi_env env, napi_callback_info info) {
  StreamArguments arguments(env, info);
  const Listener::Drop* drop = FindDrop(arguments);
  if (drop == nullptr) return arguments.Return(UV_EINVAL);
#ifdef _WIN32
  return ReturnEndpoint(arguments, reinterpret_cast<const sockaddr*>(&drop->local));
#else
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  if (getsockname(drop->fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    return arguments.Return(uv_translate_sys_error(errno));
  }
  return ReturnEndpoint(arguments, reinterpret_cast<const sockaddr*>(&local));
#endif
}

}  // namespace

void InitListener(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "listen", Listen);
  Define(env, exports, "listenFed", ListenFed);
  Define(env, exports, "feedListener", FeedListener);
  Define(env, exports, "adoptOrigin", AdoptOrigin);
  Define(env, exports, "acceptedProxyInfo", AcceptedProxyInfo);
  Define(env, exports, "dropReason", DropReasonOf);
  Define(env, exports, "dropPeerName", DropPeerName);
  Define(env, exports, "dropSockName", DropSockName);
}

}  // namespace uvnet
