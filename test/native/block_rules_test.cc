// Links: native/block_list/block_rules.cc native/block_list/rule_table.cc native/block_list/rule_text.cc native/block_list/address_trie.cc native/address/address.cc

#include "../../native/block_list/block_rules.h"

#include <uv.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../../native/block_list/rule_text.h"
#include "check.h"
#include "rule_model.h"

using rule_model::Ip;
using uvnet::AddressRule;
using uvnet::BlockRules;
using uvnet::IpAddress;
using uvnet::RuleTable;

// The one function of libuv that the registry needs at run time.
extern "C" int uv_random(uv_loop_t*, uv_random_t*, void* buffer, size_t size, unsigned,
                         uv_random_cb) {
  static uint8_t next = 0;
  std::memset(buffer, ++next, size);
  return 0;
}
extern "C" uint64_t uv_hrtime() {
  static std::atomic<uint64_t> now{1};
  return now += 25ull * 1000 * 1000 * 1000;  // every call is 25 s later
}

namespace {

AddressRule Rule(const std::string& text) {
  AddressRule rule;
  CHECK(uvnet::ParseRule(text.data(), text.size(), &rule));
  return rule;
}

std::string Text(const AddressRule& rule) {
  char text[uvnet::kRuleTextSize];
  const size_t length = uvnet::FormatRule(rule, text);
  return std::string(text, length);
}

std::string Listing(const std::vector<AddressRule>& rules) {
  std::string all;
  for (const AddressRule& rule : rules) all += Text(rule) + "\n";
  return all;
}

bool IsRule(const std::string& text) {
  AddressRule rule;
  return uvnet::ParseRule(text.data(), text.size(), &rule);
}

}  // namespace

TEST(rules_are_read_in_every_form) {
  CHECK_EQ(Text(Rule("10.0.0.1")), std::string("Address: IPv4 10.0.0.1"));
  CHECK_EQ(Text(Rule("2001:DB8::/32")), std::string("Subnet: IPv6 2001:db8::/32"));
  CHECK_EQ(Text(Rule("10.0.0.1-10.0.0.9")), std::string("Range: IPv4 10.0.0.1-10.0.0.9"));
  CHECK_EQ(Text(Rule("fe80::1%eth-0")), std::string("Address: IPv6 fe80::1"));
  for (const char* text : {"Address: IPv4 1.2.3.4", "Subnet: IPv4 10.0.0.0/0",
                           "Subnet: IPv6 ::/128", "Range: IPv4 1.1.1.1-::ffff:1.1.1.9"}) {
    CHECK_EQ(Text(Rule(text)), std::string(text));
  }
  for (const char* text :
       {"", "x", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/1000",
        "::/129", "10.0.0.9-10.0.0.1", "10.0.0.1-::5", "1.1.1.1-", "-1.1.1.1", "Address: 1.1.1.1",
        "Address: IPv4", "10.0.0.0/8/8", "1.1.1.1-1.1.1.2-1.1.1.3"}) {
    CHECK(!IsRule(text));
  }
}

TEST(table_lists_kinds_newest_first) {
  RuleTable table;
  for (const char* text : {"1.1.1.1", "10.0.0.0/8", "3.3.3.3-3.3.3.9", "1.1.1.2", "10.0.0.0/8",
                           "2001:db8::/32", "::1"}) {
    CHECK(table.Add(Rule(text)));
  }
  CHECK_EQ(Listing(table.List()),
           std::string("Address: IPv6 ::1\nAddress: IPv4 1.1.1.2\nAddress: IPv4 1.1.1.1\n"
                       "Subnet: IPv6 2001:db8::/32\nSubnet: IPv4 10.0.0.0/8\n"
                       "Subnet: IPv4 10.0.0.0/8\nRange: IPv4 3.3.3.3-3.3.3.9\n"));
  CHECK_EQ(table.size(), size_t{7});
}

TEST(table_holds_an_address_once) {
  RuleTable table;
  CHECK(table.Add(Rule("1.1.1.1")));
  CHECK(table.Add(Rule("2.2.2.2")));
  CHECK(!table.Add(Rule("::ffff:1.1.1.1")));
  CHECK_EQ(Listing(table.List()),
           std::string("Address: IPv4 2.2.2.2\nAddress: IPv6 ::ffff:1.1.1.1\n"));
  CHECK(table.Remove(Rule("1.1.1.1")));
  CHECK(!table.Remove(Rule("1.1.1.1")));
  CHECK_EQ(table.size(), size_t{1});
}

