#ifndef _WIN32

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "listen/listener.h"
#include "listen/proxy_handshake.h"
#include "sniff/sniff_queue.h"

namespace uvnet {

namespace {

// Polls the listening descriptor and calls accept itself. So accept returns the address of the
// peer, errors can be reported (libuv from 1.45 on reports none), and one wake-up may take many
// connections.
//
// Life: ends when both its uv handles are closed.
class PosixListener final : public Listener,
                            private ProxyHandshakeOwner,
                            private SniffQueue::Owner {
 public:
  PosixListener(Stream* server, AcceptPolicy* policy) : Listener(server, policy) {}

 private:
  // How many connections one wake-up may take. With this limit, a flood of connections cannot
  // starve the open connections.
  static constexpr int kMaxBurst = 64;
  // Bounds in milliseconds, the same as in Go's http.Server.
  static constexpr uint64_t kMinRetryDelay = 5;
  static constexpr uint64_t kMaxRetryDelay = 1000;
  // How long the timer of a paused listener runs: it only keeps the loop alive.
  static constexpr uint64_t kPause = uint64_t{1} << 40;

  int Listen(int backlog) override;
  int ListenFed() override;
  int SetBacklog(int backlog) override;
  int TakeDescriptor(int fd) override;
  void SetRef(bool ref) override;
  void SetPaused(bool paused) override;
  void Close() override;

  void HandshakeDone(AcceptedSocket socket, ProxyHeader* header,
                     const std::vector<uint8_t>& head) override;
  void HandshakeFailed(AcceptedSocket socket, DropReason reason) override;
  void SniffDone(Candidate candidate) override;
  void SniffFailed(Candidate candidate, SniffFailure failure) override;

  static void OnReadable(uv_poll_t* poll, int status, int events);
  static void OnRetry(uv_timer_t* timer);
  static void OnPartClosed(uv_handle_t* handle);

  int InitTimer();
  int PrepareSniffing();
  int Poll() { return uv_poll_start(&poll_, UV_READABLE, OnReadable); }
  bool AcceptOne();
  void Take(AcceptedSocket socket);
  // Looks at the first bytes, if the policy says so.
  void LetIn(AcceptedSocket socket, ProxyHeader* header, const std::vector<uint8_t>& head);
  void LookAt(Candidate candidate);
  // Makes the stream and reports it, or transfers the descriptor.
  void Deliver(AcceptedSocket socket, const Proxied& proxied);
  void Refuse(int fd, const sockaddr_storage& peer, DropReason reason);
  void BackOff(int status);

  uv_os_fd_t fd_ = -1;  // -1 if another process accepts, and there is no poll
  uv_poll_t poll_;
  uv_timer_t retry_;
  uint64_t retry_delay_ = 0;
  // How many accepts to try in the next wake-up. An accept that finds no connection wastes a system
  // call, so the number grows only while the queue is long.
  int burst_ = 1;
  int full_bursts_ = 0;
  int open_parts_ = 0;
  SniffQueue* sniff_queue_ = nullptr;
  // Set during a wake-up, whose end reports the drops.
  bool accepting_ = false;
  bool paused_ = false;
};

// Gets the client that a header names. `address` does not change if it names none.
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

int PosixListener::Listen(int backlog) {
  // An address in use is reported here at the latest, because uv_tcp_bind does not report it.
  if (server_->kind() == Handle::Kind::kTcp) {
    sockaddr_storage name;
    int size = sizeof name;
    int status = uv_tcp_getsockname(server_->uv_tcp(), reinterpret_cast<sockaddr*>(&name), &size);
    if (status == UV_EBADF) {
      // Not bound: uses any port of any IPv4 address, as the system call does.
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
  status = PrepareSniffing();
  return status == 0 ? Poll() : status;
}

int PosixListener::ListenFed() {
  const int status = InitTimer();
  return status == 0 ? PrepareSniffing() : status;
}

// The queue needs a descriptor. It gets it before the first connection, which would be lost if
// there were none left.
int PosixListener::PrepareSniffing() {
  if (policy_->sniff_timeout == 0 || sniff_queue_ != nullptr) return 0;
  int status = 0;
  sniff_queue_ = SniffQueue::New(environment_, this, &status);
  return status;
}

int PosixListener::InitTimer() {
  const int status = uv_timer_init(environment_->loop(), &retry_);
  if (status != 0) return status;
  retry_.data = this;
  ++open_parts_;
  environment_->HandleOpened();
  uv_unref(reinterpret_cast<uv_handle_t*>(&retry_));
  return 0;
}

int PosixListener::SetBacklog(int backlog) {
  if (fd_ < 0) return UV_EALREADY;
  return listen(fd_, backlog) == 0 ? 0 : uv_translate_sys_error(errno);
}

int PosixListener::TakeDescriptor(int fd) {
  AcceptedSocket socket;
  socket.fd = fd;
  socklen_t size = sizeof socket.peer;
  const int flags = fcntl(fd, F_GETFL);
  // The address of the peer, as accept4 would return it. A peer that has gone has no address any
  // more.
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&socket.peer), &size) != 0 || flags == -1 ||
      fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    const int status = uv_translate_sys_error(errno);
    close(fd);
    return status;
  }
  Take(std::move(socket));
  return 0;
}

void PosixListener::SetRef(bool ref) {
  if (fd_ < 0) return;
  // During a back-off, the timer replaces the poll.
  for (auto* part :
       {reinterpret_cast<uv_handle_t*>(&poll_), reinterpret_cast<uv_handle_t*>(&retry_)}) {
    if (ref) {
      uv_ref(part);
    } else {
      uv_unref(part);
    }
  }
}

void PosixListener::SetPaused(bool paused) {
  if (fd_ < 0 || closing_ || paused == paused_) return;
  paused_ = paused;
  if (paused) {
    uv_poll_stop(&poll_);
    uv_timer_start(&retry_, OnRetry, kPause, 0);
    return;
  }
  uv_timer_stop(&retry_);
  // One connection was asked for.
  burst_ = 1;
  full_bursts_ = 0;
  const int status = Poll();
  if (status != 0) BackOff(status);
}

void PosixListener::Close() {
  if (closing_) return;
  closing_ = true;
  AbandonHandshakes();
  if (sniff_queue_ != nullptr) std::exchange(sniff_queue_, nullptr)->Close();
  SetConsumer(nullptr);
  if (open_parts_ == 0) {
    delete this;
    return;
  }
  // In the order in which Listen made them. It may have failed after the first.
  const int parts = open_parts_;
  if (parts >= 1) uv_close(reinterpret_cast<uv_handle_t*>(&retry_), OnPartClosed);
  if (parts >= 2) uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnPartClosed);
}

