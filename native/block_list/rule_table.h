#ifndef UVNET_RULE_TABLE_H_
#define UVNET_RULE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "block_list/address_trie.h"

namespace uvnet {

// The rules of a block list, in the order in which they were added. A single address is stored
// once; subnets and ranges are stored as often as they were added. The time to find a rule does not
// depend on their number.
class RuleTable {
 public:
  // Returns false if the address exists. It then keeps its position and takes the new form (IPv4 or
  // IPv4-mapped).
  bool Add(const AddressRule& rule);
  // Removes the newest equal rule. Returns false if there is none.
  bool Remove(const AddressRule& rule);
  void Clear();

  size_t size() const { return live_; }
  // Returns single addresses, then subnets, then ranges, each with the newest first, as Node does.
  std::vector<AddressRule> List() const;
  size_t MemoryUsed() const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Record {
    uint8_t bytes[16];
    uint8_t family;  // 0: removed
    AddressRule::Kind kind;
    uint8_t prefix;
    uint32_t last;   // kRange: index of its end in ends_
    uint32_t older;  // the previous equal rule
  };

  static uint64_t Hash(const AddressRule& rule);
  static bool Equal(const AddressRule& left, const AddressRule& right);
  static AddressRule Read(const Record& record, const std::vector<IpAddress>& ends);

  // Returns the slot of the newest equal rule, or the free slot for it.
  size_t Find(const AddressRule& rule) const;
  void EraseSlot(size_t slot);
  void Append(const AddressRule& rule);
  void Rebuild();

  std::vector<Record> records_;
  std::vector<IpAddress> ends_;
  // A hash table with open addressing and linear probing. It holds indexes into records_, and is at
  // most 3/4 full.
  std::vector<uint32_t> slots_;
  size_t used_slots_ = 0;
  size_t live_ = 0;
};

}  // namespace uvnet

#endif  // UVNET_RULE_TABLE_H_
