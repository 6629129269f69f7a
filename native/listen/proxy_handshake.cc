#include "listen/proxy_handshake.h"

#ifndef _WIN32

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "env/environment.h"

namespace uvnet {

namespace {

// Larger than any header without a client certificate. Larger headers take another turn.
constexpr size_t kPeekSize = 2048;

ssize_t Receive(int fd, void* buffer, size_t size, int flags) {
  ssize_t count;
  do {
    count = recv(fd, buffer, size, flags);
  } while (count < 0 && errno == EINTR);
  return count;
}

}  // namespace

ProxyHandshake::ProxyHandshake(Environment* environment, ProxyHandshakeOwner* owner,
                               AcceptedSocket socket, AcceptPolicy::ProxyMode mode)
    : environment_(environment),
      owner_(owner),
      socket_(std::move(socket)),
      optional_(mode == AcceptPolicy::ProxyMode::kOptional) {
  next_ = owner->first_;
  if (next_ != nullptr) next_->previous_ = this;
  owner->first_ = this;
}

void ProxyHandshake::Start(Environment* environment, ProxyHandshakeOwner* owner,
                           AcceptedSocket socket, AcceptPolicy::ProxyMode mode, uint64_t timeout) {
  auto* self = new ProxyHandshake(environment, owner, std::move(socket), mode);
  if (self->Read() || self->Wait(timeout) != 0) self->Finish();
}

bool ProxyHandshake::Read() {
  uint8_t buffer[kPeekSize];
  while (status_ == ProxyParser::Status::kNeedMore) {
    const ssize_t seen = Receive(socket_.fd, buffer, sizeof buffer, MSG_PEEK);
    if (seen < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      status_ = ProxyParser::Status::kMalformed;
      break;
    }
    if (seen == 0) {
      // The end of the stream. If no header is required, the application gets it.
      const bool may_be_absent = optional_ && parser_.untouched();
      status_ = may_be_absent ? ProxyParser::Status::kAbsent : ProxyParser::Status::kMalformed;
      break;
    }
    size_t taken = 0;
    status_ = parser_.Feed(buffer, static_cast<size_t>(seen), &taken);
    if (taken > 0 && Receive(socket_.fd, buffer, taken, 0) != static_cast<ssize_t>(taken)) {
      status_ = ProxyParser::Status::kMalformed;
    }
  }
  return true;
}

int ProxyHandshake::Wait(uint64_t timeout) {
  uv_loop_t* const loop = environment_->loop();
  int status = uv_poll_init(loop, &poll_, socket_.fd);
  if (status != 0) return status;
  poll_.data = this;
  ++open_parts_;
  environment_->HandleOpened();
  status = uv_timer_init(loop, &timer_);
  if (status != 0) return status;
  timer_.data = this;
  ++open_parts_;
  environment_->HandleOpened();
  status = uv_poll_start(&poll_, UV_READABLE, OnReadable);
  if (status == 0 && timeout > 0) status = uv_timer_start(&timer_, OnTimeout, timeout, 0);
  return status;
}

void ProxyHandshake::OnReadable(uv_poll_t* poll, int, int) {
  auto* self = static_cast<ProxyHandshake*>(poll->data);
  // The read reports an error of the poll.
  if (self->Read()) self->Finish();
}

void ProxyHandshake::OnTimeout(uv_timer_t* timer) {
  auto* self = static_cast<ProxyHandshake*>(timer->data);
  // A client may send nothing because it waits for the server to speak first.
  if (self->optional_ && self->parser_.untouched()) self->status_ = ProxyParser::Status::kAbsent;
  self->reason_ = DropReason::kProxyTimeout;
  self->Finish();
}

void ProxyHandshake::Finish() {
  ProxyHandshakeOwner* const owner = owner_;
  AcceptedSocket socket = std::move(socket_);
  const auto status = status_;
  const auto reason = reason_;
  ProxyHeader header = std::move(parser_.header());
  const std::vector<uint8_t> head = parser_.held();
  const bool optional = optional_;
  Close();

  if (status == ProxyParser::Status::kDone) {
    owner->HandshakeDone(std::move(socket), &header, head);
  } else if (status == ProxyParser::Status::kAbsent && optional) {
    owner->HandshakeDone(std::move(socket), nullptr, head);
  } else {
    owner->HandshakeFailed(std::move(socket), reason);
  }
}

void ProxyHandshake::Close() {
  if (previous_ != nullptr) previous_->next_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (owner_->first_ == this) owner_->first_ = next_;
  owner_ = nullptr;
  const int parts = open_parts_;
  if (parts == 0) {
    delete this;
    return;
  }
  // In the order in which Wait made them. It may have failed after the first.
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnPartClosed);
  if (parts == 2) uv_close(reinterpret_cast<uv_handle_t*>(&timer_), OnPartClosed);
}

void ProxyHandshake::OnPartClosed(uv_handle_t* handle) {
  auto* self = static_cast<ProxyHandshake*>(handle->data);
  Environment* const environment = self->environment_;
  if (--self->open_parts_ == 0) delete self;
  environment->HandleClosed();
}

void ProxyHandshakeOwner::AbandonHandshakes() {
  while (first_ != nullptr) {
    ProxyHandshake* const handshake = first_;
    const AcceptedSocket socket = std::move(handshake->socket_);
    handshake->Close();
    close(socket.fd);
  }
}

}  // namespace uvnet

#endif  // _WIN32
