#include "block_list/address_trie.h"

#include <cstring>

namespace uvnet {

namespace {

constexpr int kMappedLength = 96;
constexpr uint64_t kMappedLow = 0xffffull << 32;

Key32 Ipv4Key(const IpAddress& address) {
  const uint8_t* b = address.bytes;
  return {static_cast<uint32_t>(b[0]) << 24 | static_cast<uint32_t>(b[1]) << 16 |
          static_cast<uint32_t>(b[2]) << 8 | b[3]};
}

// Compilers turn this into a single load.
uint64_t Load64(const uint8_t* b) {
  return static_cast<uint64_t>(b[0]) << 56 | static_cast<uint64_t>(b[1]) << 48 |
         static_cast<uint64_t>(b[2]) << 40 | static_cast<uint64_t>(b[3]) << 32 |
         static_cast<uint64_t>(b[4]) << 24 | static_cast<uint64_t>(b[5]) << 16 |
         static_cast<uint64_t>(b[6]) << 8 | static_cast<uint64_t>(b[7]);
}

// An IPv4 address is treated as its IPv4-mapped form.
Key128 Ipv6Key(const IpAddress& address) {
  if (address.family == 4) return {0, kMappedLow | Ipv4Key(address).bits};
  return {Load64(address.bytes), Load64(address.bytes + 8)};
}

bool IsMapped(Key128 key) { return key.high == 0 && key.low >> 32 == 0xffff; }

bool HasIpv4(const IpAddress& address, Key32* key) {
  const Key128 ipv6 = Ipv6Key(address);
  key->bits = static_cast<uint32_t>(ipv6.low);
  return IsMapped(ipv6);
}

// The last address of the prefix.
Key32 LastOf(Key32 key, int length) {
  return {length == 32 ? key.bits : key.bits | UINT32_MAX >> length};
}
Key128 LastOf(Key128 key, int length) {
  if (length == 128) return key;
  if (length >= 64) return {key.high, key.low | UINT64_MAX >> (length - 64)};
  return {key.high | UINT64_MAX >> length, UINT64_MAX};
}

Key32 Next(Key32 key) { return {key.bits + 1}; }
Key128 Next(Key128 key) { return {key.high + (key.low == UINT64_MAX ? 1 : 0), key.low + 1}; }

template <typename Key>
bool Same(Key left, Key right) {
  return !(left < right) && !(right < left);
}

// Visits the smallest set of prefixes that covers the range: at most two for each bit.
template <typename Key, typename Visit>
void ForEachPrefix(Key first, Key last, Visit visit) {
  if (last < first) return;
  const auto fits = [&](int length) {
    return Same(first.Truncated(length), first) && !(last < LastOf(first, length));
  };
  // The length changes little between one prefix and the next. It decreases until the largest block
  // of the range, and increases from there.
  int length = Key::kBits;
  for (;;) {
    while (length < Key::kBits && !fits(length)) ++length;
    while (length > 0 && fits(length - 1)) --length;
    visit(first, length);
    const Key end = LastOf(first, length);
    if (!(end < last)) return;
    first = Next(end);
  }
}

template <typename Key>
void Change(PrefixTrie<Key>* trie, Key key, int length, bool add) {
  if (add) {
    trie->Add(key, length);
  } else {
    trie->Remove(key, length);
  }
}

}  // namespace

bool UnmapIpv4(const IpAddress& address, IpAddress* ipv4) {
  if (address.family != 6 || !IsMapped(Ipv6Key(address))) return false;
  ipv4->family = 4;
  memcpy(ipv4->bytes, address.bytes + 12, 4);
  return true;
}

int Compare(const IpAddress& left, const IpAddress& right) {
  Key32 unused;
  if (left.family != right.family && !(HasIpv4(left, &unused) && HasIpv4(right, &unused))) return 2;
  const Key128 a = Ipv6Key(left);
  const Key128 b = Ipv6Key(right);
  return a < b ? -1 : b < a ? 1 : 0;
}

void AddressTrie::Clear() {
  ipv4_.Clear();
  ipv6_.Clear();
}

void AddressTrie::Apply(const AddressRule& rule, bool add) {
  Key32 first4;
  Key32 last4;
  const bool has_first4 = HasIpv4(rule.first, &first4);

  if (rule.kind == AddressRule::Kind::kAddress) {
    if (has_first4) {
      Change(&ipv4_, first4, 32, add);
    } else {
      Change(&ipv6_, Ipv6Key(rule.first), 128, add);
    }
    return;
  }

  if (rule.kind == AddressRule::Kind::kSubnet) {
    if (rule.first.family == 4) {
      Change(&ipv4_, first4, rule.prefix, add);
      return;
    }
    if (has_first4 && rule.prefix >= kMappedLength) {
      Change(&ipv4_, first4, rule.prefix - kMappedLength, add);
      return;
    }
    const Key128 network = Ipv6Key(rule.first);
    Change(&ipv6_, network, rule.prefix, add);
    // The subnet contains the IPv4-mapped block.
    if (network.CommonPrefix({0, kMappedLow}) >= rule.prefix) Change(&ipv4_, {}, 0, add);
    return;
  }

  const bool has_last4 = HasIpv4(rule.last, &last4);
  if (has_first4 && has_last4) {
    ForEachPrefix(first4, last4, [&](Key32 key, int length) { Change(&ipv4_, key, length, add); });
    return;
  }
  // An IPv4 address can only be compared with the IPv4-mapped block.
  const bool mapped_only = rule.first.family == 4 || rule.last.family == 4;
  const Key128 lowest = {0, kMappedLow};
  const Key128 highest = LastOf(lowest, kMappedLength);
  Key128 first = Ipv6Key(rule.first);
  Key128 last = Ipv6Key(rule.last);
  if (mapped_only && first < lowest) first = lowest;
  if (mapped_only && highest < last) last = highest;
  ForEachPrefix(first, last, [&](Key128 key, int length) { Change(&ipv6_, key, length, add); });
}

bool AddressTrie::Contains(const IpAddress& address) const {
  if (address.family == 4) return ipv4_.Contains(Ipv4Key(address));
  const Key128 key = Ipv6Key(address);
  return (IsMapped(key) && ipv4_.Contains({static_cast<uint32_t>(key.low)})) || ipv6_.Contains(key);
}

bool AddressTrie::Covers(const IpAddress& network, int prefix) const {
  if (network.family == 4) return ipv4_.Covers(Ipv4Key(network), prefix);
  Key32 ipv4;
  if (prefix >= kMappedLength && HasIpv4(network, &ipv4) &&
      ipv4_.Covers(ipv4, prefix - kMappedLength)) {
    return true;
  }
  return ipv6_.Covers(Ipv6Key(network), prefix);
}

}  // namespace uvnet
