#ifndef UVNET_CONNECT_RACE_H_
#define UVNET_CONNECT_RACE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace uvnet {

// Which of several addresses does a connection go to? ConnectRace answers as
// RFC 8305 ("Happy Eyeballs") says. It is a pure state machine: it knows
// neither sockets nor a loop nor JavaScript, only candidates, a clock and the
// outcome of attempts. connector.cc drives it with libuv.
//
// Rules:
//  1. Candidates are tried in the order they were added, families interleaved.
//     The family of the first candidate is the preferred one; its first
//     `first_family_count` candidates come before the other family's first.
//  2. The next attempt starts when `attempt_delay_ms` have passed since the
//     last start, or at once when an attempt fails or none is running.
//  3. A starting attempt never ends a running one, unless `max_concurrent` are
//     running: then the oldest gives way. With a cap of 1 this is the
//     one-after-another algorithm of node:net.
//  4. The first success wins. The other attempts are closed before the win is
//     announced; what they report afterwards is ignored.
//  5. Candidates may join at any time until NoMoreCandidates(). Until then a
//     race that has run out of candidates waits for more.
//  6. `connect_timeout_ms` bounds the whole race, from Start().
//  7. Each opened attempt that does not win is closed exactly once. Exactly one
//     of kWon, kAllFailed, kTimedOut, kCancelled ends the race; no event and no
//     call to the host follows it.
//
// Every method may be called from inside Host::OnEvent(), the destructor may
// not.
class ConnectRace {
 public:
  // RFC 8305, section 5: the delay must not be lower than 10 ms.
  static constexpr uint64_t kMinAttemptDelayMs = 10;
  static constexpr uint64_t kNever = UINT64_MAX;

  struct Options {
    uint64_t attempt_delay_ms = 250;       // raised to kMinAttemptDelayMs
    uint64_t connect_timeout_ms = kNever;  // kNever: no limit
    uint32_t max_concurrent = 4;           // 0 counts as 1
    uint32_t first_family_count = 1;       // 0 counts as 1
  };

  enum class EventType : uint8_t {
    // About to open the attempt. A handler that cancels prevents the opening.
    kAttemptStarted,
    // The attempt ended with Event::status; it is closed already.
    kAttemptFailed,
    // The delay after this attempt's start has passed, and the next candidate
    // starts right after this event. The attempt keeps running.
    kDelayPassed,
    // The attempt was the oldest of `max_concurrent` and was closed to make
    // room for the next one.
    kGaveWay,
    // The attempt is the connection; it now belongs to the host.
    kWon,
    // Every candidate failed or gave way, and no more can come.
    kAllFailed,
    // `connect_timeout_ms` passed.
    kTimedOut,
    // Cancel() was called.
    kCancelled,
  };

  // The candidate of events that concern the race as a whole.
  static constexpr uint32_t kNoCandidate = UINT32_MAX;

  struct Event {
    EventType type;
    uint32_t candidate;  // as returned by Add(), or kNoCandidate
    int status;          // kAttemptFailed: what went wrong; otherwise 0
  };

  // What a race needs from its surroundings.
  class Host {
   public:
    // Milliseconds of a clock that never goes back.
    virtual uint64_t Now() = 0;
    // (Re)arms the one timer: OnTimer() is to be called after `ms`.
    virtual void StartTimer(uint64_t ms) = 0;
    virtual void StopTimer() = 0;
    // Starts connecting. Returns 0, and then Settle() must be called later
    // (never from inside) unless CloseAttempt() comes first; or an error, and
    // then nothing may be left open.
    virtual int OpenAttempt(uint32_t candidate) = 0;
    virtual void CloseAttempt(uint32_t candidate) = 0;
    virtual void OnEvent(const Event& event) = 0;

   protected:
    ~Host() = default;
  };

  ConnectRace(Host* host, const Options& options);
  ConnectRace(const ConnectRace&) = delete;
  ConnectRace& operator=(const ConnectRace&) = delete;

  // Adds a candidate of the given family (any number that tells the two
  // families apart). Candidates are numbered from 0 in the order of addition.
  // On a race under way the new ones are not considered before Advance().
  uint32_t Add(int family);
  void NoMoreCandidates() { open_ended_ = false; }

  // Starts the clock of `connect_timeout_ms`, and the first attempts.
  void Start();
  // Does what is due now. To be called after Add() or NoMoreCandidates() on a
  // race under way.
  void Advance();
  // The timer has fired; early and spurious calls do no harm.
  void OnTimer();
  // An opened attempt has come to its end: 0 for connected, or an error.
  void Settle(uint32_t candidate, int status);
  // Ends the race without a winner. No effect on an ended race.
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

  // Candidates of one family that were not started yet, in order.
  struct Queue {
    std::vector<uint32_t> candidates;
    size_t head = 0;
    bool empty() const { return head == candidates.size(); }
    uint32_t Pop() { return candidates[head++]; }
  };

  bool NothingQueued() const { return queues_[0].empty() && queues_[1].empty(); }
  uint32_t PopNext();
  void StartNext();
  // Moves an attempt from running to over and closes it.
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
  // Advance() is on the stack: a nested call leaves the work to it.
  bool advancing_ = false;
  // The next start is due because an attempt failed, not because of the delay.
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
