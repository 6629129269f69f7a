// Links: native/block_list/address_trie.cc native/address/address.cc

#include "../../native/block_list/address_trie.h"

#include <string>
#include <vector>

#include "check.h"
#include "rule_model.h"

using rule_model::Ip;
using uvnet::AddressRule;
using uvnet::AddressTrie;
using uvnet::IpAddress;
using uvnet::Key128;
using uvnet::Key32;
using uvnet::PrefixTrie;

namespace {

AddressRule Address(const char* text) {
  AddressRule rule;
  rule.first = Ip(text);
  return rule;
}

AddressRule Subnet(const char* text, int prefix) {
  AddressRule rule = Address(text);
  rule.kind = AddressRule::Kind::kSubnet;
  rule.prefix = static_cast<uint8_t>(prefix);
  return rule;
}

AddressRule Range(const char* first, const char* last) {
  AddressRule rule = Address(first);
  rule.kind = AddressRule::Kind::kRange;
  rule.last = Ip(last);
  return rule;
}

bool Has(const AddressTrie& trie, const char* text) { return trie.Contains(Ip(text)); }
bool Covers(const AddressTrie& trie, const char* text, int prefix) {
  return trie.Covers(Ip(text), prefix);
}

}  // namespace

TEST(empty_trie_covers_nothing) {
  AddressTrie trie;
  CHECK(!Has(trie, "0.0.0.0"));
  CHECK(!Has(trie, "::"));
  CHECK(!Has(trie, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  CHECK(!Covers(trie, "10.0.0.0", 8));
}

TEST(every_prefix_length_covers_its_addresses_only) {
  for (int length = 0; length <= 32; ++length) {
    PrefixTrie<Key32> trie;
    const Key32 network = Key32{0xa5a5a5a5}.Truncated(length);
    trie.Add(network, length);
    CHECK(trie.Contains(network));
    CHECK(trie.Contains({0xa5a5a5a5}));
    for (int bit = 0; bit < 32; ++bit) {
      CHECK_EQ(trie.Contains({0xa5a5a5a5u ^ (0x80000000u >> bit)}), bit >= length);
    }
    CHECK(trie.Covers(network, length));
    if (length > 0) CHECK(!trie.Covers(network, length - 1));
    if (length < 32) CHECK(trie.Covers(network, length + 1));
    trie.Remove(network, length);
    CHECK(!trie.Contains({0xa5a5a5a5}));
  }
  for (int length = 0; length <= 128; ++length) {
    PrefixTrie<Key128> trie;
    const Key128 key = {0xa5a5a5a5a5a5a5a5, 0x5a5a5a5a5a5a5a5a};
    trie.Add(key, length);
    for (int bit = 0; bit < 128; ++bit) {
      Key128 other = key;
      (bit < 64 ? other.high : other.low) ^= 0x8000000000000000u >> bit % 64;
      CHECK_EQ(trie.Contains(other), bit >= length);
    }
  }
}

TEST(a_rule_added_twice_is_there_until_removed_twice) {
  AddressTrie trie;
  trie.Add(Subnet("10.0.0.0", 8));
  trie.Add(Subnet("10.0.0.0", 8));
  trie.Remove(Subnet("10.0.0.0", 8));
  CHECK(Has(trie, "10.1.2.3"));
  trie.Remove(Subnet("10.0.0.0", 8));
  CHECK(!Has(trie, "10.1.2.3"));
}

TEST(rules_that_overlap_are_removed_one_by_one) {
  AddressTrie trie;
  trie.Add(Range("10.0.0.5", "10.0.0.20"));
  trie.Add(Range("10.0.0.10", "10.0.0.30"));
  trie.Add(Address("10.0.0.12"));
  trie.Remove(Range("10.0.0.5", "10.0.0.20"));
  CHECK(!Has(trie, "10.0.0.9"));
  CHECK(Has(trie, "10.0.0.10"));
  trie.Remove(Range("10.0.0.10", "10.0.0.30"));
  CHECK(!Has(trie, "10.0.0.10"));
  CHECK(Has(trie, "10.0.0.12"));
}

TEST(ranges_are_exact_at_both_ends) {
  AddressTrie trie;
  trie.Add(Range("10.0.0.2", "10.0.1.10"));
  CHECK(!Has(trie, "10.0.0.1"));
  CHECK(Has(trie, "10.0.0.2"));
  CHECK(Has(trie, "10.0.0.255"));
  CHECK(Has(trie, "10.0.1.10"));
  CHECK(!Has(trie, "10.0.1.11"));
  trie.Add(Range("0.0.0.0", "255.255.255.255"));
  CHECK(Covers(trie, "0.0.0.0", 0));
  trie.Add(Range("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"));
  CHECK(!Has(trie, "::"));
  CHECK(Has(trie, "::1"));
  CHECK(Has(trie, "8000::"));
  CHECK(!Has(trie, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(ipv4_and_its_mapped_form_are_the_same) {
  AddressTrie trie;
  trie.Add(Address("1.1.1.1"));
  trie.Add(Address("::ffff:1.1.1.2"));
  trie.Add(Subnet("::ffff:10.0.0.0", 104));
  trie.Add(Range("::ffff:20.0.0.1", "20.0.0.9"));
  for (const char* text : {"1.1.1.1", "::ffff:1.1.1.1", "1.1.1.2", "::ffff:1.1.1.2", "10.2.3.4",
                           "::ffff:10.2.3.4", "20.0.0.5", "::ffff:20.0.0.5"}) {
    CHECK(Has(trie, text));
  }
  for (const char* text : {"::1.1.1.1", "11.0.0.0", "::10.2.3.4", "1.1.1.3"}) {
    CHECK(!Has(trie, text));
  }
}

TEST(large_ipv6_rules_and_ipv4) {
  AddressTrie subnet;
  subnet.Add(Subnet("::", 0));
  CHECK(Has(subnet, "1.2.3.4"));
  subnet.Remove(Subnet("::", 0));
  CHECK(!Has(subnet, "1.2.3.4"));
  AddressTrie range;
  range.Add(Range("::", "::ffff:10.0.0.9"));
  CHECK(!Has(range, "10.0.0.4"));
  CHECK(Has(range, "::ffff:10.0.0.4"));
  AddressTrie mixed;
  mixed.Add(Range("10.0.0.1", "2001::"));
  CHECK(!Has(mixed, "10.0.0.4"));
  CHECK(Has(mixed, "::ffff:10.0.0.4"));
  CHECK(!Has(mixed, "::1:0:0:0"));
  AddressTrie apart;
  apart.Add(Range("10.0.0.1", "::5"));
  CHECK(!Has(apart, "::3"));
  CHECK(!Has(apart, "10.0.0.2"));
}

TEST(a_range_is_covered_by_several_rules_together) {
  AddressTrie trie;
  trie.Add(Subnet("10.0.0.0", 9));
  CHECK(!Covers(trie, "10.0.0.0", 8));
  CHECK(Covers(trie, "10.1.0.0", 16));
  trie.Add(Range("10.128.0.0", "10.255.255.255"));
  CHECK(Covers(trie, "10.0.0.0", 8));
  for (const char* text : {"192.168.0.0", "192.168.0.1", "192.168.0.2"}) trie.Add(Address(text));
  CHECK(!Covers(trie, "192.168.0.0", 30));
  CHECK(Covers(trie, "192.168.0.0", 31));
  trie.Add(Address("192.168.0.3"));
  CHECK(Covers(trie, "192.168.0.0", 30));
  CHECK(!Covers(trie, "192.168.0.0", 29));
  CHECK(!Covers(trie, "192.168.0.0", 16));
  trie.Add(Subnet("2001:db8::", 33));
  trie.Add(Subnet("2001:db8:8000::", 33));
  CHECK(Covers(trie, "2001:db8::", 32));
  CHECK(Covers(trie, "2001:db8::1", 128));
  CHECK(!Covers(trie, "2001:db8::", 31));
  CHECK(Covers(trie, "::ffff:10.0.0.0", 104));
}

TEST(memory_is_given_back_and_used_again) {
  AddressTrie trie;
  check::Random random(3);
  for (int round = 0; round < 3; ++round) {
    std::vector<AddressRule> rules(20000);
    for (AddressRule& rule : rules) {
      rule.first.family = 4;
      for (int i = 0; i < 4; ++i) rule.first.bytes[i] = static_cast<uint8_t>(random.Next());
      trie.Add(rule);
    }
    CHECK(trie.MemoryUsed() < 20000 * 64);
    for (const AddressRule& rule : rules) trie.Remove(rule);
    for (const AddressRule& rule : rules) CHECK(!trie.Contains(rule.first));
  }
}

// Few distinct bytes, so that rules meet.
TEST(agrees_with_the_model_on_random_rules) {
  const uint8_t bytes[] = {0, 0, 1, 0xff, 0x80, 0x0a};
  for (uint64_t seed = 1; seed <= 300 && check::Failures() == 0; ++seed) {
    check::Random random(seed);
    const auto ip = [&] {
      IpAddress address;
      address.family = random.Below(2) ? 4 : 6;
      for (int i = 0; i < (address.family == 4 ? 4 : 16); ++i) {
        address.bytes[i] = i > 1 && random.Below(2) ? 0 : bytes[random.Below(sizeof(bytes))];
      }
      if (address.family == 6 && random.Below(2)) {
        IpAddress ipv4 = address;
        ipv4.family = 4;
        address = rule_model::Mapped(ipv4);
      }
      return address;
    };
    AddressTrie trie;
    std::vector<AddressRule> rules;
    for (int step = 0; step < 120; ++step) {
      if (random.Below(3) == 0 && !rules.empty()) {
        const size_t which = random.Below(rules.size());
        trie.Remove(rules[which]);
        rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(which));
      } else {
        AddressRule rule;
        rule.kind = static_cast<AddressRule::Kind>(random.Below(3));
        rule.first = ip();
        rule.last = ip();
        rule.prefix = static_cast<uint8_t>(random.Below(rule.first.family == 4 ? 33 : 129));
        if (rule.kind == AddressRule::Kind::kRange && uvnet::Compare(rule.first, rule.last) == 1) {
          continue;
        }
        trie.Add(rule);
        rules.push_back(rule);
      }
      for (int i = 0; i < 30; ++i) {
        IpAddress address = ip();
        if (!rules.empty() && random.Below(2)) {
          address = random.Below(2) ? rules[random.Below(rules.size())].first
                                    : rules[random.Below(rules.size())].last;
          if (address.family == 0) continue;
          const int bits = address.family == 4 ? 32 : 128;
          const size_t bit = random.Below(static_cast<size_t>(bits));
          if (random.Below(2)) address.bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        }
        CHECK_EQ(trie.Contains(address), rule_model::Contains(rules, address));
        const int bits = address.family == 4 ? 32 : 128;
        CHECK_EQ(trie.Covers(address, bits), trie.Contains(address));
        // A covered subnet has no address that is not.
        const int prefix = bits - static_cast<int>(random.Below(4));
        if (trie.Covers(address, prefix)) {
          IpAddress inside = address;
          inside.bytes[bits / 8 - 1] ^= static_cast<uint8_t>(random.Below(1u << (bits - prefix)));
          CHECK(rule_model::Contains(rules, inside));
        }
      }
    }
    if (check::Failures() > 0) std::fprintf(stderr, "seed %" PRIu64 "\n", seed);
  }
}

int main() { return check::RunTests(); }
