#include "sniff/sniff_queue.h"

#ifndef _WIN32

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "descriptor/arrivals.h"
#include "env/environment.h"

namespace uvnet {

Candidate::State Candidate::Look(bool is_last, size_t* wanted) {
  int available = 0;
  if (!is_last && ioctl(socket.fd, FIONREAD, &available) == 0 && available > 0 &&
      head.size() + static_cast<size_t>(available) < *wanted) {
    return State::kUndecided;
  }
  // The bytes that a handshake has taken from the socket are fewer than a PROXY header.
  uint8_t bytes[kMaxSniffed];
  const size_t before = std::min(head.size(), sizeof bytes);
  std::copy_n(head.data(), before, bytes);
  const int count = CopyWaiting(socket.fd, bytes + before, sizeof bytes - before);
  if (count < 0 && count != UV_EAGAIN) return State::kEnded;
  const size_t size = before + static_cast<size_t>(std::max(count, 0));
  if (Sniff(bytes, size, &sniffed, wanted)) return State::kDecided;
  if (count != 0 && !is_last) return State::kUndecided;
  // The peer has sent all that it will: nothing, or something of no known protocol.
  return size == 0 ? State::kEnded : State::kDecided;
}

SniffQueue* SniffQueue::New(Environment* environment, Owner* owner, int* status) {
  auto* const self = new SniffQueue(environment, owner);
  self->watcher_ = OpenWatcher();
  *status = self->watcher_ < 0 ? self->watcher_
                               : uv_poll_init(environment->loop(), &self->poll_, self->watcher_);
  if (*status != 0) {
    if (self->watcher_ >= 0) close(self->watcher_);
    delete self;
    return nullptr;
  }
  self->poll_.data = self;
  ++self->open_parts_;
  environment->HandleOpened();
  *status = uv_timer_init(environment->loop(), &self->timer_);
  if (*status == 0) {
    self->timer_.data = self;
    ++self->open_parts_;
    environment->HandleOpened();
    *status = uv_poll_start(&self->poll_, UV_READABLE, OnArrivals);
  }
  if (*status != 0) {
    self->Close();
    return nullptr;
  }
  // It is the listener that keeps the loop alive.
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->poll_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->timer_));
  return self;
}

int SniffQueue::Add(Candidate* candidate, size_t wanted, uint64_t timeout) {
  const uint64_t deadline = uv_now(environment_->loop()) + timeout;
  // It is the last one, unless the timeout has become shorter in the meantime.
  auto next = queue_.end();
  while (next != queue_.begin() && (*std::prev(next))->deadline > deadline) --next;
  auto waiting = std::make_unique<Waiting>();
  const int status = WatchArrivals(watcher_, candidate->socket.fd, waiting.get());
  if (status != 0) return status;
  *waiting = {std::move(*candidate), wanted, deadline, {}};
  const auto place = queue_.insert(next, std::move(waiting));
  (*place)->place = place;
  if (place == queue_.begin()) StartTimer();
  return 0;
}

void SniffQueue::StartTimer() {
  uv_timer_stop(&timer_);
  if (queue_.empty()) return;
  const uint64_t now = uv_now(environment_->loop());
  const uint64_t deadline = std::max(now, queue_.front()->deadline);
  // It cannot fail with a callback and a handle that is not closing.
  (void)uv_timer_start(&timer_, OnTimeout, deadline - now, 0);
}

Candidate SniffQueue::Remove(Waiting* waiting) {
  Candidate candidate = std::move(waiting->candidate);
  UnwatchArrivals(watcher_, candidate.socket.fd);
  queue_.erase(waiting->place);
  return candidate;
}

void SniffQueue::OnArrivals(uv_poll_t* poll, int, int) {
  auto* const self = static_cast<SniffQueue*>(poll->data);
  Arrival arrivals[kMaxArrivals];
  const int count = TakeArrivals(self->watcher_, arrivals);
  // Only its own arrival removes a connection, or a close, which ends the loop.
  for (int i = 0; i < count && self->owner_ != nullptr; ++i) {
    self->Arrived(static_cast<Waiting*>(arrivals[i].data), arrivals[i].is_last);
  }
}

void SniffQueue::Arrived(Waiting* waiting, bool is_last) {
  const Candidate::State state = waiting->candidate.Look(is_last, &waiting->wanted);
  if (state == Candidate::State::kUndecided) return;
  Candidate candidate = Remove(waiting);
  if (state == Candidate::State::kDecided) {
    owner_->SniffDone(std::move(candidate));
  } else {
    owner_->SniffFailed(std::move(candidate), SniffFailure::kEnded);
  }
}

void SniffQueue::OnTimeout(uv_timer_t* timer) {
  auto* const self = static_cast<SniffQueue*>(timer->data);
  const uint64_t now = uv_now(self->environment_->loop());
  while (self->owner_ != nullptr && !self->queue_.empty() &&
         self->queue_.front()->deadline <= now) {
    Candidate candidate = self->Remove(self->queue_.front().get());
    self->owner_->SniffFailed(std::move(candidate), SniffFailure::kTimeout);
  }
  if (self->owner_ != nullptr) self->StartTimer();
}

void SniffQueue::Close() {
  owner_ = nullptr;
  while (!queue_.empty()) {
    const Candidate candidate = Remove(queue_.front().get());
    close(candidate.socket.fd);
  }
  // In the order in which New made them. It may have failed after the first.
  const int parts = open_parts_;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnPartClosed);
  if (parts == 2) uv_close(reinterpret_cast<uv_handle_t*>(&timer_), OnPartClosed);
}

void SniffQueue::OnPartClosed(uv_handle_t* handle) {
  auto* const self = static_cast<SniffQueue*>(handle->data);
  Environment* const environment = self->environment_;
  if (--self->open_parts_ == 0) {
    close(self->watcher_);
    delete self;
  }
  environment->HandleClosed();
}

}  // namespace uvnet

#endif  // _WIN32
