#ifndef UVNET_CONNECT_RACE_H_
#define UVNET_CONNECT_RACE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace uvnet {

// Decides to which of several addresses a connection is made, as RFC 8305 ("Happy Eyeballs Version
// 2") describes. It is a pure state machine, without sockets, an event loop or JavaScript. It knows
// only candidates, a clock and the results of attempts. connector.cc drives it with libuv.
//
// Rules:
//
// 1. Candidates are tried in the order in which they were added, with alternating families. The
//    family of the first candidate is preferred: its first `first_family_count` candidates come
//    before the first one of the other family.
// 2. The next attempt starts when `attempt_delay_ms` have passed since the last start. It starts at
//    once if an attempt fails or none is running.
// 3. A new attempt does not end a running one, unless `max_concurrent` attempts are running: then
//    the oldest is closed. With a limit of 1, this is the sequential algorithm of node:net.
// 4. The first success wins. All other attempts are closed before the win is announced, and their
//    later reports are ignored.
// 5. Candidates can be added at any time until NoMoreCandidates(). Until then, a race without
//    candidates waits for more.
// 6. `connect_timeout_ms` limits the whole race, from Start().
// 7. Each opened attempt that does not win is closed exactly once. Exactly one of kWon, kAllFailed,
//    kTimedOut and kCancelled ends the race. No event and no call to the host follows it.
//
// Every method except the destructor may be called from inside Host::OnEvent().
class ConnectRace {
 public:
  // RFC 8305, section 5: the delay must be at least 10 ms.
  static constexpr uint64_t kMinAttemptDelayMs = 10;
  static constexpr uint64_t kNever = UINT64_MAX;

  struct Options {
    uint64_t attempt_delay_ms = 250;       // raised to kMinAttemptDelayMs
    uint64_t connect_timeout_ms = kNever;  // kNever: no limit
    uint32_t max_concurrent = 4;           // 0 counts as 1
    uint32_t first_family_count = 1;       // 0 counts as 1
  };

  enum class EventType : uint8_t {
    // The attempt is about to be opened. A handler can prevent this by cancelling.
    kAttemptStarted,
    // The attempt failed with Event::status, and is already closed.
    kAttemptFailed,
    // The delay since the start of this attempt has passed, and the next candidate starts right
    // after this event. The attempt keeps running.
    kDelayPassed,
    // The attempt was the oldest of `max_concurrent` and was closed in favour of the next one.
    kGaveWay,
    // The attempt has won. It now belongs to the host.
    kWon,
    // All candidates have failed or were closed, and no more can be added.
    kAllFailed,
    // `connect_timeout_ms` passed.
    kTimedOut,
    // Cancel() was called.
    kCancelled,
  };

  // The candidate in events about the race as a whole.
  static constexpr uint32_t kNoCandidate = UINT32_MAX;

  struct Event {
    EventType type;
    uint32_t candidate;  // as returned by Add(), or kNoCandidate
    int status;          // kAttemptFailed: the error; otherwise 0
  };

  // The environment of a race.
  class Host {
   public:
    // Milliseconds of a monotonic clock.
    virtual uint64_t Now() = 0;
    // Starts or restarts the only timer: OnTimer() must be called after `ms`.
    virtual void StartTimer(uint64_t ms) = 0;
    virtual void StopTimer() = 0;
    // Starts connecting. If it returns 0, Settle() must be called later (never from inside), unless
    // CloseAttempt() comes first. If it returns an error, nothing may be left open.
    virtual int OpenAttempt(uint32_t candidate) = 0;
    virtual void CloseAttempt(uint32_t candidate) = 0;
    virtual void OnEvent(const Event& event) = 0;

   protected:
    ~Host() = default;
  };

  ConnectRace(Host* host, const Options& options);
  ConnectRace(const ConnectRace&) = delete;
  ConnectRace& operator=(const ConnectRace&) = delete;

  // Adds a candidate of a family, which may be any number that distinguishes the two families.
  // Candidates are numbered from 0 in the order of addition. In a running race, new candidates are
  // considered from the next Advance() on.
  uint32_t Add(int family);
  void NoMoreCandidates() { open_ended_ = false; }

  // Starts the time of `connect_timeout_ms`, and the first attempts.
  void Start();
  // Starts whatever is due. Call it after Add() or NoMoreCandidates() in a running race.
  void Advance();
  // Called when the timer fires. Early and spurious calls are harmless.
  void OnTimer();
  // Reports the result of an opened attempt: 0 for connected, or an error.
  void Settle(uint32_t candidate, int status);
  // Ends the race without a winner. It has no effect if the race has ended.
  void Cancel();

  bool started() const { return phase_ != Phase::kIdle; }
  bool ended() const { return phase_ == Phase::kEnded; }
  size_t running() const { return running_.size(); }

 private:
  enum class Phase : uint8_t { kIdle, kRacing, kEnded };
  enum class AttemptState : uint8_t { kQueued, kStarting, kRunning, kOver };

  struct Candidate {
    int family;
    AttemptState state;
  };

  // Candidates of one family that have not started yet, in order.
  struct Queue {
    std::vector<uint32_t> candidates;
    size_t head = 0;
    bool empty() const { return head == candidates.size(); }
    uint32_t Pop() { return candidates[head++]; }
  };

  bool NothingQueued() const { return queues_[0].empty() && queues_[1].empty(); }
  uint32_t PopNext();
  void StartNext();
  // Removes an attempt from the running ones and closes it.
  void CloseRunning(uint32_t candidate);
  void CloseAllRunningBut(uint32_t winner);
  void Fail(uint32_t candidate, int status);
  void End(EventType type, uint32_t winner);
  void ArmTimer();
  void Emit(EventType type, uint32_t candidate = kNoCandidate, int status = 0);

  Host* const host_;
  Options options_;
  Phase phase_ = Phase::kIdle;
  bool open_ended_ = true;
  // Set while Advance() is on the stack: a nested call leaves the work to it.
  bool advancing_ = false;
  // Whether the next start is due to a failed attempt and not to the delay.
  bool due_by_failure_ = false;
  int preferred_family_ = 0;
  int last_queue_ = 0;
  uint32_t starts_of_preferred_ = 0;
  uint32_t last_started_ = kNoCandidate;
  uint64_t next_start_at_ = 0;
  uint64_t deadline_ = kNever;
  std::vector<Candidate> candidates_;
  Queue queues_[2];                // [0] preferred family, [1] the other
  std::vector<uint32_t> running_;  // oldest first
};

}  // namespace uvnet

#endif  // UVNET_CONNECT_RACE_H_
