// Links: native/connect/connect_race.cc
//
// Each row of the table is a small story: what happens to the race (left), and all that the race
// does in return (right). The clock, the attempts and the timer are fakes.
//
//   input                                 output
//   add 4 6 ...  candidates, by family    S1       event: attempt 1 starts
//   seal         no more candidates       o1 c1    attempt 1 is opened, closed
//   start        start the race           F1:-5    event: attempt 1 failed with -5
//   ok 1         attempt 1 connects       D1       event: the delay of attempt 1 passed
//   fail 1       attempt 1 fails (-1)     G1       event: attempt 1 gave way
//   tick 250     250 ms pass              W1       event: attempt 1 won
//   cancel       give up                  X T K    event: all failed, timed out, cancelled
//   timer        a spurious timer call    t250 t-  timer armed, stopped
//   late 6       add + Advance()
//   done         seal + Advance()
//   refuse 1 -5  opening 1 will fail with -5
//   on S1 ...    do the rest of the line inside event S1

#include "../../native/connect/connect_race.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "check.h"

namespace {

using uvnet::ConnectRace;
using EventType = ConnectRace::EventType;

class FakeHost final : public ConnectRace::Host {
 public:
  explicit FakeHost(const ConnectRace::Options& options) : race_(this, options) {}

  // Runs one line of input and returns what the race did.
  std::string Run(const std::string& line) {
    log_.clear();
    Do(line);
    return log_;
  }

  uint64_t Now() override { return now_; }

  void StartTimer(uint64_t ms) override {
    const uint64_t at = now_ + ms;
    if (timer_at_ == at) return;  // armed again for the same moment: not worth a word
    timer_at_ = at;
    Log("t" + std::to_string(ms));
  }

  void StopTimer() override {
    if (timer_at_ == ConnectRace::kNever) return;
    timer_at_ = ConnectRace::kNever;
    Log("t-");
  }

  int OpenAttempt(uint32_t candidate) override {
    const auto refused = refused_.find(candidate);
    if (refused != refused_.end()) return refused->second;
    Log("o" + std::to_string(candidate));
    return 0;
  }

  void CloseAttempt(uint32_t candidate) override { Log("c" + std::to_string(candidate)); }

  void OnEvent(const ConnectRace::Event& event) override {
    std::string name;
    switch (event.type) {
      case EventType::kAttemptStarted: name = "S"; break;
      case EventType::kAttemptFailed: name = "F"; break;
      case EventType::kDelayPassed: name = "D"; break;
      case EventType::kGaveWay: name = "G"; break;
      case EventType::kWon: name = "W"; break;
      case EventType::kAllFailed: name = "X"; break;
      case EventType::kTimedOut: name = "T"; break;
      case EventType::kCancelled: name = "K"; break;
    }
    if (event.candidate != ConnectRace::kNoCandidate) name += std::to_string(event.candidate);
    Log(event.status == 0 ? name : name + ":" + std::to_string(event.status));
    const auto hook = hooks_.find(name);
    if (hook == hooks_.end()) return;
    const std::string line = hook->second;
    hooks_.erase(hook);
    Do(line);
  }

  ConnectRace& race() { return race_; }

 private:
  void Log(const std::string& entry) {
    if (!log_.empty()) log_ += ' ';
    log_ += entry;
  }

  void Do(const std::string& line) {
    std::istringstream words(line);
    std::string word;
    while (words >> word) {
      uint32_t number = 0;
      if (word == "add" || word == "late") {
        std::string family;
        while (words >> std::ws && std::isdigit(words.peek()) && words >> family) {
          race_.Add(std::stoi(family));
        }
        if (word == "late") race_.Advance();
      } else if (word == "seal") {
        race_.NoMoreCandidates();
      } else if (word == "done") {
        race_.NoMoreCandidates();
        race_.Advance();
      } else if (word == "start") {
        race_.Start();
      } else if (word == "ok") {
        words >> number;
        race_.Settle(number, 0);
      } else if (word == "fail") {
        words >> number;
        race_.Settle(number, -1);
      } else if (word == "refuse") {
        int status = 0;
        words >> number >> status;
        refused_[number] = status;
      } else if (word == "tick") {
        words >> number;
        Tick(number);
      } else if (word == "timer") {
        race_.OnTimer();
      } else if (word == "cancel") {
        race_.Cancel();
      } else if (word == "on") {
        std::string event;
        std::string rest;
        words >> event;
        std::getline(words, rest);
        hooks_[event] = rest;
      } else {
        check::Fail(__FILE__, __LINE__, "unknown word: " + word);
      }
    }
  }

