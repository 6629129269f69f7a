#include "listen/limit_counters.h"

#include <iterator>
#include <unordered_map>

#include "address/address.h"

namespace uvnet {

namespace {

using Lock = std::lock_guard<std::mutex>;

struct Groups {
  std::mutex mutex;
  std::unordered_map<std::string, std::weak_ptr<LimitCounters>> counters;

  // Never destroyed: threads may outlive the end of the main thread.
  static Groups& Instance() {
    static auto* const groups = new Groups();
    return *groups;
  }
};

}  // namespace

std::shared_ptr<LimitCounters> LimitCounters::Of(const std::string& group) {
  if (group.empty()) return std::make_shared<LimitCounters>();
  Groups& groups = Groups::Instance();
  const Lock lock(groups.mutex);
  for (auto at = groups.counters.begin(); at != groups.counters.end();) {
    at = at->second.expired() ? groups.counters.erase(at) : std::next(at);
  }
  std::weak_ptr<LimitCounters>& known = groups.counters[group];
  std::shared_ptr<LimitCounters> counters = known.lock();
  if (counters == nullptr) known = counters = std::make_shared<LimitCounters>();
  return counters;
}

void LimitCounters::SetRate(double per_second, uint32_t burst) {
  const Lock lock(mutex_);
  rate_.Configure(per_second, burst, uv_hrtime());
}

bool LimitCounters::IsFull(const Limits& limits) {
  const Lock lock(mutex_);
  return open_ >= limits.connections;
}

LimitCounters::Answer LimitCounters::Enter(const Limits& limits, const sockaddr* address,
                                           Ticket* ticket) {
  const Lock lock(mutex_);
  *ticket = PerAddressLimiter::kNoTicket;
  if (open_ >= limits.connections) return Answer::kTooMany;
  // This comes before the rate, so that one address cannot use up the rate of all.
  if (address != nullptr && !TakePlace(limits, address, ticket)) return Answer::kTooManyOfAddress;
  if (limits.has_rate && !rate_.Take(uv_hrtime())) {
    if (per_address_ != nullptr) per_address_->Release(*ticket);
    return Answer::kTooFast;
  }
  ++open_;
  return Answer::kEntered;
}

LimitCounters::Answer LimitCounters::EnterAddress(const Limits& limits, const sockaddr* address,
                                                  Ticket* ticket) {
  const Lock lock(mutex_);
  return TakePlace(limits, address, ticket) ? Answer::kEntered : Answer::kTooManyOfAddress;
}

void LimitCounters::Leave(Ticket ticket) {
  const Lock lock(mutex_);
  --open_;
  if (per_address_ != nullptr) per_address_->Release(ticket);
}

// Also returns true if there is no limit, or no address to count.
bool LimitCounters::TakePlace(const Limits& limits, const sockaddr* address, Ticket* ticket) {
  *ticket = PerAddressLimiter::kNoTicket;
  if (limits.per_address == kNoLimit) return true;
  if (per_address_ == nullptr) {
    uint64_t seed = uv_hrtime();
    // If the system has no randomness available, only the time is used.
    (void)uv_random(nullptr, nullptr, &seed, sizeof seed, 0, nullptr);
    per_address_.reset(new PerAddressLimiter(seed));
  }
  per_address_->SetIPv6Prefix(limits.ipv6_prefix);
  IpAddress ip;
  if (!IpAddressOf(address, &ip)) return true;
  *ticket = ip.family == 4 ? per_address_->AcquireIPv4(ip.bytes, limits.per_address)
                           : per_address_->AcquireIPv6(ip.bytes, limits.per_address);
  return *ticket != PerAddressLimiter::kNoTicket;
}

}  // namespace uvnet
