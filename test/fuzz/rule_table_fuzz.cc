// Links: native/block_list/rule_table.cc native/block_list/address_trie.cc native/address/address.cc
//
// After any sequence of rules added, removed and cleared, the table holds and lists what a plain
// vector of them does.
//
// Input: records of one operation byte and the bytes of a rule.

#include "../../native/block_list/rule_table.h"

#include <cstdlib>
#include <cstring>
#include <iterator>
#include <vector>

#include "../native/rule_model.h"

using uvnet::AddressRule;
using uvnet::IpAddress;
using uvnet::RuleTable;
using Kind = AddressRule::Kind;

namespace {

void Expect(bool condition) {
  if (!condition) std::abort();
}

bool SameBytes(const IpAddress& a, const IpAddress& b) {
  return a.family == b.family && std::memcmp(a.bytes, b.bytes, a.family == 4 ? 4 : 16) == 0;
}

bool Identical(const AddressRule& a, const AddressRule& b) {
  return a.kind == b.kind && SameBytes(a.first, b.first) &&
         (a.kind != Kind::kSubnet || a.prefix == b.prefix) &&
         (a.kind != Kind::kRange || SameBytes(a.last, b.last));
}

// The IPv4 form and the mapped form of an address are one rule; other kinds are taken as written.
bool Equal(const AddressRule& a, const AddressRule& b) {
  if (a.kind != Kind::kAddress || b.kind != Kind::kAddress) return Identical(a, b);
  return uvnet::Compare(a.first, b.first) == 0;
}

// In the order in which they were added.
class Model {
 public:
  bool Add(const AddressRule& rule) {
    for (AddressRule& known : rules_) {
      if (rule.kind != Kind::kAddress || !Equal(known, rule)) continue;
      known = rule;
      return false;
    }
    rules_.push_back(rule);
    return true;
  }

  bool Remove(const AddressRule& rule) {
    for (auto known = rules_.rbegin(); known != rules_.rend(); ++known) {
      if (!Equal(*known, rule)) continue;
      rules_.erase(std::next(known).base());
      return true;
    }
    return false;
  }

  void Clear() { rules_.clear(); }
  size_t size() const { return rules_.size(); }

  std::vector<AddressRule> List() const {
    std::vector<AddressRule> list;
    for (const Kind kind : {Kind::kAddress, Kind::kSubnet, Kind::kRange}) {
      for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
        if (rule->kind == kind) list.push_back(*rule);
      }
    }
    return list;
  }

 private:
  std::vector<AddressRule> rules_;
};

// Few different addresses, so that rules meet.
IpAddress Address(uint8_t seed) {
  IpAddress ipv4;
  ipv4.family = 4;
  ipv4.bytes[0] = 10;
  ipv4.bytes[3] = seed / 4;
  if (seed % 4 < 2) return ipv4;
  if (seed % 4 == 2) return rule_model::Mapped(ipv4);
  IpAddress ipv6;
  ipv6.family = 6;
  ipv6.bytes[0] = 0x20;
  ipv6.bytes[15] = seed / 4;
  return ipv6;
}

AddressRule Rule(uint8_t operation, uint8_t first, uint8_t second) {
  AddressRule rule;
  rule.kind = static_cast<Kind>(operation % 3);
  rule.first = Address(first);
  if (rule.kind == Kind::kSubnet) {
    rule.prefix = static_cast<uint8_t>(second % (rule.first.family == 4 ? 33 : 129));
  }
  if (rule.kind == Kind::kRange) rule.last = Address(second);
  return rule;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  RuleTable table;
  Model model;
  for (size_t at = 0; at + 3 <= size; at += 3) {
    const uint8_t operation = data[at];
    const AddressRule rule = Rule(operation, data[at + 1], data[at + 2]);
    switch (operation / 3 % 8) {
      case 0:
        // A run of additions, so that the table grows and is built anew.
        for (int i = 0; i < 40; ++i) {
          const AddressRule each =
              Rule(operation, static_cast<uint8_t>(data[at + 1] + 4 * i), data[at + 2]);
          Expect(table.Add(each) == model.Add(each));
        }
        break;
      case 1:
        if (data[at + 1] == 0) {
          table.Clear();
          model.Clear();
        }
        break;
      case 2:
      case 3:
      case 4: Expect(table.Remove(rule) == model.Remove(rule)); break;
      default: Expect(table.Add(rule) == model.Add(rule));
    }
    Expect(table.size() == model.size());
  }
  const std::vector<AddressRule> listed = table.List();
  const std::vector<AddressRule> expected = model.List();
  Expect(listed.size() == expected.size());
  for (size_t i = 0; i < listed.size(); ++i) Expect(Identical(listed[i], expected[i]));
  return 0;
}
