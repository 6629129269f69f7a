#include "connect/connect_race.h"

#include <algorithm>

namespace uvnet {

ConnectRace::ConnectRace(Host* host, const Options& options) : host_(host), options_(options) {
  options_.attempt_delay_ms = std::max(options_.attempt_delay_ms, kMinAttemptDelayMs);
  options_.max_concurrent = std::max<uint32_t>(options_.max_concurrent, 1);
  options_.first_family_count = std::max<uint32_t>(options_.first_family_count, 1);
}

uint32_t ConnectRace::Add(int family) {
  const uint32_t candidate = static_cast<uint32_t>(candidates_.size());
  if (candidate == 0) preferred_family_ = family;
  candidates_.push_back({family, AttemptState::kQueued});
  queues_[family == preferred_family_ ? 0 : 1].candidates.push_back(candidate);
  return candidate;
}

void ConnectRace::Start() {
  if (phase_ != Phase::kIdle) return;
  phase_ = Phase::kRacing;
  if (options_.connect_timeout_ms != kNever) {
    deadline_ = host_->Now() + options_.connect_timeout_ms;
  }
  Advance();
}

void ConnectRace::OnTimer() {
  if (phase_ != Phase::kRacing) return;
  if (deadline_ != kNever && host_->Now() >= deadline_) {
    End(EventType::kTimedOut, kNoCandidate);
    return;
  }
  Advance();
}

void ConnectRace::Settle(uint32_t candidate, int status) {
  // A losing attempt may still report, even a success, because it was closed in this turn of the
  // loop.
  if (phase_ != Phase::kRacing) return;
  if (candidates_[candidate].state != AttemptState::kRunning) return;
  if (status == 0) {
    End(EventType::kWon, candidate);
    return;
  }
  CloseRunning(candidate);
  Fail(candidate, status);
  Advance();
}

void ConnectRace::Cancel() {
  if (phase_ == Phase::kEnded) return;
  End(EventType::kCancelled, kNoCandidate);
}

void ConnectRace::Advance() {
  if (phase_ != Phase::kRacing || advancing_) return;
  advancing_ = true;
  while (phase_ == Phase::kRacing && !NothingQueued()) {
    const bool idle = running_.empty();
    if (!idle && !due_by_failure_ && host_->Now() < next_start_at_) break;
    StartNext();
  }
  advancing_ = false;
  if (phase_ != Phase::kRacing) return;
  if (running_.empty() && NothingQueued() && !open_ended_) {
    End(EventType::kAllFailed, kNoCandidate);
    return;
  }
  ArmTimer();
}

// Handlers run user code. After each event, the race may have ended, or the attempts that were
// examined before may be gone.
void ConnectRace::StartNext() {
  if (!running_.empty() && !due_by_failure_) {
    // A failure would have started the next attempt, so the newest one is still running.
    Emit(EventType::kDelayPassed, last_started_);
    if (phase_ != Phase::kRacing) return;
  }
  if (running_.size() >= options_.max_concurrent) {
    const uint32_t oldest = running_.front();
    CloseRunning(oldest);
    Emit(EventType::kGaveWay, oldest);
    if (phase_ != Phase::kRacing) return;
  }

  const uint32_t candidate = PopNext();
  due_by_failure_ = false;
  last_started_ = candidate;
  candidates_[candidate].state = AttemptState::kStarting;
  Emit(EventType::kAttemptStarted, candidate);
  if (phase_ != Phase::kRacing) return;

  const int status = host_->OpenAttempt(candidate);
  if (status != 0) {
    Fail(candidate, status);
    return;
  }
  candidates_[candidate].state = AttemptState::kRunning;
  running_.push_back(candidate);
  // A single attempt needs no timer, because nothing waits for it.
  if (candidates_.size() > 1 || open_ended_) {
    next_start_at_ = host_->Now() + options_.attempt_delay_ms;
  }
}

uint32_t ConnectRace::PopNext() {
  int queue;
  if (starts_of_preferred_ < options_.first_family_count) {
    queue = 0;
  } else {
    queue = 1 - last_queue_;
  }
  if (queues_[queue].empty()) queue = 1 - queue;
  last_queue_ = queue;
  if (queue == 0) starts_of_preferred_++;
  return queues_[queue].Pop();
}

void ConnectRace::CloseRunning(uint32_t candidate) {
  running_.erase(std::find(running_.begin(), running_.end(), candidate));
  candidates_[candidate].state = AttemptState::kOver;
  host_->CloseAttempt(candidate);
}

void ConnectRace::CloseAllRunningBut(uint32_t winner) {
  std::vector<uint32_t> losers;
  losers.swap(running_);
  for (const uint32_t candidate : losers) {
    candidates_[candidate].state = AttemptState::kOver;
    if (candidate != winner) host_->CloseAttempt(candidate);
  }
}

void ConnectRace::Fail(uint32_t candidate, int status) {
  candidates_[candidate].state = AttemptState::kOver;
  due_by_failure_ = true;
  Emit(EventType::kAttemptFailed, candidate, status);
}

void ConnectRace::End(EventType type, uint32_t winner) {
  const bool was_racing = phase_ == Phase::kRacing;
  phase_ = Phase::kEnded;
  if (was_racing) host_->StopTimer();
  CloseAllRunningBut(winner);
  Emit(type, winner);
}

void ConnectRace::ArmTimer() {
  uint64_t at = deadline_;
  if (!NothingQueued()) at = std::min(at, next_start_at_);
  if (at == kNever) {
    host_->StopTimer();
    return;
  }
  const uint64_t now = host_->Now();
  host_->StartTimer(at > now ? at - now : 0);
}

void ConnectRace::Emit(EventType type, uint32_t candidate, int status) {
  host_->OnEvent({type, candidate, status});
}

}  // namespace uvnet
