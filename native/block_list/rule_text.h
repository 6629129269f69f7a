#ifndef UVNET_RULE_TEXT_H_
#define UVNET_RULE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "block_list/address_trie.h"

namespace uvnet {

// The longest text FormatRule writes, with its terminating zero.
constexpr size_t kRuleTextSize = 2 * kAddressTextSize + 32;

// As Node lists rules: "Address: IPv4 10.0.0.1", "Subnet: IPv6 2001:db8::/32",
// "Range: IPv4 10.0.0.1-10.0.0.9". Returns the length.
size_t FormatRule(const AddressRule& rule, char* out);

// "10.0.0.0/8". A prefix length that is missing, too long, or written with
// leading zeros or a sign is refused.
bool ParseCidr(const char* text, size_t length, IpAddress* network, int* prefix);

// An address, a subnet ("10.0.0.0/8"), a range ("10.0.0.1-10.0.0.9"), or a text
// of FormatRule.
bool ParseRule(const char* text, size_t length, AddressRule* rule);

// The text of a file, one rule in a line; `#` and `;` begin comments. Adds the
// rules to `rules`. Returns the number of the first line, from 1, that is no
// rule; 0 if all are.
uint32_t ParseRules(const std::string& text, std::vector<AddressRule>* rules);

}  // namespace uvnet

#endif  // UVNET_RULE_TEXT_H_
