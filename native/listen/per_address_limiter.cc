#include "listen/per_address_limiter.h"

#include <algorithm>

namespace uvnet {

namespace {

constexpr size_t kFirstBuckets = 64;

uint64_t ReadU64(const uint8_t* data) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | data[i];
  return value;
}

// Sets the first `bits` of 64 bits.
uint64_t Mask(unsigned bits) {
  if (bits == 0) return 0;
  return bits >= 64 ? UINT64_MAX : UINT64_MAX << (64 - bits);
}

// Combines the high and the low half of the 128-bit product, so every bit of the input affects the
// result. Without a 128-bit type, this is done in two steps of 64 bits.
uint64_t Mix(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
#else
  uint64_t hash = a * 0x9E3779B97F4A7C15u;
  hash = (hash ^ (hash >> 32) ^ b) * 0xD6E8FEB86659FD93u;
  return hash ^ (hash >> 32);
#endif
}

}  // namespace

PerAddressLimiter::PerAddressLimiter(uint64_t seed)
    : seeds_{Mix(seed ^ 0xA0761D6478BD642Fu, 0xE7037ED1A0B428DBu),
             Mix(seed ^ 0x8EBC6AF09C88C6E3u, 0x589965CC75374CC3u),
             Mix(seed ^ 0x1D8E4E27C47D124Fu, 0xEB44ACCAB455D165u) | 1} {}

PerAddressLimiter::Ticket PerAddressLimiter::AcquireIPv4(const uint8_t address[4], uint32_t limit) {
  uint64_t low = 0xFFFF;
  for (int i = 0; i < 4; ++i) low = low << 8 | address[i];
  return Acquire({0, low}, limit);
}

PerAddressLimiter::Ticket PerAddressLimiter::AcquireIPv6(const uint8_t address[16],
                                                         uint32_t limit) {
  Key key = {ReadU64(address), ReadU64(address + 8)};
  const bool is_mapped = key.high == 0 && key.low >> 32 == 0xFFFF;
  if (!is_mapped) {
    key.high &= Mask(ipv6_prefix_);
    key.low &= Mask(ipv6_prefix_ > 64 ? ipv6_prefix_ - 64 : 0);
  }
  return Acquire(key, limit);
}

PerAddressLimiter::Ticket PerAddressLimiter::Acquire(const Key& key, uint32_t limit) {
  if (limit == 0) return kNoTicket;
  if (size_ >= buckets_.size()) Grow();
  uint32_t& head = buckets_[Bucket(key)];
  for (uint32_t at = head; at != kNoTicket; at = entries_[at].next) {
    Entry& entry = entries_[at];
    if (entry.key.high != key.high || entry.key.low != key.low) continue;
    if (entry.count >= limit) return kNoTicket;
    ++entry.count;
    return at;
  }
  uint32_t ticket = free_;
  if (ticket != kNoTicket) {
    free_ = entries_[ticket].next;
  } else {
    ticket = static_cast<uint32_t>(entries_.size());
    entries_.emplace_back();
  }
  entries_[ticket] = {key, 1, head};
  head = ticket;
  ++size_;
  return ticket;
}

void PerAddressLimiter::Release(Ticket ticket) {
  if (ticket >= entries_.size() || entries_[ticket].count == 0) return;
  Entry& entry = entries_[ticket];
  if (--entry.count > 0) return;
  uint32_t* link = &buckets_[Bucket(entry.key)];
  while (*link != ticket) link = &entries_[*link].next;
  *link = entry.next;
  if (--size_ == 0 && buckets_.size() > kFirstBuckets) {
    // The memory of a flood is freed with its last connection.
    std::vector<Entry>().swap(entries_);
    std::vector<uint32_t>().swap(buckets_);
    free_ = kNoTicket;
    return;
  }
  entry.next = free_;
  free_ = ticket;
}

size_t PerAddressLimiter::MemoryBytes() const {
  return entries_.capacity() * sizeof(Entry) + buckets_.capacity() * sizeof(uint32_t);
}

size_t PerAddressLimiter::Bucket(const Key& key) const {
  const uint64_t hash = Mix(Mix(key.high ^ seeds_[0], key.low ^ seeds_[1]), seeds_[2]);
  return static_cast<size_t>(hash) & (buckets_.size() - 1);
}

void PerAddressLimiter::Grow() {
  buckets_.assign(std::max(kFirstBuckets, 2 * buckets_.size()), kNoTicket);
  for (uint32_t at = 0; at < entries_.size(); ++at) {
    Entry& entry = entries_[at];
    if (entry.count == 0) continue;
    uint32_t& head = buckets_[Bucket(entry.key)];
    entry.next = head;
    head = at;
  }
}

}  // namespace uvnet
