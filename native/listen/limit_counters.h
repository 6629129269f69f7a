#ifndef UVNET_LIMIT_COUNTERS_H_
#define UVNET_LIMIT_COUNTERS_H_

#include <uv.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "listen/per_address_limiter.h"
#include "listen/token_bucket.h"

namespace uvnet {

// The counters that the limits of servers are compared with: open connections in total and by
// address, and the rate of new ones. A server has its own counters, or shares those of a group with
// servers of any thread of the process.
//
// Thread-safe. The lock is taken twice per connection, never for its data.
class LimitCounters {
 public:
  using Ticket = PerAddressLimiter::Ticket;

  static constexpr uint32_t kNoLimit = UINT32_MAX;

  // The limits of a server. Servers of a group may have different limits.
  struct Limits {
    uint32_t connections = kNoLimit;
    uint32_t per_address = kNoLimit;
    unsigned ipv6_prefix = PerAddressLimiter::kDefaultIPv6Prefix;
    bool has_rate = false;
  };

  enum class Answer : uint8_t { kEntered, kTooMany, kTooManyOfAddress, kTooFast };

  // Returns the counters of a group, which exist as long as they have an owner. Without a name,
  // returns new counters.
  static std::shared_ptr<LimitCounters> Of(const std::string& group);

  // In a group, the value that was set last applies to all.
  void SetRate(double per_second, uint32_t burst);

  bool IsFull(const Limits& limits);

  // Adds a connection. `address` is null if it must not be counted, or is not known yet.
  Answer Enter(const Limits& limits, const sockaddr* address, Ticket* ticket);
  // Adds the address of a connection that was added without one.
  Answer EnterAddress(const Limits& limits, const sockaddr* address, Ticket* ticket);
  // Removes a connection.
  void Leave(Ticket ticket);

 private:
  bool TakePlace(const Limits& limits, const sockaddr* address, Ticket* ticket);

  std::mutex mutex_;
  uint64_t open_ = 0;
  TokenBucket rate_;
  // Made when the first connection is counted by its address.
  std::unique_ptr<PerAddressLimiter> per_address_;
};

}  // namespace uvnet

#endif  // UVNET_LIMIT_COUNTERS_H_
