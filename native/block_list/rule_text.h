#ifndef UVNET_RULE_TEXT_H_
#define UVNET_RULE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "block_list/address_trie.h"

namespace uvnet {

// Size of the longest text that FormatRule writes, with its terminating zero.
constexpr size_t kRuleTextSize = 2 * kAddressTextSize + 32;

// Writes a rule in Node's format: "Address: IPv4 10.0.0.1", "Subnet: IPv6 2001:db8::/32", "Range:
// IPv4 10.0.0.1-10.0.0.9". Returns the length.
size_t FormatRule(const AddressRule& rule, char* out);

// Parses "10.0.0.0/8". Rejects a prefix length that is missing, too large, or has leading zeros or
// a sign.
bool ParseCidr(const char* text, size_t length, IpAddress* network, int* prefix);

// Parses an address, a subnet ("10.0.0.0/8"), a range ("10.0.0.1-10.0.0.9"), or a text of
// FormatRule.
bool ParseRule(const char* text, size_t length, AddressRule* rule);

// Parses the text of a file with one rule per line; `#` and `;` start comments. Adds the rules to
// `rules`. Returns 0, or the number (from 1) of the first line that is not a rule.
uint32_t ParseRules(const std::string& text, std::vector<AddressRule>* rules);

}  // namespace uvnet

#endif  // UVNET_RULE_TEXT_H_
