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

// What the limits of servers are compared with: the open connections, in all and by address, and
// the rate of new ones. A server has its own, or those of a group, which servers of any thread of
// the process count in together.
//
// Thread-safe. The lock is taken twice for a connection, never for its data.
class LimitCounters {
 public:
  using Ticket = PerAddressLimiter::Ticket;

  static constexpr uint32_t kNoLimit = UINT32_MAX;

  // What a server allows. The servers of a group may differ in this.
  struct Limits {
    uint32_t connections = kNoLimit;
    uint32_t per_address = kNoLimit;
    unsigned ipv6_prefix = PerAddressLimiter::kDefaultIPv6Prefix;
    bool has_rate = false;
  };

  enum class Answer : uint8_t { kEntered, kTooMany, kTooManyOfAddress, kTooFast };

  // Those of a group, which are there while somebody has them. Without a name, new ones.
  static std::shared_ptr<LimitCounters> Of(const std::string& group);

  // Of a group, what was set last holds for all.
  void SetRate(double per_second, uint32_t burst);

  bool IsFull(const Limits& limits);

  // A connection enters. `address` is null where it is not to be counted, or not known yet.
  Answer Enter(const Limits& limits, const sockaddr* address, Ticket* ticket);
  // The address of one that has entered has become known.
  Answer EnterAddress(const Limits& limits, const sockaddr* address, Ticket* ticket);
  // One that had entered is gone.
  void Leave(Ticket ticket);

 private:
  bool TakePlace(const Limits& limits, const sockaddr* address, Ticket* ticket);

  std::mutex mutex_;
  uint64_t open_ = 0;
  TokenBucket rate_;
  // Made when the first connection is to be counted by its address.
  std::unique_ptr<PerAddressLimiter> per_address_;
};

}  // namespace uvnet

#endif  // UVNET_LIMIT_COUNTERS_H_