  void Tick(uint64_t ms) {
    const uint64_t end = now_ + ms;
    while (timer_at_ <= end) {
      now_ = std::max(now_, timer_at_);
      timer_at_ = ConnectRace::kNever;
      race_.OnTimer();
    }
    now_ = end;
  }

  uint64_t now_ = 1000;
  uint64_t timer_at_ = ConnectRace::kNever;
  std::map<uint32_t, int> refused_;
  std::map<std::string, std::string> hooks_;
  std::string log_;
  ConnectRace race_;
};

ConnectRace::Options Options(uint32_t cap = 4, uint64_t timeout = ConnectRace::kNever,
                             uint32_t first_family_count = 1, uint64_t delay = 250) {
  ConnectRace::Options options;
  options.attempt_delay_ms = delay;
  options.connect_timeout_ms = timeout;
  options.max_concurrent = cap;
  options.first_family_count = first_family_count;
  return options;
}

struct Step {
  const char* input;
  const char* output;
};

struct Story {
  const char* name;
  ConnectRace::Options options;
  std::vector<Step> steps;
};

void Tell(const std::vector<Story>& stories) {
  for (const Story& story : stories) {
    FakeHost host(story.options);
    for (const Step& step : story.steps) {
      const std::string did = host.Run(step.input);
      if (did == step.output) continue;
      check::Fail(__FILE__, __LINE__,
                  std::string(story.name) + ", at '" + step.input + "':\n    got      " + did +
                      "\n    expected " + step.output);
      break;
    }
  }
}

}  // namespace

TEST(ASingleCandidateNeedsNoTimer) {
  Tell({
      {"connects", Options(), {{"add 4 seal start", "S0 o0"}, {"ok 0", "W0"}}},
      {"fails", Options(), {{"add 6 seal start", "S0 o0"}, {"fail 0", "c0 F0:-1 X"}}},
      {"cannot be opened", Options(), {{"add 4 seal refuse 0 -101 start", "S0 F0:-101 X"}}},
      {"time does not matter",
       Options(),
       {{"add 4 seal start", "S0 o0"}, {"tick 100000", ""}, {"ok 0", "W0"}}},
      {"with a limit", Options(4, 500), {{"add 4 seal start", "S0 o0 t500"}, {"ok 0", "t- W0"}}},
      {"past the limit",
       Options(4, 500),
       {{"add 4 seal start", "S0 o0 t500"}, {"tick 499", ""}, {"tick 1", "c0 T"}}},
  });
}

TEST(TheNextAttemptStartsWhenTheDelayPasses) {
  Tell({
      {"second wins",
       Options(),
       {{"add 4 6 seal start", "S0 o0 t250"},
        {"tick 249", ""},
        {"tick 1", "D0 S1 o1"},
        {"ok 1", "c0 W1"}}},
      {"first wins although the second started",
       Options(),
       {{"add 4 6 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1"},
        {"tick 750", ""},
        {"ok 0", "c1 W0"}}},
      {"first wins before the delay",
       Options(),
       {{"add 4 6 seal start", "S0 o0 t250"}, {"tick 100", ""}, {"ok 0", "t- W0"}}},
      {"the delay counts from the last start",
       Options(),
       {{"add 4 4 4 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1 t250"},
        {"tick 100", ""},
        {"tick 150", "D1 S2 o2"}}},
      {"the delay has a floor",
       Options(4, ConnectRace::kNever, 1, 0),
       {{"add 4 6 seal start", "S0 o0 t10"}, {"tick 10", "D0 S1 o1"}}},
      {"an early timer changes nothing",
       Options(),
       {{"add 4 6 seal start", "S0 o0 t250"}, {"timer", ""}, {"tick 250", "D0 S1 o1"}}},
  });
}

