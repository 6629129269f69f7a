#ifndef UVNET_ADDRESS_TRIE_H_
#define UVNET_ADDRESS_TRIE_H_

#include <cstddef>
#include <cstdint>

#include "address/address.h"
#include "block_list/prefix_trie.h"

namespace uvnet {

// Gets the IPv4 address in an IPv4-mapped IPv6 address (::ffff:a.b.c.d). Returns false for others.
bool UnmapIpv4(const IpAddress& address, IpAddress* ipv4);

// One entry of a block list.
struct AddressRule {
  enum class Kind : uint8_t { kAddress, kSubnet, kRange };
  Kind kind = Kind::kAddress;
  uint8_t prefix = 0;  // kSubnet
  IpAddress first;     // the address, the network, or the start of the range
  IpAddress last;      // kRange
};

// Returns -1, 0 or 1; or 2 if an IPv4 address is compared with an IPv6 address that is not mapped.
int Compare(const IpAddress& left, const IpAddress& right);

// The IPv4 and IPv6 addresses that a set of rules covers. An IPv4 address and its IPv4-mapped form
// are the same. Two properties of Node that programs can observe are kept. A subnet applies to IPv4
// even if it is larger than the mapped block (::/0). A range applies to IPv4 only if both of its
// ends are IPv4.
//
// Each rule adds its prefixes, so one Remove reverts exactly one Add.
class AddressTrie {
 public:
  void Add(const AddressRule& rule) { Apply(rule, true); }
  void Remove(const AddressRule& rule) { Apply(rule, false); }
  void Clear();

  bool Contains(const IpAddress& address) const;
  // Whether all addresses of a subnet are covered. If an IPv6 subnet is larger than the IPv4-mapped
  // block, IPv6 rules must cover it.
  bool Covers(const IpAddress& network, int prefix) const;

  size_t MemoryUsed() const { return ipv4_.MemoryUsed() + ipv6_.MemoryUsed(); }

 private:
  void Apply(const AddressRule& rule, bool add);

  // IPv4, including rules in the mapped block with an IPv4 meaning; and everything else.
  PrefixTrie<Key32> ipv4_;
  PrefixTrie<Key128> ipv6_;
};

}  // namespace uvnet

#endif  // UVNET_ADDRESS_TRIE_H_
