#ifndef UVNET_BLOCK_RULES_H_
#define UVNET_BLOCK_RULES_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "block_list/address_trie.h"
#include "block_list/rule_table.h"

namespace uvnet {

// What a BlockList object stands for: the rules, and the trie made of them.
//
// Until Share() a list belongs to one thread and takes no lock. From then on
// every call does: readers share it, changes are alone. Large changes are made
// in small steps, so that a listener of another thread never waits for long; it
// may see the first part of such a change before the rest.
class BlockRules {
 public:
  void Add(const AddressRule& rule);
  void Add(const std::vector<AddressRule>& rules);
  // In place of all there were: readers see the old ones or the new ones.
  void Replace(const std::vector<AddressRule>& rules);
  void Remove(const AddressRule& rule);
  void Clear();

  bool Contains(const IpAddress& address) const;
  bool Covers(const IpAddress& network, int prefix) const;

  size_t size() const;
  std::vector<AddressRule> List() const;
  size_t MemoryUsed() const;

  // A name under which FindShared, in any thread of this process, gives the
  // same rules. It can be guessed by nobody.
  static std::string Share(const std::shared_ptr<BlockRules>& rules);
  // Null if the name is of no list, or of one that is gone.
  static std::shared_ptr<BlockRules> FindShared(const std::string& token);

 private:
  class ReadLock;
  class WriteLock;

  RuleTable table_;
  AddressTrie trie_;
  std::atomic<bool> shared_{false};
  mutable std::shared_mutex mutex_;
  std::string token_;  // belongs to the registry and its lock
};

}  // namespace uvnet

#endif  // UVNET_BLOCK_RULES_H_
