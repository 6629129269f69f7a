// Links: native/transfer/offers.cc

#include "../../native/transfer/offers.h"

#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

using uvnet::Offer;
using uvnet::Offers;

// The one function of libuv that the registry needs.
extern "C" int uv_random(uv_loop_t*, uv_random_t*, void* buffer, size_t size, unsigned,
                         uv_random_cb) {
  static std::atomic<uint64_t> next{1};
  const uint64_t number = next++;
  std::memset(buffer, 0, size);
  std::memcpy(buffer, &number, sizeof number);
  return 0;
}

namespace {

// Numbers of descriptors say nothing while other threads open some: a pipe tells whether its other
// end was closed.
struct Pipe {
  int read_end = -1;
  int write_end = -1;

  Pipe() {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    read_end = ends[0];
    write_end = ends[1];
    if (fcntl(read_end, F_SETFL, O_NONBLOCK) != 0) std::abort();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { close(read_end); }

  bool OtherEndIsClosed() const {
    char byte;
    return read(read_end, &byte, 1) == 0;
  }
};

Offer OfferOf(const Pipe& pipe, const void* owner) {
  Offer offer;
  offer.fd = pipe.write_end;
  offer.owner = owner;
  return offer;
}

// Keys on their way from those who offer to those who take.
class Channel {
 public:
  void Put(const std::string& key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    keys_.push_back(key);
    changed_.notify_one();
  }
  void Finish() {
    const std::lock_guard<std::mutex> lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }
  bool Get(std::string* key) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return finished_ || !keys_.empty(); });
    if (keys_.empty()) return false;
    *key = keys_.back();
    keys_.pop_back();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> keys_;
  bool finished_ = false;
};

}  // namespace

TEST(an_offer_is_taken_once) {
  Offers offers;
  int owner = 0;
  const Pipe pipe;
  std::string key;
  CHECK_EQ(offers.Add(OfferOf(pipe, &owner), &key), 0);
  Offer taken;
  CHECK(!offers.Take("another", &taken));
  CHECK(offers.Take(key, &taken));
  CHECK_EQ(taken.fd, pipe.write_end);
  CHECK(!offers.Take(key, &taken));
  offers.End(&owner);
  CHECK(!pipe.OtherEndIsClosed());
  Offers::Discard(taken);
  CHECK(pipe.OtherEndIsClosed());
}

TEST(offers_end_with_their_owner_only) {
  Offers offers;
  int mine = 0;
  int yours = 0;
  const Pipe first;
  const Pipe second;
  std::string first_key;
  std::string second_key;
  CHECK_EQ(offers.Add(OfferOf(first, &mine), &first_key), 0);
  CHECK_EQ(offers.Add(OfferOf(second, &yours), &second_key), 0);
  offers.End(&mine);
  CHECK(first.OtherEndIsClosed());
  CHECK(!second.OtherEndIsClosed());
  Offer taken;
  CHECK(!offers.Take(first_key, &taken));
  CHECK(offers.Take(second_key, &taken));
  Offers::Discard(taken);
}

TEST(a_name_goes_with_its_offer) {
  char name[] = "/tmp/uvnet-offers-XXXXXX";
  const int file = mkstemp(name);
  CHECK(file >= 0);
  close(file);
  Offers offers;
  int owner = 0;
  const Pipe pipe;
  Offer offer = OfferOf(pipe, &owner);
  offer.name = name;
  std::string key;
  CHECK_EQ(offers.Add(offer, &key), 0);
  CHECK_EQ(access(name, F_OK), 0);
  offers.End(&owner);
  CHECK(access(name, F_OK) != 0);
}

// Run under ThreadSanitizer, this is the proof that threads may meet here. Two threads offer, and
// end now and then; two take. Each descriptor is taken by one or closed by the end of its owner.
TEST(threads_offer_take_and_end) {
  constexpr int kRounds = 2000;
  Offers& offers = Offers::Shared();
  Channel channel;
  std::atomic<int> taken{0};
  std::atomic<int> closed{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> givers;
  for (int giver = 0; giver < 2; ++giver) {
    givers.emplace_back([&] {
      int owner = 0;
      for (int round = 0; round < kRounds; ++round) {
        const Pipe pipe;
        std::string key;
        if (offers.Add(OfferOf(pipe, &owner), &key) != 0) ++wrong;
        channel.Put(key);
        if (round % 3 == 0) offers.End(&owner);
        // Until somebody has closed it, the taker or the end.
        char byte;
        if (fcntl(pipe.read_end, F_SETFL, 0) != 0) ++wrong;
        const ssize_t size = read(pipe.read_end, &byte, 1);
        if (size == 1) {
          if (read(pipe.read_end, &byte, 1) != 0) ++wrong;
        } else if (size != 0) {
          ++wrong;
        }
        ++closed;
      }
    });
  }
  std::vector<std::thread> takers;
  for (int taker = 0; taker < 2; ++taker) {
    takers.emplace_back([&] {
      std::string key;
      while (channel.Get(&key)) {
        Offer offer;
        if (!offers.Take(key, &offer)) continue;
        if (write(offer.fd, "x", 1) != 1) ++wrong;
        ++taken;
        Offers::Discard(offer);
      }
    });
  }
  for (std::thread& thread : givers) thread.join();
  channel.Finish();
  for (std::thread& thread : takers) thread.join();
  CHECK_EQ(wrong.load(), 0);
  CHECK_EQ(closed.load(), 2 * kRounds);
  CHECK(taken.load() > 0 && taken.load() <= 2 * kRounds);
}

int main() { return check::RunTests(); }
