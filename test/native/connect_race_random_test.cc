// Links: native/connect/connect_race.cc
//
// Random races with random interference. What must hold whatever happens:
//  - never more than the cap open; every opened attempt is closed exactly once, or wins;
//  - a candidate is started at most once; nothing is opened without having been announced;
//  - exactly one end, and neither an event nor a call to the host after it;
//  - no attempt that runs is ended by a start while there is room under the cap;
//  - an unfinished race always has something to wait for.

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <set>

#include "race_story.h"

namespace {

using race::EventType;
using race::Options;
using uvnet::ConnectRace;

class RandomHost final : public ConnectRace::Host {
 public:
  RandomHost(check::Random* random, const ConnectRace::Options& options)
      : random_(random),
        cap_(std::max<uint32_t>(options.max_concurrent, 1)),
        race_(this, options) {}

  uint64_t Now() override { return now_; }
  void StartTimer(uint64_t ms) override {
    CHECK(!ended_);
    timer_at_ = now_ + ms;
  }
  void StopTimer() override { timer_at_ = ConnectRace::kNever; }

  int OpenAttempt(uint32_t candidate) override {
    CHECK(!ended_);
    CHECK(announced_ == candidate);
    announced_ = ConnectRace::kNoCandidate;
    if (random_->Below(6) == 0) return -101;
    open_.insert(candidate);
    CHECK(open_.size() <= cap_);
    return 0;
  }

  void CloseAttempt(uint32_t candidate) override {
    CHECK(!ended_);
    CHECK(open_.erase(candidate) == 1);
  }

  void OnEvent(const ConnectRace::Event& event) override {
    CHECK(!ended_);
    switch (event.type) {
      case EventType::kAttemptStarted:
        CHECK(started_.insert(event.candidate).second);
        announced_ = event.candidate;
        break;
      case EventType::kAttemptFailed:
        CHECK(event.status != 0);
        CHECK(open_.count(event.candidate) == 0);
        break;
      case EventType::kDelayPassed: CHECK(open_.count(event.candidate) == 1); break;
      case EventType::kGaveWay:
        CHECK(open_.count(event.candidate) == 0);
        CHECK(open_.size() + 1 == cap_);
        break;
      case EventType::kWon:
        CHECK(open_.size() == 1 && open_.count(event.candidate) == 1);
        ended_ = true;
        break;
      case EventType::kAllFailed:
        CHECK(started_.size() == added_);
        ended_ = true;
        break;
      case EventType::kTimedOut:
      case EventType::kCancelled: ended_ = true; break;
    }
    if (ended_) {
      CHECK(timer_at_ == ConnectRace::kNever);
      if (event.type != EventType::kWon) CHECK(open_.empty());
    }
    if (depth_ < 3 && random_->Below(8) == 0) {
      depth_++;
      Interfere();
      depth_--;
    }
  }

  void Run() {
    Add(random_->Below(4));
    race_.Start();
    for (int steps = 0; !ended_ && steps < 200; steps++) {
      // Something must be able to happen: a timer, an outcome, or a late candidate.
      CHECK(timer_at_ != ConnectRace::kNever || !open_.empty() || !sealed_);
      Interfere();
    }
    race_.Cancel();
    CHECK(ended_);
    CHECK(race_.ended());
    // After the end every call is a no-op (the checks above say so).
    for (int i = 0; i < 5; i++) Interfere();
    race_.Start();
    race_.OnTimer();
  }

 private:
  void Add(size_t count) {
    if (sealed_) return;
    for (size_t i = 0; i < count; i++) {
      CHECK_EQ(race_.Add(random_->Below(2) == 0 ? 4 : 6), added_);
      added_++;
    }
  }

  void Interfere() {
    switch (random_->Below(10)) {
      case 0:
        Add(random_->Below(3));
        race_.Advance();
        break;
      case 1:
        sealed_ = true;
        race_.NoMoreCandidates();
        race_.Advance();
        break;
      case 2:
        if (random_->Below(8) == 0) race_.Cancel();
        break;
      case 3: race_.OnTimer(); break;
      case 4:
      case 5:
      case 6:
        if (timer_at_ != ConnectRace::kNever && depth_ == 0) {
          now_ = std::max(now_, timer_at_);
          timer_at_ = ConnectRace::kNever;
          race_.OnTimer();
        } else {
          now_ += random_->Below(100);
        }
        break;
      default:
        if (added_ == 0) break;
        // Any candidate may report: running, over, or never opened.
        race_.Settle(static_cast<uint32_t>(random_->Below(added_)),
                     random_->Below(4) == 0 ? 0 : -111);
    }
  }

  check::Random* const random_;
  const size_t cap_;
  uint64_t now_ = 1;
  uint64_t timer_at_ = ConnectRace::kNever;
  std::set<uint32_t> open_;
  std::set<uint32_t> started_;
  uint32_t announced_ = ConnectRace::kNoCandidate;
  uint32_t added_ = 0;
  int depth_ = 0;
  bool sealed_ = false;
  bool ended_ = false;
  ConnectRace race_;
};

}  // namespace

TEST(RandomRacesKeepTheRules) {
  for (uint64_t seed = 1; seed <= 50000; seed++) {
    check::Random random(seed);
    const ConnectRace::Options options =
        Options(static_cast<uint32_t>(random.Below(5)),
                random.Below(3) == 0 ? random.Below(1000) : ConnectRace::kNever,
                static_cast<uint32_t>(random.Below(4)), random.Below(300));
    const int before = check::Failures();
    RandomHost host(&random, options);
    host.Run();
    if (check::Failures() != before) {
      std::fprintf(stderr, "seed %" PRIu64 "\n", seed);
      return;
    }
  }
}

int main() { return check::RunTests(); }
