// What a list of rules means, rule by rule and as slowly as can be: the model that the trie is
// compared with, in the unit test and in the fuzz target.

#ifndef UVNET_TEST_NATIVE_RULE_MODEL_H_
#define UVNET_TEST_NATIVE_RULE_MODEL_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "../../native/block_list/address_trie.h"

namespace rule_model {

using uvnet::AddressRule;
using uvnet::IpAddress;

inline IpAddress Ip(const char* text) {
  IpAddress address;
  uvnet::ParseIp(text, std::strlen(text), &address);
  return address;
}

inline bool Bit(const uint8_t* bytes, int index) { return bytes[index / 8] >> (7 - index % 8) & 1; }

inline IpAddress Mapped(const IpAddress& ipv4) {
  IpAddress address;
  address.family = 6;
  address.bytes[10] = address.bytes[11] = 0xff;
  std::memcpy(address.bytes + 12, ipv4.bytes, 4);
  return address;
}

inline bool SamePrefix(const IpAddress& a, const IpAddress& b, int length) {
  const int whole = length / 8;
  if (std::memcmp(a.bytes, b.bytes, static_cast<size_t>(whole)) != 0) return false;
  for (int i = whole * 8; i < length; ++i) {
    if (Bit(a.bytes, i) != Bit(b.bytes, i)) return false;
  }
  return true;
}

inline bool InSubnet(const IpAddress& address, const IpAddress& network, int prefix) {
  if (address.family == network.family) return SamePrefix(address, network, prefix);
  if (address.family == 4) return SamePrefix(Mapped(address), network, prefix);
  return SamePrefix(address, Mapped(network), 96 + prefix);
}

inline bool Matches(const AddressRule& rule, const IpAddress& address) {
  switch (rule.kind) {
    case AddressRule::Kind::kAddress: return uvnet::Compare(address, rule.first) == 0;
    case AddressRule::Kind::kSubnet: return InSubnet(address, rule.first, rule.prefix);
    default: {
      const int start = uvnet::Compare(rule.first, address);
      const int end = uvnet::Compare(address, rule.last);
      return start <= 0 && end <= 0;
    }
  }
}

inline bool Contains(const std::vector<AddressRule>& rules, const IpAddress& address) {
  for (const AddressRule& rule : rules) {
    if (Matches(rule, address)) return true;
  }
  return false;
}

}  // namespace rule_model

#endif  // UVNET_TEST_NATIVE_RULE_MODEL_H_
