#include "block_list/block_rules.h"

#include <uv.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "env/random_token.h"

namespace uvnet {

namespace {

// How many rules are changed while the lock is held once, which takes some tens of microseconds.
constexpr size_t kBatch = 256;

// How long an unused token keeps its list alive. It is long enough for a worker to start and use
// the token. After that, a list lives as long as it has an owner.
constexpr uint64_t kTokenLife = 60ull * 1000 * 1000 * 1000;  // nanoseconds

// The lists that environments share. They belong to the process, because a token means the same
// list in all threads. An entry lives as long as its list. An unused token keeps a list for at most
// kTokenLife, and each call removes expired entries, so their number is bounded.
class Registry {
 public:
  static Registry& Get() {
    // Never destroyed: workers may still be ending while the process exits.
    static Registry* const registry = new Registry;
    return *registry;
  }

  std::string Put(const std::shared_ptr<BlockRules>& rules, std::string* token) {
    std::vector<std::shared_ptr<BlockRules>> dropped;
    const std::lock_guard<std::mutex> lock(mutex_);
    Sweep(&dropped);
    if (token->empty()) {
      std::string fresh = "uvnet-block-list:";
      if (AppendRandomToken(&fresh) != 0) return {};
      *token = std::move(fresh);
    }
    entries_[*token] = {rules, rules, uv_hrtime() + kTokenLife};
    return *token;
  }

  std::shared_ptr<BlockRules> Find(const std::string& token) {
    std::vector<std::shared_ptr<BlockRules>> dropped;
    const std::lock_guard<std::mutex> lock(mutex_);
    Sweep(&dropped);
    const auto entry = entries_.find(token);
    return entry == entries_.end() ? nullptr : entry->second.rules.lock();
  }

 private:
  struct Entry {
    std::weak_ptr<BlockRules> rules;
    std::shared_ptr<BlockRules> keep;
    uint64_t deadline;
  };

  // The caller destroys the lists without the lock: it declares `dropped` before it takes the lock.
  void Sweep(std::vector<std::shared_ptr<BlockRules>>* dropped) {
    const uint64_t now = uv_hrtime();
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      if (entry->second.keep != nullptr && entry->second.deadline < now) {
        dropped->push_back(std::move(entry->second.keep));
        entry->second.keep = nullptr;
      }
      const bool gone = entry->second.keep == nullptr && entry->second.rules.expired();
      entry = gone ? entries_.erase(entry) : std::next(entry);
    }
  }

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace

class BlockRules::ReadLock {
 public:
  explicit ReadLock(const BlockRules& rules)
      : mutex_(rules.shared_.load(std::memory_order_acquire) ? &rules.mutex_ : nullptr) {
    if (mutex_ != nullptr) mutex_->lock_shared();
  }
  ~ReadLock() {
    if (mutex_ != nullptr) mutex_->unlock_shared();
  }
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;

 private:
  std::shared_mutex* const mutex_;
};

class BlockRules::WriteLock {
 public:
  explicit WriteLock(const BlockRules& rules)
      : mutex_(rules.shared_.load(std::memory_order_acquire) ? &rules.mutex_ : nullptr) {
    if (mutex_ != nullptr) mutex_->lock();
  }
  ~WriteLock() {
    if (mutex_ != nullptr) mutex_->unlock();
  }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  std::shared_mutex* const mutex_;
};

void BlockRules::Add(const AddressRule& rule) {
  const WriteLock lock(*this);
  if (table_.Add(rule)) trie_.Add(rule);
}

void BlockRules::Add(const std::vector<AddressRule>& rules) {
  for (size_t start = 0; start < rules.size(); start += kBatch) {
    const WriteLock lock(*this);
    const size_t end = std::min(rules.size(), start + kBatch);
    for (size_t i = start; i < end; ++i) {
      if (table_.Add(rules[i])) trie_.Add(rules[i]);
    }
  }
}

void BlockRules::Replace(const std::vector<AddressRule>& rules) {
  // Made and destroyed without the lock, because both take long.
  BlockRules other;
  other.Add(rules);
  const WriteLock lock(*this);
  std::swap(table_, other.table_);
  std::swap(trie_, other.trie_);
}

void BlockRules::Remove(const AddressRule& rule) {
  const WriteLock lock(*this);
  if (table_.Remove(rule)) trie_.Remove(rule);
}

void BlockRules::Clear() {
  const WriteLock lock(*this);
  table_.Clear();
  trie_.Clear();
}

bool BlockRules::Contains(const IpAddress& address) const {
  const ReadLock lock(*this);
  return trie_.Contains(address);
}

bool BlockRules::Covers(const IpAddress& network, int prefix) const {
  const ReadLock lock(*this);
  return trie_.Covers(network, prefix);
}

size_t BlockRules::size() const {
  const ReadLock lock(*this);
  return table_.size();
}

std::vector<AddressRule> BlockRules::List() const {
  const ReadLock lock(*this);
  return table_.List();
}

size_t BlockRules::MemoryUsed() const {
  const ReadLock lock(*this);
  return table_.MemoryUsed() + trie_.MemoryUsed();
}

std::string BlockRules::Share(const std::shared_ptr<BlockRules>& rules) {
  // Set before any other thread can get the list.
  rules->shared_.store(true, std::memory_order_release);
  return Registry::Get().Put(rules, &rules->token_);
}

std::shared_ptr<BlockRules> BlockRules::FindShared(const std::string& token) {
  return Registry::Get().Find(token);
}

}  // namespace uvnet