TEST(TheNextAttemptStartsAtOnceWhenOneFails) {
  Tell({
      {"the only running one",
       Options(),
       {{"add 4 6 seal start", "S0 o0 t250"}, {"tick 3", ""}, {"fail 0", "c0 F0:-1 S1 o1 t-"}}},
      {"the delay starts anew",
       Options(),
       {{"add 4 6 4 seal start", "S0 o0 t250"},
        {"tick 100", ""},
        {"fail 0", "c0 F0:-1 S1 o1 t250"},
        {"tick 250", "D1 S2 o2"}}},
      {"an older one while a newer runs",
       Options(),
       {{"add 4 6 4 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1 t250"},
        {"tick 10", ""},
        {"fail 0", "c0 F0:-1 S2 o2 t-"},
        {"ok 1", "c2 W1"}}},
      {"opening fails, again and again",
       Options(),
       {{"add 4 6 4 6 seal refuse 0 -101 refuse 1 -99 refuse 2 -101 start",
         "S0 F0:-101 S1 F1:-99 S2 F2:-101 S3 o3"},
        {"ok 3", "W3"}}},
      {"all fail",
       Options(),
       {{"add 4 6 seal start", "S0 o0 t250"},
        {"fail 0", "c0 F0:-1 S1 o1 t-"},
        {"fail 1", "c1 F1:-1 X"}}},
      {"the last one to fail ends it",
       Options(),
       {{"add 4 6 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1"},
        {"fail 1", "c1 F1:-1"},
        {"fail 0", "c0 F0:-1 X"}}},
  });
}

TEST(FamiliesAreInterleaved) {
  Tell({
      {"the first answer's family leads",
       Options(9),
       {{"add 6 6 6 4 4 seal start", "S0 o0 t250"},
        {"tick 1000", "D0 S3 o3 t250 D3 S1 o1 t250 D1 S4 o4 t250 D4 S2 o2"}}},
      {"IPv4 may lead",
       Options(9),
       {{"add 4 4 6 seal start", "S0 o0 t250"}, {"tick 500", "D0 S2 o2 t250 D2 S1 o1"}}},
      {"two of the first family first",
       Options(9, ConnectRace::kNever, 2),
       {{"add 6 6 6 4 4 seal start", "S0 o0 t250"},
        {"tick 1000", "D0 S1 o1 t250 D1 S3 o3 t250 D3 S2 o2 t250 D2 S4 o4"}}},
      {"more than there are",
       Options(9, ConnectRace::kNever, 7),
       {{"add 6 6 4 seal start", "S0 o0 t250"}, {"tick 500", "D0 S1 o1 t250 D1 S2 o2"}}},
      {"one family only",
       Options(9),
       {{"add 6 6 6 seal start", "S0 o0 t250"}, {"tick 500", "D0 S1 o1 t250 D1 S2 o2"}}},
      {"nothing counts as one",
       Options(9, ConnectRace::kNever, 0),
       {{"add 6 6 4 seal start", "S0 o0 t250"}, {"tick 500", "D0 S2 o2 t250 D2 S1 o1"}}},
  });
}

TEST(TheOldestGivesWayAtTheCap) {
  Tell({
      {"at two",
       Options(2),
       {{"add 4 4 4 4 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1 t250"},
        {"tick 250", "D1 c0 G0 S2 o2 t250"},
        {"tick 250", "D2 c1 G1 S3 o3"},
        {"ok 3", "c2 W3"}}},
      {"one at a time is node's way",
       Options(1),
       {{"add 4 6 4 seal start", "S0 o0 t250"},
        {"tick 250", "D0 c0 G0 S1 o1 t250"},
        {"tick 250", "D1 c1 G1 S2 o2"},
        {"tick 9999", ""},
        {"fail 2", "c2 F2:-1 X"}}},
      {"no cap counts as one",
       Options(0),
       {{"add 4 6 seal start", "S0 o0 t250"}, {"tick 250", "D0 c0 G0 S1 o1"}}},
      {"a failure makes room",
       Options(2),
       {{"add 4 4 4 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1 t250"},
        {"fail 1", "c1 F1:-1 S2 o2 t-"},
        {"ok 0", "c2 W0"}}},
      {"who gave way cannot win",
       Options(1),
       {{"add 4 6 seal start", "S0 o0 t250"},
        {"tick 250", "D0 c0 G0 S1 o1"},
        {"ok 0", ""},
        {"fail 0", ""},
        {"ok 1", "W1"}}},
      {"the last does not give way when nothing waits",
       Options(2),
       {{"add 4 4 seal start", "S0 o0 t250"}, {"tick 250", "D0 S1 o1"}, {"tick 9999", ""}}},
      {"all gave way or failed",
       Options(1),
       {{"add 4 4 seal start", "S0 o0 t250"},
        {"tick 250", "D0 c0 G0 S1 o1"},
        {"fail 1", "c1 F1:-1 X"}}},
  });
}