void PosixListener::OnPartClosed(uv_handle_t* handle) {
  auto* self = static_cast<PosixListener*>(handle->data);
  Environment* environment = self->environment_;
  if (--self->open_parts_ == 0) delete self;
  environment->HandleClosed();
}

void PosixListener::OnReadable(uv_poll_t* poll, int status, int) {
  auto* self = static_cast<PosixListener*>(poll->data);
  if (status < 0) {
    self->BackOff(status);
    return;
  }
  // Waiting connections may be taken by another process or thread that listens on the same socket.
  if (!self->environment_->CanCall()) {
    uv_poll_stop(poll);
    return;
  }
  const int budget = self->burst_;
  int taken = 0;
  self->accepting_ = true;
  while (taken < budget && !self->closing_ && !self->paused_ && self->AcceptOne()) ++taken;
  self->accepting_ = false;
  self->ReportDrops();
  if (self->closing_ || self->paused_) return;
  if (taken < budget) {
    self->burst_ = 1;
    self->full_bursts_ = 0;
  } else if (++self->full_bursts_ >= 3 && self->burst_ < kMaxBurst) {
    self->burst_ *= 2;
    self->full_bursts_ = 0;
  }
}

// Returns false if the queue is empty, or if no connection can be taken now.
bool PosixListener::AcceptOne() {
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
    // The peer gave up while it waited in the queue, so there is nothing to report.
    if (error == ECONNABORTED || error == EPROTO) return true;
    // Closing the pending descriptors may solve the problem.
    if (!drops_.empty()) return false;
    BackOff(uv_translate_sys_error(error));
    return false;
  }
#ifndef __linux__
  // macOS also returns a connection that the peer has reset, but without an address. No filter
  // could check it.
  if (size == 0) {
    close(socket.fd);
    return true;
  }
  (void)fcntl(socket.fd, F_SETFD, FD_CLOEXEC);  // it cannot fail for an open descriptor
#endif
  retry_delay_ = 0;
  Take(std::move(socket));
  return true;
}

void PosixListener::Take(AcceptedSocket socket) {
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
    LetIn(std::move(socket), nullptr, {});
  }
}

void PosixListener::HandshakeDone(AcceptedSocket socket, ProxyHeader* header,
                                  const std::vector<uint8_t>& head) {
  // If the header has no addresses, those of the connection apply.
  sockaddr_storage client = socket.peer;
  if (header != nullptr) SourceAddress(*header, &client);
  const DropReason reason =
      policy_->AdmitClient(reinterpret_cast<const sockaddr*>(&client), &socket.admission);
  if (reason != DropReason::kNone) {
    // It must not count as open when it is reported.
    socket.admission.Leave(0, 0);
    Refuse(socket.fd, client, reason);
  } else {
    LetIn(std::move(socket), header, head);
  }
}

