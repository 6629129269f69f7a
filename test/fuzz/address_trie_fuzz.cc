// Links: native/block_list/address_trie.cc native/address/address.cc
// Options: -fno-sanitize-coverage=trace-cmp -fno-sanitize=address,undefined
// Run: -max_len=64 -reduce_inputs=0
//
// No input has to meet a constant, so comparisons are not traced. Memory is not watched here, as it
// is in the targets of rule tables and rule texts, which go through the same trie. So a run takes a
// fifth of the time.
//
// After any sequence of rules added and removed, the trie covers what the rules cover one by one.
//
// Input: records of one operation byte, one prefix byte, and the bytes of one or two addresses.

#include <cstdlib>
#include <vector>

#include "../native/rule_model.h"

using uvnet::AddressRule;
using uvnet::AddressTrie;
using uvnet::IpAddress;

namespace {

void Expect(bool condition) {
  if (!condition) std::abort();
}

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}
  bool empty() const { return data_ == end_; }
  uint8_t Byte() { return empty() ? 0 : *data_++; }

  IpAddress Address(int kind) {
    IpAddress address;
    address.family = kind == 0 ? 4 : 6;
    // Short inputs, many meetings: two bytes at the front and two at the end.
    const int size = kind == 0 ? 4 : 16;
    address.bytes[0] = Byte();
    address.bytes[1] = Byte();
    address.bytes[size - 2] = Byte();
    address.bytes[size - 1] = Byte();
    if (kind == 2) {
      IpAddress ipv4 = address;
      ipv4.bytes[2] = address.bytes[14];
      ipv4.bytes[3] = address.bytes[15];
      return rule_model::Mapped(ipv4);
    }
    return address;
  }

 private:
  const uint8_t* data_;
  const uint8_t* end_;
};

IpAddress Near(IpAddress address, int step) {
  for (int i = (address.family == 4 ? 4 : 16) - 1; i >= 0; --i) {
    const int value = address.bytes[i] + step;
    address.bytes[i] = static_cast<uint8_t>(value);
    if (value >= 0 && value <= 255) break;
  }
  return address;
}

// The end of a range in the same part of the family as its start: at most 32 prefixes.
void MakeNear(const IpAddress& first, IpAddress* last) {
  const int size = first.family == 4 ? 4 : 16;
  const uint8_t low[] = {last->bytes[last->family == 4 ? 2 : 14],
                         last->bytes[last->family == 4 ? 3 : 15]};
  *last = first;
  last->bytes[size - 2] = low[0];
  last->bytes[size - 1] = low[1];
}

// The addresses at and next to the edges of a rule are covered by the trie as by the rules.
void Check(const AddressTrie& trie, const std::vector<AddressRule>& rules, const IpAddress& edge) {
  for (int step = -1; step <= 1; ++step) {
    const IpAddress address = Near(edge, step);
    const bool contained = rule_model::Contains(rules, address);
    Expect(trie.Contains(address) == contained);
    Expect(trie.Covers(address, address.family == 4 ? 32 : 128) == contained);
    if (trie.Covers(address, address.family == 4 ? 28 : 124)) Expect(contained);
  }
}

void CheckEdges(const AddressTrie& trie, const std::vector<AddressRule>& rules,
                const AddressRule& rule) {
  Check(trie, rules, rule.first);
  if (rule.kind == AddressRule::Kind::kRange) Check(trie, rules, rule.last);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  AddressTrie trie;
  std::vector<AddressRule> rules;
  std::vector<AddressRule> seen;
  // A range between IPv6 addresses that lie far apart is 250 prefixes: one of them is enough.
  bool far_range = false;

  // Few rules find what many do, as their addresses meet, and are run a hundred times as often.
  while (!input.empty() && seen.size() < 5) {
    const uint8_t operation = input.Byte();
    const uint8_t prefix = input.Byte();
    if (operation % 4 == 3) {
      if (rules.empty()) continue;
      const auto which = rules.begin() + static_cast<std::ptrdiff_t>(prefix % rules.size());
      const AddressRule removed = *which;
      trie.Remove(removed);
      rules.erase(which);
      CheckEdges(trie, rules, removed);
      continue;
    }
    AddressRule rule;
    rule.kind = static_cast<AddressRule::Kind>(operation % 4);
    rule.first = input.Address(operation / 4 % 3);
    rule.prefix = static_cast<uint8_t>(prefix % (rule.first.family == 4 ? 33 : 129));
    if (rule.kind == AddressRule::Kind::kRange) {
      rule.last = input.Address(operation / 12 % 3);
      if (far_range) MakeNear(rule.first, &rule.last);
      far_range = true;
      if (uvnet::Compare(rule.first, rule.last) == 1) continue;
    }
    trie.Add(rule);
    rules.push_back(rule);
    seen.push_back(rule);
    CheckEdges(trie, rules, rule);
  }
  for (const AddressRule& rule : seen) CheckEdges(trie, rules, rule);
  return 0;
}
