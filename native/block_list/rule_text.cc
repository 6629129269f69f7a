#include "block_list/rule_text.h"

#include <cstdio>
#include <cstring>

namespace uvnet {

namespace {

size_t FormatIp(const IpAddress& address, char* out) {
  return address.family == 4 ? FormatIpv4(address.bytes, out) : FormatIpv6(address.bytes, out);
}

bool SkipWord(const char** text, size_t* length, const char* word) {
  const size_t size = strlen(word);
  if (*length < size || memcmp(*text, word, size) != 0) return false;
  *text += size;
  *length -= size;
  return true;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Parses one entry of a list file. Blanks around it and a comment after it are ignored. Returns
// false if the rest is neither empty nor a rule.
bool ParseLine(const char* line, size_t length, std::vector<AddressRule>* rules) {
  for (const char mark : {'#', ';'}) {
    const void* comment = memchr(line, mark, length);
    if (comment != nullptr) length = static_cast<size_t>(static_cast<const char*>(comment) - line);
  }
  while (length > 0 && IsSpace(line[length - 1])) --length;
  while (length > 0 && IsSpace(*line)) {
    ++line;
    --length;
  }
  if (length == 0) return true;
  AddressRule rule;
  if (!ParseRule(line, length, &rule)) return false;
  rules->push_back(rule);
  return true;
}

}  // namespace

size_t FormatRule(const AddressRule& rule, char* out) {
  char first[kAddressTextSize];
  char last[kAddressTextSize];
  FormatIp(rule.first, first);
  const char* const family = rule.first.family == 4 ? "IPv4" : "IPv6";
  int length = 0;
  switch (rule.kind) {
    case AddressRule::Kind::kAddress:
      length = snprintf(out, kRuleTextSize, "Address: %s %s", family, first);
      break;
    case AddressRule::Kind::kSubnet:
      length = snprintf(out, kRuleTextSize, "Subnet: %s %s/%d", family, first, rule.prefix);
      break;
    case AddressRule::Kind::kRange:
      FormatIp(rule.last, last);
      length = snprintf(out, kRuleTextSize, "Range: %s %s-%s", family, first, last);
      break;
  }
  return length > 0 ? static_cast<size_t>(length) : 0;
}

bool ParseCidr(const char* text, size_t length, IpAddress* network, int* prefix) {
  const char* const slash = static_cast<const char*>(memchr(text, '/', length));
  if (slash == nullptr) return false;
  if (!ParseIp(text, static_cast<size_t>(slash - text), network)) return false;
  const char* const digits = slash + 1;
  const size_t count = length - static_cast<size_t>(digits - text);
  if (count < 1 || count > 3 || (count > 1 && digits[0] == '0')) return false;
  *prefix = 0;
  for (size_t i = 0; i < count; ++i) {
    if (digits[i] < '0' || digits[i] > '9') return false;
    *prefix = *prefix * 10 + (digits[i] - '0');
  }
  return *prefix <= (network->family == 4 ? 32 : 128);
}

bool ParseRule(const char* text, size_t length, AddressRule* rule) {
  if (SkipWord(&text, &length, "Address: ") || SkipWord(&text, &length, "Subnet: ") ||
      SkipWord(&text, &length, "Range: ")) {
    if (!SkipWord(&text, &length, "IPv4 ") && !SkipWord(&text, &length, "IPv6 ")) return false;
  }
  int prefix;
  if (ParseCidr(text, length, &rule->first, &prefix)) {
    rule->kind = AddressRule::Kind::kSubnet;
    rule->prefix = static_cast<uint8_t>(prefix);
    return true;
  }
  // A zone may contain a hyphen, and a range with zones has no meaning.
  const char* const hyphen = memchr(text, '%', length) == nullptr
                                 ? static_cast<const char*>(memchr(text, '-', length))
                                 : nullptr;
  if (hyphen == nullptr) {
    rule->kind = AddressRule::Kind::kAddress;
    return ParseIp(text, length, &rule->first);
  }
  const size_t before = static_cast<size_t>(hyphen - text);
  rule->kind = AddressRule::Kind::kRange;
  return ParseIp(text, before, &rule->first) &&
         ParseIp(hyphen + 1, length - before - 1, &rule->last) &&
         Compare(rule->first, rule->last) <= 0;
}

uint32_t ParseRules(const std::string& text, std::vector<AddressRule>* rules) {
  uint32_t number = 1;
  for (size_t start = 0; start < text.size(); ++number) {
    size_t end = text.find('\n', start);
    if (end == std::string::npos) end = text.size();
    if (!ParseLine(text.data() + start, end - start, rules)) return number;
    start = end + 1;
  }
  return 0;
}

}  // namespace uvnet
