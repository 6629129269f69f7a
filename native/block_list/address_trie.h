#ifndef UVNET_ADDRESS_TRIE_H_
#define UVNET_ADDRESS_TRIE_H_

#include <cstddef>
#include <cstdint>

#include "address/address.h"
#include "block_list/prefix_trie.h"

namespace uvnet {

// The IPv4 address in an IPv4-mapped IPv6 address (::ffff:a.b.c.d); else false.
bool UnmapIpv4(const IpAddress& address, IpAddress* ipv4);

// One entry of a block list.
struct AddressRule {
  enum class Kind : uint8_t { kAddress, kSubnet, kRange };
  Kind kind = Kind::kAddress;
  uint8_t prefix = 0;  // kSubnet
  IpAddress first;     // the address, the network, or the start of the range
  IpAddress last;      // kRange
};

// -1, 0 or 1; 2 where an IPv4 address meets an IPv6 address that is not mapped.
int Compare(const IpAddress& left, const IpAddress& right);

// The addresses that a set of rules covers, IPv4 and IPv6. An IPv4 address and
// its IPv4-mapped form are the same, with two traits of Node that programs can
// see: a subnet counts for IPv4 even where it is larger than the mapped block
// (::/0), a range only where both of its ends are IPv4.
//
// Each rule adds its prefixes, so one Remove takes back exactly one Add.
class AddressTrie {
 public:
  void Add(const AddressRule& rule) { Apply(rule, true); }
  void Remove(const AddressRule& rule) { Apply(rule, false); }
  void Clear();

  bool Contains(const IpAddress& address) const;
  // Whether all addresses of a subnet are covered. Larger than the IPv4-mapped
  // block, an IPv6 subnet must be covered by IPv6 rules.
  bool Covers(const IpAddress& network, int prefix) const;

  size_t MemoryUsed() const { return ipv4_.MemoryUsed() + ipv6_.MemoryUsed(); }

 private:
  void Apply(const AddressRule& rule, bool add);

  // IPv4 and what of the mapped block has an IPv4 meaning; all else.
  PrefixTrie<Key32> ipv4_;
  PrefixTrie<Key128> ipv6_;
};

}  // namespace uvnet

#endif  // UVNET_ADDRESS_TRIE_H_