TEST(OnlyOneWins) {
  Tell({
      {"two successes in one turn",
       Options(),
       {{"add 4 6 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1"},
        {"ok 1 ok 0", "c0 W1"},
        {"fail 0 ok 1 cancel tick 9999 timer late 4 start", ""}}},
      {"the losers are closed before the win is told, oldest first",
       Options(),
       {{"add 4 4 4 4 4 seal start", "S0 o0 t250"},
        {"tick 750", "D0 S1 o1 t250 D1 S2 o2 t250 D2 S3 o3 t250"},
        {"ok 2", "t- c0 c1 c3 W2"}}},
  });
}

TEST(CandidatesMayComeLate) {
  Tell({
      {"an empty race waits",
       Options(),
       {{"start", ""}, {"tick 9999", ""}, {"late 6", "S0 o0"}, {"done", ""}, {"ok 0", "W0"}}},
      {"an empty race ends when nothing can come", Options(), {{"start", ""}, {"done", "X"}}},
      {"started with nothing to try", Options(), {{"seal start", "X"}}},
      {"late in the delay of the first",
       Options(),
       {{"add 4 start", "S0 o0"}, {"tick 100", ""}, {"late 6", "t150"}, {"tick 150", "D0 S1 o1"}}},
      {"late after the delay of the first",
       Options(),
       {{"add 4 start", "S0 o0"}, {"tick 300", ""}, {"late 6", "D0 S1 o1"}}},
      {"late after a failure",
       Options(),
       {{"add 4 start", "S0 o0"}, {"fail 0", "c0 F0:-1"}, {"late 6", "S1 o1"}}},
      {"late after a failure while another runs",
       Options(),
       {{"add 4 4 start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1"},
        {"fail 0", "c0 F0:-1"},
        {"late 6", "S2 o2"},
        {"late 6", "t250"},
        {"tick 250", "D2 S3 o3"}}},
      {"nothing came after a failure",
       Options(),
       {{"add 4 start", "S0 o0"}, {"fail 0", "c0 F0:-1"}, {"done", "X"}}},
      {"late ones interleave with the waiting ones",
       Options(9),
       {{"add 4 4 4 start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1 t250"},
        {"late 6 6", ""},
        {"tick 750", "D1 S3 o3 t250 D3 S2 o2 t250 D2 S4 o4"}}},
      {"too late", Options(), {{"add 4 start", "S0 o0"}, {"ok 0", "W0"}, {"late 6", ""}}},
  });
}

TEST(TheWholeRaceHasALimit) {
  Tell({
      {"between two starts",
       Options(4, 600),
       {{"add 4 4 4 4 seal start", "S0 o0 t250"},
        {"tick 500", "D0 S1 o1 t250 D1 S2 o2 t100"},
        {"tick 100", "c0 c1 c2 T"},
        {"ok 1", ""}}},
      {"at the moment of a start, the limit counts",
       Options(4, 250),
       {{"add 4 6 seal start", "S0 o0 t250"}, {"tick 250", "c0 T"}}},
      {"while waiting for candidates",
       Options(4, 100),
       {{"start", "t100"}, {"tick 100", "T"}, {"late 4", ""}}},
      {"a limit of nothing", Options(4, 0), {{"add 4 seal start", "S0 o0 t0"}, {"tick 0", "c0 T"}}},
      {"success in time",
       Options(4, 600),
       {{"add 4 6 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1 t350"},
        {"ok 0", "t- c1 W0"},
        {"tick 9999", ""}}},
      {"failure in time",
       Options(4, 600),
       {{"add 4 seal start", "S0 o0 t600"}, {"fail 0", "c0 F0:-1 t- X"}}},
  });
}

