#ifndef UVNET_TOKEN_BUCKET_H_
#define UVNET_TOKEN_BUCKET_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace uvnet {

// Allows `per_second` events on average, and up to `burst` at once after a pause.
//
// The state is one point in time (the "generic cell rate algorithm"): the time at which the bucket
// is full again. It uses integers only, so nothing drifts, and nothing runs between calls. The
// caller passes the time, in nanoseconds of a monotonic clock.
class TokenBucket {
 public:
  // Keeps the products below within 64 bits. A burst that would take longer than this (73 years) to
  // refill takes this long.
  static constexpr double kLongest = 2305843009213693952.0;  // 2^61

  TokenBucket() = default;
  TokenBucket(double per_second, uint32_t burst) { Configure(per_second, burst, 0); }

  // `burst` is at least 1. A rate that is not a positive number counts as the slowest possible
  // rate, so a mistake never lets connections in. Tokens that were taken stay taken.
  void Configure(double per_second, uint32_t burst, uint64_t now) {
    const double taken =
        full_at_ > now ? static_cast<double>(full_at_ - now) / static_cast<double>(interval_) : 0;
    // Rounded up, so that the rate is never higher than requested.
    interval_ = Capped(per_second > 0 ? std::ceil(1e9 / per_second) : kLongest);
    tolerance_ = burst > 1 ? Capped(static_cast<double>(interval_) * (burst - 1.0)) : 0;
    const uint64_t used = Capped(static_cast<double>(interval_) * taken);
    full_at_ = now + std::min(used, tolerance_ + interval_);
  }

  // Takes a token if there is one.
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

  uint64_t interval_ = 0;   // time between two tokens
  uint64_t tolerance_ = 0;  // how far `full_at_` may be ahead of the clock
  uint64_t full_at_ = 0;
};

}  // namespace uvnet

#endif  // UVNET_TOKEN_BUCKET_H_
