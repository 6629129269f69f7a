// Links: native/block_list/rule_text.cc native/block_list/address_trie.cc native/address/address.cc
//
// The text of a block-list file is read as a slow model reads it, line by line; a rule that was
// read is written, and reads as the same again. No byte outside of a text is read (texts are heap
// blocks of their exact size), none outside of the buffer is written.
//
// Input: the text.

#include "../../native/block_list/rule_text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

using uvnet::AddressRule;
using uvnet::IpAddress;
using Kind = AddressRule::Kind;

namespace {

void Expect(bool condition) {
  if (!condition) std::abort();
}

bool SameAddress(const IpAddress& a, const IpAddress& b) {
  return a.family == b.family && std::memcmp(a.bytes, b.bytes, a.family == 4 ? 4 : 16) == 0;
}

bool Same(const AddressRule& a, const AddressRule& b) {
  if (a.kind != b.kind || !SameAddress(a.first, b.first)) return false;
  if (a.kind == Kind::kSubnet) return a.prefix == b.prefix;
  return a.kind != Kind::kRange || SameAddress(a.last, b.last);
}

// The model, of the C library's parser and of strings that are cut.

bool ModelIp(const std::string& text, IpAddress* out) {
  *out = IpAddress();
  if (text.find('\0') != std::string::npos && text.find('\0') < text.find('%')) return false;
  if (inet_pton(AF_INET, text.c_str(), out->bytes) == 1 && text.find('\0') == std::string::npos) {
    out->family = 4;
    return true;
  }
  out->family = 6;
  return inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), out->bytes) == 1;
}

bool ModelSubnet(const std::string& text, AddressRule* rule) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos || !ModelIp(text.substr(0, slash), &rule->first)) return false;
  const std::string digits = text.substr(slash + 1);
  for (int prefix = 0; prefix <= (rule->first.family == 4 ? 32 : 128); ++prefix) {
    if (digits != std::to_string(prefix)) continue;
    rule->kind = Kind::kSubnet;
    rule->prefix = static_cast<uint8_t>(prefix);
    return true;
  }
  return false;
}

bool ModelRange(const std::string& text, AddressRule* rule) {
  const size_t hyphen = text.find('-');
  if (hyphen == std::string::npos || text.find('%') != std::string::npos) return false;
  rule->kind = Kind::kRange;
  return ModelIp(text.substr(0, hyphen), &rule->first) &&
         ModelIp(text.substr(hyphen + 1), &rule->last) &&
         uvnet::Compare(rule->first, rule->last) <= 0;
}

bool ModelRule(std::string text, AddressRule* rule) {
  for (const std::string kind : {"Address: ", "Subnet: ", "Range: "}) {
    if (text.compare(0, kind.size(), kind) != 0) continue;
    text = text.substr(kind.size());
    if (text.compare(0, 5, "IPv4 ") != 0 && text.compare(0, 5, "IPv6 ") != 0) return false;
    text = text.substr(5);
    break;
  }
  if (ModelSubnet(text, rule) || ModelRange(text, rule)) return true;
  rule->kind = Kind::kAddress;
  return ModelIp(text, &rule->first);
}

uint32_t ModelFile(const std::string& text, std::vector<AddressRule>* rules) {
  uint32_t number = 0;
  for (size_t start = 0; start < text.size();) {
    ++number;
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    start = end + 1;
    line = line.substr(0, line.find_first_of("#;"));
    const size_t first = line.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) continue;
    line = line.substr(first, line.find_last_not_of(" \t\r\n") + 1 - first);
    AddressRule rule;
    if (!ModelRule(line, &rule)) return number;
    rules->push_back(rule);
  }
  return 0;
}

void CheckWritten(const AddressRule& rule) {
  std::unique_ptr<char[]> out(new char[uvnet::kRuleTextSize]);
  const size_t length = uvnet::FormatRule(rule, out.get());
  Expect(length > 0 && length < uvnet::kRuleTextSize && length == std::strlen(out.get()));
  AddressRule again;
  Expect(uvnet::ParseRule(out.get(), length, &again));
  Expect(Same(rule, again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::unique_ptr<char[]> exact(new char[size]);
  if (size > 0) std::memcpy(exact.get(), data, size);
  const std::string text(exact.get(), size);

  AddressRule rule;
  AddressRule expected;
  const bool is_rule = uvnet::ParseRule(exact.get(), size, &rule);
  Expect(is_rule == ModelRule(text, &expected));
  if (is_rule) {
    Expect(Same(rule, expected));
    CheckWritten(rule);
  }

  std::vector<AddressRule> rules;
  std::vector<AddressRule> model;
  Expect(uvnet::ParseRules(text, &rules) == ModelFile(text, &model));
  Expect(rules.size() == model.size());
  for (size_t i = 0; i < rules.size(); ++i) Expect(Same(rules[i], model[i]));
  return 0;
}