TEST(ItCanBeCancelledAtEveryStep) {
  Tell({
      {"before the start", Options(), {{"add 4 6 cancel", "K"}, {"start", ""}, {"cancel", ""}}},
      {"while waiting", Options(), {{"start", ""}, {"cancel", "K"}, {"late 4", ""}}},
      {"with one running",
       Options(),
       {{"add 4 6 seal start", "S0 o0 t250"}, {"cancel", "t- c0 K"}}},
      {"with several running",
       Options(),
       {{"add 4 6 4 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1 t250"},
        {"cancel", "t- c0 c1 K"},
        {"ok 0 ok 1 tick 9999", ""}}},
      {"inside 'started', the attempt is not opened",
       Options(),
       {{"on S0 cancel", ""}, {"add 4 6 seal start", "S0 K"}}},
      {"inside the second 'started'",
       Options(),
       {{"on S1 cancel", ""}, {"add 4 6 seal start", "S0 o0 t250"}, {"tick 250", "D0 S1 c0 K"}}},
      {"inside 'failed'",
       Options(),
       {{"on F0 cancel", ""}, {"add 4 6 seal start", "S0 o0 t250"}, {"fail 0", "c0 F0:-1 t- K"}}},
      {"inside 'failed' of an opening",
       Options(),
       {{"on F0 cancel", ""}, {"add 4 6 seal refuse 0 -101 start", "S0 F0:-101 K"}}},
      {"inside 'delay passed'",
       Options(),
       {{"on D0 cancel", ""}, {"add 4 6 seal start", "S0 o0 t250"}, {"tick 250", "D0 c0 K"}}},
      {"inside 'gave way'",
       Options(1),
       {{"on G0 cancel", ""}, {"add 4 6 seal start", "S0 o0 t250"}, {"tick 250", "D0 c0 G0 K"}}},
      {"inside 'won', too late",
       Options(),
       {{"on W0 cancel", ""}, {"add 4 6 seal start", "S0 o0 t250"}, {"ok 0", "t- W0"}}},
      {"inside 'all failed', too late",
       Options(),
       {{"on X cancel", ""}, {"add 4 seal start", "S0 o0"}, {"fail 0", "c0 F0:-1 X"}}},
      {"inside 'timed out', too late",
       Options(4, 100),
       {{"on T cancel", ""}, {"add 4 seal start", "S0 o0 t100"}, {"tick 100", "c0 T"}}},
      {"inside 'cancelled', once is enough",
       Options(),
       {{"on K cancel", ""}, {"add 4 seal start", "S0 o0"}, {"cancel", "c0 K"}}},
  });
}

TEST(HandlersMayDoAnythingElseToo) {
  Tell({
      {"add inside 'started'",
       Options(),
       {{"on S0 late 6", ""}, {"add 4 start", "S0 o0 t250"}, {"tick 250", "D0 S1 o1"}}},
      {"add inside 'failed'",
       Options(),
       {{"on F0 late 6 done", ""},
        {"add 4 start", "S0 o0"},
        {"fail 0", "c0 F0:-1 S1 o1"},
        {"ok 1", "W1"}}},
      {"seal inside the last 'failed'",
       Options(),
       {{"on F0 done", ""}, {"add 4 start", "S0 o0"}, {"fail 0", "c0 F0:-1 X"}}},
      {"another one connects inside 'started'",
       Options(),
       {{"on S1 ok 0", ""}, {"add 4 6 seal start", "S0 o0 t250"}, {"tick 250", "D0 S1 W0"}}},
      {"another one fails inside 'started'",
       Options(),
       {{"on S1 fail 0", ""},
        {"add 4 6 4 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 c0 F0:-1 o1 S2 o2"}}},
      {"the newest fails inside 'delay passed'",
       Options(),
       {{"on D0 fail 0", ""},
        {"add 4 6 seal start", "S0 o0 t250"},
        {"tick 250", "D0 c0 F0:-1 S1 o1"}}},
      {"the last one fails inside 'gave way'",
       Options(2),
       {{"on G0 fail 1", ""},
        {"add 4 4 4 seal start", "S0 o0 t250"},
        {"tick 250", "D0 S1 o1 t250"},
        {"tick 250", "D1 c0 G0 c1 F1:-1 S2 o2"}}},
      {"start inside 'started'",
       Options(),
       {{"on S0 start timer", ""}, {"add 4 6 seal start", "S0 o0 t250"}}},
  });
}

// Random races with random interference. What must hold whatever happens:
//  - never more than the cap open; every opened attempt is closed exactly once, or wins;
//  - a candidate is started at most once; nothing is opened without having been announced;
//  - exactly one end, and neither an event nor a call to the host after it;
//  - no attempt that runs is ended by a start while there is room under the cap;
//  - an unfinished race always has something to wait for.
namespace {

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
