#ifndef UVNET_PER_ADDRESS_LIMITER_H_
#define UVNET_PER_ADDRESS_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace uvnet {

// Counts open connections per peer address.
//
// IPv4 addresses count as they are, also where they come as IPv4-mapped IPv6. Of IPv6 addresses
// only the first `prefix` bits count: a peer that has one address usually has a /64 of them.
//
// A connection that was let in holds a ticket, four bytes, and gives it back when it closes: no
// need to remember the address, and a changed prefix does not mix up connections that are open
// already (they go on counting for the old prefix). A hash table with chains of indices into one
// array; about 32 bytes per address with an open connection, none for others. The hash is keyed, so
// that peers cannot choose addresses that collide.
class PerAddressLimiter {
 public:
  using Ticket = uint32_t;
  static constexpr Ticket kNoTicket = UINT32_MAX;
  static constexpr unsigned kDefaultIPv6Prefix = 64;

  // `seed` should not be known to the peers.
  explicit PerAddressLimiter(uint64_t seed);

  // 0 to 128.
  void SetIPv6Prefix(unsigned bits) { ipv6_prefix_ = bits; }

  // A ticket, or kNoTicket where the address has `limit` connections already.
  Ticket AcquireIPv4(const uint8_t address[4], uint32_t limit);
  Ticket AcquireIPv6(const uint8_t address[16], uint32_t limit);

  // kNoTicket is allowed, and ignored.
  void Release(Ticket ticket);

  // Addresses (or prefixes) with open connections.
  size_t size() const { return size_; }

  size_t MemoryBytes() const;

 private:
  // An address as two halves in network byte order; IPv4 as IPv4-mapped.
  struct Key {
    uint64_t high;
    uint64_t low;
  };
  struct Entry {
    Key key;
    uint32_t count;  // 0: the entry is free
    uint32_t next;   // in its chain, or among the free entries
  };

  Ticket Acquire(const Key& key, uint32_t limit);
  size_t Bucket(const Key& key) const;
  void Grow();

  const uint64_t seeds_[3];
  unsigned ipv6_prefix_ = kDefaultIPv6Prefix;
  size_t size_ = 0;
  uint32_t free_ = kNoTicket;
  std::vector<Entry> entries_;
  std::vector<uint32_t> buckets_;  // heads of the chains; a power of two of them
};

}  // namespace uvnet

#endif  // UVNET_PER_ADDRESS_LIMITER_H_
