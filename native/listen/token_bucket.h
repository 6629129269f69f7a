#ifndef UVNET_TOKEN_BUCKET_H_
#define UVNET_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstdint>

namespace uvnet {

// Lets `per_second` events through on average, and up to `burst` at once after a rest.
//
// Kept as one point in time (the "generic cell rate algorithm"): the moment at which the bucket is
// full again. Integers only, so nothing drifts; nothing runs between the calls. The caller gives
// the time, in nanoseconds of a clock that does not go back.
class TokenBucket {
 public:
  // Keeps the products below inside 64 bits: bursts that take longer to refill than this, 73 years,
  // do so in this time.
  static constexpr uint64_t kLongest = uint64_t{1} << 61;

  TokenBucket() = default;
  // `per_second` above 0, `burst` at least 1.
  TokenBucket(double per_second, uint32_t burst) { Configure(per_second, burst); }

  // What has been used of the old burst stays used.
  void Configure(double per_second, uint32_t burst) {
    const double interval = 1e9 / per_second;
    const double longest = static_cast<double>(kLongest);
    interval_ = static_cast<uint64_t>(std::min(interval, longest));
    tolerance_ = static_cast<uint64_t>(std::min(interval * (burst - 1.0), longest));
  }

  // Takes one token if there is one.
  bool Take(uint64_t now) {
    const uint64_t full_at = std::max(full_at_, now);
    if (full_at - now > tolerance_) return false;
    full_at_ = full_at + interval_;
    return true;
  }

 private:
  uint64_t interval_ = 0;   // between two tokens
  uint64_t tolerance_ = 0;  // how far `full_at_` may be ahead of the clock
  uint64_t full_at_ = 0;
};

}  // namespace uvnet

#endif  // UVNET_TOKEN_BUCKET_H_
