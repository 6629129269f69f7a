#include "block_list/rule_table.h"

#include <cstring>
#include <utility>

namespace uvnet {

namespace {

uint64_t Combine(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 32;
}

uint64_t Combine(uint64_t hash, const IpAddress& address) {
  uint64_t words[2] = {0, 0};
  memcpy(words, address.bytes, address.family == 4 ? 4 : 16);
  return Combine(Combine(hash, words[0]), words[1]);
}

bool SameBytes(const IpAddress& left, const IpAddress& right) {
  return left.family == right.family &&
         memcmp(left.bytes, right.bytes, left.family == 4 ? 4 : 16) == 0;
}

}  // namespace

uint64_t RuleTable::Hash(const AddressRule& rule) {
  uint64_t hash = Combine(static_cast<uint64_t>(rule.kind) << 8, rule.prefix);
  if (rule.kind == AddressRule::Kind::kAddress) {
    // Both forms of an IPv4 address are equal.
    IpAddress ipv4;
    return Combine(hash, UnmapIpv4(rule.first, &ipv4) ? ipv4 : rule.first);
  }
  hash = Combine(hash, rule.first);
  return rule.kind == AddressRule::Kind::kRange ? Combine(hash, rule.last) : hash;
}

bool RuleTable::Equal(const AddressRule& left, const AddressRule& right) {
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case AddressRule::Kind::kAddress: return Compare(left.first, right.first) == 0;
    case AddressRule::Kind::kSubnet:
      return left.prefix == right.prefix && SameBytes(left.first, right.first);
    default: return SameBytes(left.first, right.first) && SameBytes(left.last, right.last);
  }
}

AddressRule RuleTable::Read(const Record& record, const std::vector<IpAddress>& ends) {
  AddressRule rule;
  rule.kind = record.kind;
  rule.prefix = record.prefix;
  rule.first.family = record.family;
  memcpy(rule.first.bytes, record.bytes, sizeof(record.bytes));
  if (record.kind == AddressRule::Kind::kRange) rule.last = ends[record.last];
  return rule;
}

size_t RuleTable::Find(const AddressRule& rule) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = static_cast<size_t>(Hash(rule)) & mask;
  while (slots_[slot] != kNone && !Equal(Read(records_[slots_[slot]], ends_), rule)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

// Moves later entries of the same probe sequence up, so that no search ends too early.
void RuleTable::EraseSlot(size_t slot) {
  const size_t mask = slots_.size() - 1;
  size_t hole = slot;
  for (size_t next = (hole + 1) & mask; slots_[next] != kNone; next = (next + 1) & mask) {
    const size_t home = static_cast<size_t>(Hash(Read(records_[slots_[next]], ends_))) & mask;
    if (((next - home) & mask) >= ((next - hole) & mask)) {
      slots_[hole] = slots_[next];
      hole = next;
    }
  }
  slots_[hole] = kNone;
  --used_slots_;
}

void RuleTable::Append(const AddressRule& rule) {
  Record record;
  memcpy(record.bytes, rule.first.bytes, sizeof(record.bytes));
  record.family = static_cast<uint8_t>(rule.first.family);
  record.kind = rule.kind;
  record.prefix = rule.prefix;
  record.last = 0;
  if (rule.kind == AddressRule::Kind::kRange) {
    record.last = static_cast<uint32_t>(ends_.size());
    ends_.push_back(rule.last);
  }
  const size_t slot = Find(rule);
  record.older = slots_[slot];
  if (record.older == kNone) ++used_slots_;
  slots_[slot] = static_cast<uint32_t>(records_.size());
  records_.push_back(record);
  ++live_;
}

bool RuleTable::Add(const AddressRule& rule) {
  if (4 * (used_slots_ + 1) > 3 * slots_.size()) Rebuild();
  if (rule.kind == AddressRule::Kind::kAddress) {
    const uint32_t known = slots_[Find(rule)];
    if (known != kNone) {
      records_[known].family = static_cast<uint8_t>(rule.first.family);
      memcpy(records_[known].bytes, rule.first.bytes, sizeof(records_[known].bytes));
      return false;
    }
  }
  // Grows by a quarter instead of doubling: lists are large and grow slowly.
  if (records_.size() == records_.capacity()) {
    records_.reserve(records_.size() + records_.size() / 4 + 8);
  }
  Append(rule);
  return true;
}

bool RuleTable::Remove(const AddressRule& rule) {
  if (slots_.empty()) return false;
  const size_t slot = Find(rule);
  const uint32_t found = slots_[slot];
  if (found == kNone) return false;
  if (records_[found].older != kNone) {
    slots_[slot] = records_[found].older;
  } else {
    EraseSlot(slot);
  }
  records_[found].family = 0;
  --live_;
  // When removed rules are more than half of the table, their memory is freed.
  if (records_.size() > 64 && records_.size() > 2 * live_) Rebuild();
  return true;
}

void RuleTable::Clear() { *this = RuleTable(); }

// Drops removed rules and rebuilds the slots.
void RuleTable::Rebuild() {
  const std::vector<Record> records = std::move(records_);
  const std::vector<IpAddress> ends = std::move(ends_);
  size_t size = 16;
  while (3 * size < 4 * (live_ + live_ / 2 + 1)) size *= 2;
  records_ = {};
  ends_ = {};
  records_.reserve(live_ + live_ / 4 + 8);
  slots_.assign(size, kNone);
  used_slots_ = 0;
  live_ = 0;
  for (const Record& record : records) {
    if (record.family == 0) continue;
    Append(Read(record, ends));
  }
}

std::vector<AddressRule> RuleTable::List() const {
  std::vector<AddressRule> rules;
  rules.reserve(live_);
  for (const AddressRule::Kind kind :
       {AddressRule::Kind::kAddress, AddressRule::Kind::kSubnet, AddressRule::Kind::kRange}) {
    for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
      if (record->family != 0 && record->kind == kind) rules.push_back(Read(*record, ends_));
    }
  }
  return rules;
}

size_t RuleTable::MemoryUsed() const {
  return records_.capacity() * sizeof(Record) + ends_.capacity() * sizeof(IpAddress) +
         slots_.capacity() * sizeof(uint32_t);
}

}  // namespace uvnet
