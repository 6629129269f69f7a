#ifndef UVNET_PER_ADDRESS_LIMITER_H_
#define UVNET_PER_ADDRESS_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace uvnet {

// Counts open connections per peer address.
//
// IPv4 addresses count as they are, also in IPv4-mapped form. For IPv6 addresses, only the first
// `prefix` bits count, because a peer with one address usually has a /64 of them.
//
// An admitted connection holds a ticket of four bytes, and returns it when it closes. So the
// address need not be stored, and a changed prefix does not affect open connections: they still
// count for the old prefix. The counters are a hash table with chains of indexes into one array. It
// takes about 32 bytes per address with an open connection, and none for others. The hash has a
// secret key, so peers cannot choose addresses that collide.
class PerAddressLimiter {
 public:
  using Ticket = uint32_t;
  static constexpr Ticket kNoTicket = UINT32_MAX;
  static constexpr unsigned kDefaultIPv6Prefix = 64;

  // `seed` should be secret.
  explicit PerAddressLimiter(uint64_t seed);

  // 0 to 128.
  void SetIPv6Prefix(unsigned bits) { ipv6_prefix_ = bits; }

  // Returns a ticket, or kNoTicket if the address already has `limit` connections.
  Ticket AcquireIPv4(const uint8_t address[4], uint32_t limit);
  Ticket AcquireIPv6(const uint8_t address[16], uint32_t limit);

  // Gives a ticket back. kNoTicket is ignored.
  void Release(Ticket ticket);

  // The number of addresses (or prefixes) with open connections.
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
    uint32_t next;   // next entry of the chain, or of the free list
  };

  Ticket Acquire(const Key& key, uint32_t limit);
  size_t Bucket(const Key& key) const;
  void Grow();

  const uint64_t seeds_[3];
  unsigned ipv6_prefix_ = kDefaultIPv6Prefix;
  size_t size_ = 0;
  uint32_t free_ = kNoTicket;
  std::vector<Entry> entries_;
  std::vector<uint32_t> buckets_;  // heads of the chains; their number is a power of two
};

}  // namespace uvnet

#endif  // UVNET_PER_ADDRESS_LIMITER_H_