TEST(table_finds_rules_after_any_number_of_changes) {
  check::Random random(5);
  RuleTable table;
  std::vector<std::string> expected;
  for (int step = 0; step < 20000; ++step) {
    const std::string text =
        "10.0." + std::to_string(random.Below(20)) + ".0/" + std::to_string(24 + random.Below(8));
    if (random.Below(2) == 0) {
      table.Add(Rule(text));
      expected.push_back(text);
    } else {
      auto found = expected.rbegin();
      while (found != expected.rend() && *found != text) ++found;
      CHECK_EQ(table.Remove(Rule(text)), found != expected.rend());
      if (found != expected.rend()) expected.erase(std::next(found).base());
    }
    CHECK_EQ(table.size(), expected.size());
  }
  std::string listing;
  for (auto text = expected.rbegin(); text != expected.rend(); ++text) {
    listing += "Subnet: IPv4 " + *text + "\n";
  }
  CHECK_EQ(Listing(table.List()), listing);
  CHECK(table.MemoryUsed() < 64 * (expected.size() + 64) + 4096);
}

TEST(many_rules_take_little_memory) {
  BlockRules rules;
  check::Random random(1);
  std::vector<AddressRule> many(100000);
  for (AddressRule& rule : many) {
    rule.first.family = 4;
    for (int i = 0; i < 4; ++i) rule.first.bytes[i] = static_cast<uint8_t>(random.Next());
  }
  rules.Add(many);
  CHECK(rules.MemoryUsed() < 128 * many.size());
  for (const AddressRule& rule : many) CHECK(rules.Contains(rule.first));
  rules.Clear();
  CHECK_EQ(rules.size(), size_t{0});
  CHECK(rules.MemoryUsed() < 4096);
}

TEST(replaced_rules_are_gone) {
  BlockRules rules;
  rules.Add(Rule("1.1.1.1"));
  rules.Add(Rule("2001:db8::/32"));
  rules.Replace({Rule("2.2.2.2"), Rule("10.0.0.0/8")});
  CHECK(!rules.Contains(Ip("1.1.1.1")));
  CHECK(!rules.Contains(Ip("2001:db8::1")));
  CHECK(rules.Contains(Ip("2.2.2.2")));
  CHECK_EQ(Listing(rules.List()), std::string("Address: IPv4 2.2.2.2\nSubnet: IPv4 10.0.0.0/8\n"));
  rules.Replace({});
  CHECK_EQ(rules.size(), size_t{0});
  CHECK(!rules.Contains(Ip("2.2.2.2")));
  rules.Add(Rule("3.3.3.3"));
  CHECK(rules.Contains(Ip("3.3.3.3")));
}

TEST(token_keeps_a_list_for_a_while_and_no_longer) {
  std::string token;
  std::weak_ptr<BlockRules> watch;
  {
    auto rules = std::make_shared<BlockRules>();
    watch = rules;
    token = BlockRules::Share(rules);
    CHECK_EQ(BlockRules::Share(rules), token);
  }
  CHECK(!watch.expired());
  CHECK(BlockRules::FindShared(token) != nullptr);
  // The clock of this test moves on with every call.
  for (int i = 0; i < 4; ++i) BlockRules::FindShared("other");
  CHECK(watch.expired());
  CHECK(BlockRules::FindShared(token) == nullptr);
}

TEST(token_is_good_as_long_as_somebody_has_the_list) {
  auto rules = std::make_shared<BlockRules>();
  const std::string token = BlockRules::Share(rules);
  for (int i = 0; i < 10; ++i) CHECK(BlockRules::FindShared(token) == rules);
  rules = nullptr;
  CHECK(BlockRules::FindShared(token) == nullptr);
}

// Run under ThreadSanitizer, this is the proof that a shared list may change.
TEST(threads_read_while_others_change) {
  auto rules = std::make_shared<BlockRules>();
  rules->Add(Rule("200.0.0.1"));
  const std::string token = BlockRules::Share(rules);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 3; ++reader) {
    threads.emplace_back([&] {
      const auto list = BlockRules::FindShared(token);
      for (int i = 0; i < 20000; ++i) {
        if (!list->Contains(Ip("200.0.0.1")) || list->Contains(Ip("201.0.0.1"))) ++wrong;
        list->Covers(Ip("10.0.0.0"), 16);
        if (i % 1000 == 0) list->List();
      }
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; round < 20; ++round) {
      std::vector<AddressRule> many;
      for (int i = 0; i < 1000; ++i) {
        many.push_back(Rule("10.0." + std::to_string(i % 256) + ".0/24"));
      }
      rules->Add(many);
      for (const AddressRule& rule : many) rules->Remove(rule);
      many.push_back(Rule("200.0.0.1"));
      rules->Replace(many);
    }
    rules->Replace({Rule("200.0.0.1")});
  });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(wrong.load(), 0);
  CHECK_EQ(rules->size(), size_t{1});
}

int main() { return check::RunTests(); }
