#ifndef UVNET_BLOCK_LIST_TABLE_H_
#define UVNET_BLOCK_LIST_TABLE_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "block_list/block_rules.h"
#include "env/environment.h"

namespace uvnet {

// The block lists of one environment, by id. When a BlockList object is collected, its slot is
// freed.
class BlockListTable final : public EnvironmentPart {
 public:
  static BlockListTable& Of(Environment* environment) {
    return environment->Use<BlockListTable>(Part::kBlockLists);
  }
  explicit BlockListTable(Environment*) {}

  int Insert(std::shared_ptr<BlockRules> rules) {
    if (free_.empty()) {
      lists_.push_back(std::move(rules));
      return static_cast<int>(lists_.size()) - 1;
    }
    const uint32_t id = free_.back();
    free_.pop_back();
    lists_[id] = std::move(rules);
    return static_cast<int>(id);
  }

  // Returns null if there is none. A listener may outlive the BlockList object, so it keeps a copy
  // of the pointer.
  const std::shared_ptr<BlockRules>& Get(int id) const {
    return static_cast<uint32_t>(id) < lists_.size() ? lists_[static_cast<uint32_t>(id)] : none_;
  }

  void Erase(int id) {
    lists_[static_cast<uint32_t>(id)] = nullptr;
    free_.push_back(static_cast<uint32_t>(id));
  }

 private:
  std::vector<std::shared_ptr<BlockRules>> lists_;
  std::vector<uint32_t> free_;
  const std::shared_ptr<BlockRules> none_;
};

}  // namespace uvnet

#endif  // UVNET_BLOCK_LIST_TABLE_H_