void PosixListener::HandshakeFailed(AcceptedSocket socket, DropReason reason) {
  socket.admission.Leave(0, 0);
  Refuse(socket.fd, socket.peer, reason);
}

void PosixListener::LetIn(AcceptedSocket socket, ProxyHeader* header,
                          const std::vector<uint8_t>& head) {
  if (policy_->sniff_timeout == 0) {
    Deliver(std::move(socket), {header, &head, nullptr});
    return;
  }
  Candidate candidate;
  candidate.socket = std::move(socket);
  if (header != nullptr) candidate.header = std::make_unique<ProxyHeader>(std::move(*header));
  candidate.head = head;
  LookAt(std::move(candidate));
}

void PosixListener::LookAt(Candidate candidate) {
  size_t wanted = 0;
  switch (candidate.Look(false, &wanted)) {
    case Candidate::State::kDecided: SniffDone(std::move(candidate)); return;
    case Candidate::State::kEnded: SniffFailed(std::move(candidate), SniffFailure::kEnded); return;
    case Candidate::State::kUndecided: break;
  }
  // Only a listener whose policy was replaced has no queue yet.
  int status = PrepareSniffing();
  if (status == 0) status = sniff_queue_->Add(&candidate, wanted, policy_->sniff_timeout);
  if (status == 0) return;
  close(candidate.socket.fd);
  candidate.socket.admission.Leave(0, 0);
  BackOff(status);
}

void PosixListener::SniffDone(Candidate candidate) {
  Deliver(std::move(candidate.socket),
          {candidate.header.get(), &candidate.head, &candidate.sniffed});
}

void PosixListener::SniffFailed(Candidate candidate, SniffFailure failure) {
  sockaddr_storage client = candidate.socket.peer;
  if (candidate.header != nullptr) SourceAddress(*candidate.header, &client);
  candidate.socket.admission.Leave(0, 0);
  const bool is_late = failure == SniffFailure::kTimeout;
  Refuse(candidate.socket.fd, client,
         is_late ? DropReason::kSniffTimeout : DropReason::kSniffEnded);
}

void PosixListener::Deliver(AcceptedSocket socket, const Proxied& proxied) {
  if (transfers()) {
    Transfer(socket.fd, std::move(socket.admission), proxied);
    return;
  }
  int status;
  Stream* const client = Stream::New(environment_, server_->kind(), &status);
  if (client != nullptr) status = client->Open(socket.fd);
  if (client == nullptr || status != 0) {
    close(socket.fd);
    if (client != nullptr) client->Close();
    BackOff(status);
    return;
  }
  client->Accepted(reinterpret_cast<const sockaddr*>(&socket.peer), std::move(socket.admission));
  client->CountRead(proxied.head->size());
  policy_->CountAccepted();
  ReportConnection(client, proxied.is_proxied() ? &proxied : nullptr);
}

void PosixListener::Refuse(int fd, const sockaddr_storage& peer, DropReason reason) {
  policy_->CountDrop(reason);
  Drop drop = {};
  drop.reason = reason;
  drop.peer = peer;
  drop.fd = fd;
  drops_.push_back(drop);
  if (!accepting_) ReportDrops();
}

// Descriptors or memory have run out. The connections stay in the kernel's queue; macOS closes the
// one that it could not return. Further polling would spin, so the listener waits and tries again.
void PosixListener::BackOff(int status) {
  if (fd_ < 0) {
    ReportError(status);
    return;
  }
  if (paused_) {
    ReportError(status);
    return;
  }
  uv_poll_stop(&poll_);
  retry_delay_ = retry_delay_ == 0 ? kMinRetryDelay : retry_delay_ * 2;
  if (retry_delay_ > kMaxRetryDelay) retry_delay_ = kMaxRetryDelay;
  uv_timer_start(&retry_, OnRetry, retry_delay_, 0);
  ReportError(status);
}

void PosixListener::OnRetry(uv_timer_t* timer) {
  auto* self = static_cast<PosixListener*>(timer->data);
  if (self->closing_) return;
  if (self->paused_) {
    uv_timer_start(timer, OnRetry, kPause, 0);
    return;
  }
  const int status = self->Poll();
  if (status != 0) self->BackOff(status);
}

}  // namespace

Listener* Listener::New(Stream* server, AcceptPolicy* policy) {
  return new PosixListener(server, policy);
}

}  // namespace uvnet

#endif  // _WIN32
