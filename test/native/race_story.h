// Stories about the race of connection attempts.
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

#ifndef UVNET_TEST_RACE_STORY_H_
#define UVNET_TEST_RACE_STORY_H_

#include <algorithm>
#include <cctype>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../../native/connect/connect_race.h"
#include "check.h"

namespace race {

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

inline ConnectRace::Options Options(uint32_t cap = 4, uint64_t timeout = ConnectRace::kNever,
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

inline void Tell(const std::vector<Story>& stories) {
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

}  // namespace race

#endif  // UVNET_TEST_RACE_STORY_H_
