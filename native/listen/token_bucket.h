#ifndef UVNET_TOKEN_BUCKET_H_
#define UVNET_TOKEN_BUCKET_H_

#include <algorithm>
#include <cmath>
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
  static constexpr double kLongest = 2305843009213693952.0;  // 2^61

  TokenBucket() = default;
  TokenBucket(double per_second, uint32_t burst) { Configure(per_second, burst, 0); }

  // `burst` is at least 1. A rate that is no positive number is the slowest there is: whatever went
  // wrong, nobody is let in by it. Tokens that were taken stay taken.
  void Configure(double per_second, uint32_t burst, uint64_t now) {
    const double taken =
        full_at_ > now ? static_cast<double>(full_at_ - now) / static_cast<double>(interval_) : 0;
    // Rounded up: the rate is never more than was asked for.
    interval_ = Capped(per_second > 0 ? std::ceil(1e9 / per_second) : kLongest);
    tolerance_ = burst > 1 ? Capped(static_cast<double>(interval_) * (burst - 1.0)) : 0;
    const uint64_t used = Capped(static_cast<double>(interval_) * taken);
    full_at_ = now + std::min(used, tolerance_ + interval_);
  }

  // Takes one token if there is one.
  bool Take(uint64_t now) {
    const uint64_t full_at = std::max(full_at_, now);
    if (full_at - now > tolerance_) return false;
    full_at_ = full_at + interval_;
    return true;
  }

 private:
  static uint64_t Capped(double nanoseconds) {
    return static_cast<uint64_t>(std::min(nanoseconds, kLongest));
  }

  uint64_t interval_ = 0;   // between two tokens
  uint64_t tolerance_ = 0;  // how far `full_at_` may be ahead of the clock
  uint64_t full_at_ = 0;
};

}  // namespace uvnet

#endif  // UVNET_TOKEN_BUCKET_H_
