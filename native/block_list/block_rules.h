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

// The native part of a BlockList object: the rules and their trie.
//
// Until Share(), a list belongs to one thread and takes no lock. From then on, every call takes the
// lock: readers share it, and a change holds it exclusively. Large changes are made in small steps,
// so a listener in another thread never waits long. It may see the first part of such a change
// before the rest.
class BlockRules {
 public:
  void Add(const AddressRule& rule);
  void Add(const std::vector<AddressRule>& rules);
  // Replaces all rules. Readers see either the old rules or the new ones.
  void Replace(const std::vector<AddressRule>& rules);
  void Remove(const AddressRule& rule);
  void Clear();

  bool Contains(const IpAddress& address) const;
  bool Covers(const IpAddress& network, int prefix) const;

  size_t size() const;
  std::vector<AddressRule> List() const;
  size_t MemoryUsed() const;

  // Returns a name with which FindShared gets the same rules in any thread of this process. The
  // name cannot be guessed.
  static std::string Share(const std::shared_ptr<BlockRules>& rules);
  // Returns null if no list with this name exists.
  static std::shared_ptr<BlockRules> FindShared(const std::string& token);

 private:
  class ReadLock;
  class WriteLock;

  RuleTable table_;
  AddressTrie trie_;
  std::atomic<bool> shared_{false};
  mutable std::shared_mutex mutex_;
  std::string token_;  // guarded by the lock of the registry
};

}  // namespace uvnet

#endif  // UVNET_BLOCK_RULES_H_
