// Links: native/listen/per_address_limiter.cc

#include "../../native/listen/per_address_limiter.h"

#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "check.h"

using uvnet::PerAddressLimiter;

namespace {

constexpr PerAddressLimiter::Ticket kNo = PerAddressLimiter::kNoTicket;

struct IPv6 {
  uint8_t bytes[16] = {};
  IPv6(std::initializer_list<int> front, int last = 0) {
    size_t at = 0;
    for (int byte : front) bytes[at++] = static_cast<uint8_t>(byte);
    bytes[15] = static_cast<uint8_t>(last);
  }
};

}  // namespace

TEST(TheLimitHoldsPerAddress) {
  PerAddressLimiter limiter(1);
  const uint8_t a[] = {10, 0, 0, 1};
  const uint8_t b[] = {10, 0, 0, 2};
  const auto first = limiter.AcquireIPv4(a, 2);
  CHECK(first != kNo);
  CHECK(limiter.AcquireIPv4(a, 2) != kNo);
  CHECK_EQ(limiter.AcquireIPv4(a, 2), kNo);
  CHECK(limiter.AcquireIPv4(b, 2) != kNo);
  limiter.Release(first);
  CHECK(limiter.AcquireIPv4(a, 2) != kNo);
  CHECK_EQ(limiter.AcquireIPv4(a, 2), kNo);
  CHECK_EQ(limiter.size(), 2u);
}

TEST(TheLimitMayChange) {
  PerAddressLimiter limiter(1);
  const uint8_t a[] = {10, 0, 0, 1};
  CHECK(limiter.AcquireIPv4(a, 3) != kNo);
  CHECK(limiter.AcquireIPv4(a, 3) != kNo);
  CHECK_EQ(limiter.AcquireIPv4(a, 1), kNo);
  CHECK_EQ(limiter.AcquireIPv4(a, 0), kNo);
  CHECK(limiter.AcquireIPv4(a, 3) != kNo);
}

TEST(IPv6CountsByPrefix) {
  PerAddressLimiter limiter(1);
  const IPv6 a({0x20, 1, 0xd, 0xb8, 0, 0, 0, 1}, 1);
  const IPv6 same_network({0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 9}, 2);
  const IPv6 next_network({0x20, 1, 0xd, 0xb8, 0, 0, 0, 2}, 1);
  CHECK(limiter.AcquireIPv6(a.bytes, 1) != kNo);
  CHECK_EQ(limiter.AcquireIPv6(same_network.bytes, 1), kNo);
  CHECK(limiter.AcquireIPv6(next_network.bytes, 1) != kNo);

  limiter.SetIPv6Prefix(128);
  CHECK(limiter.AcquireIPv6(same_network.bytes, 1) != kNo);
  CHECK_EQ(limiter.AcquireIPv6(same_network.bytes, 1), kNo);
  limiter.SetIPv6Prefix(56);
  CHECK(limiter.AcquireIPv6(a.bytes, 1) != kNo);
  CHECK_EQ(limiter.AcquireIPv6(next_network.bytes, 1), kNo);
  limiter.SetIPv6Prefix(0);
  CHECK(limiter.AcquireIPv6(a.bytes, 1) != kNo);
  CHECK_EQ(limiter.AcquireIPv6(IPv6({0xfe, 0x80}, 1).bytes, 1), kNo);
}

TEST(MappedAddressesAreIPv4) {
  PerAddressLimiter limiter(1);
  const uint8_t a[] = {10, 0, 0, 1};
  const IPv6 mapped({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0}, 1);
  const IPv6 neighbour({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0}, 2);
  CHECK(limiter.AcquireIPv4(a, 1) != kNo);
  CHECK_EQ(limiter.AcquireIPv6(mapped.bytes, 1), kNo);
  // Not by the IPv6 prefix, which would make one address of all of IPv4.
  CHECK(limiter.AcquireIPv6(neighbour.bytes, 1) != kNo);
}

TEST(WrongTicketsDoNothing) {
  PerAddressLimiter limiter(1);
  limiter.Release(kNo);
  limiter.Release(0);
  const uint8_t a[] = {10, 0, 0, 1};
  const auto ticket = limiter.AcquireIPv4(a, 1);
  limiter.Release(ticket);
  limiter.Release(ticket);
  CHECK_EQ(limiter.size(), 0u);
  CHECK(limiter.AcquireIPv4(a, 1) != kNo);
}

TEST(MemoryOfAFloodIsGivenBack) {
  PerAddressLimiter limiter(1);
  std::vector<PerAddressLimiter::Ticket> tickets;
  for (uint32_t i = 0; i < 100000; ++i) {
    const uint8_t address[] = {10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                               static_cast<uint8_t>(i)};
    tickets.push_back(limiter.AcquireIPv4(address, 1));
  }
  CHECK_EQ(limiter.size(), 100000u);
  CHECK(limiter.MemoryBytes() < 48 * 100000u);
  for (const auto ticket : tickets) limiter.Release(ticket);
  CHECK_EQ(limiter.size(), 0u);
  CHECK_EQ(limiter.MemoryBytes(), 0u);
}

TEST(RandomUseMatchesAMap) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    check::Random random(seed);
    PerAddressLimiter limiter(seed);
    std::map<std::string, uint32_t> counts;
    std::vector<std::pair<std::string, PerAddressLimiter::Ticket>> open;
    for (int step = 0; step < 20000; ++step) {
      // Grows to some thousands, and shrinks again.
      const bool grows = (step / 5000) % 2 == 0;
      if (open.empty() || random.Below(10) < (grows ? 7u : 3u)) {
        IPv6 address({0x20, 1, static_cast<int>(random.Below(8)), 0,
                      static_cast<int>(random.Below(256)), 0, 0, static_cast<int>(random.Below(2))},
                     static_cast<int>(random.Below(256)));
        const std::string key(reinterpret_cast<const char*>(address.bytes), 8);
        const auto ticket = limiter.AcquireIPv6(address.bytes, 3);
        CHECK_EQ(ticket != kNo, counts[key] < 3);
        if (ticket == kNo) continue;
        ++counts[key];
        open.emplace_back(key, ticket);
      } else {
        const size_t at = random.Below(open.size());
        std::swap(open[at], open.back());
        limiter.Release(open.back().second);
        if (--counts[open.back().first] == 0) counts.erase(open.back().first);
        open.pop_back();
      }
      for (auto at = counts.begin(); step % 1000 == 0 && at != counts.end();) {
        at = at->second == 0 ? counts.erase(at) : std::next(at);
      }
      if (step % 1000 == 0) CHECK_EQ(limiter.size(), counts.size());
    }
  }
}

int main() { return check::RunTests(); }
