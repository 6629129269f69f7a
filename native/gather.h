#ifndef UVNET_GATHER_H_
#define UVNET_GATHER_H_

#include <cstddef>
#include <memory>
#include <vector>

namespace uvnet {

class Stream;

// A block in which the small writes of one turn of one stream are collected.
struct GatherBlock {
  // Large enough for a turn's worth of small replies, small enough that a block
  // the kernel refuses is no burden.
  static constexpr size_t kSize = 32 * 1024;
  size_t used = 0;
  // What still counts as written if the block fails as a whole (see Dispatch).
  size_t counted = 0;
  char bytes[kSize];

  size_t room() const { return kSize - used; }
};

// The streams that hold gathered bytes, and the blocks they hold them in.
class GatherPool {
 public:
  // A write above this goes out by itself (together with what was gathered
  // before it): copying it would cost more than the system call it saves.
  static constexpr size_t kMaxChunk = 4 * 1024;

  std::unique_ptr<GatherBlock> Take() {
    if (free_.empty()) return std::unique_ptr<GatherBlock>(new GatherBlock);
    std::unique_ptr<GatherBlock> block = std::move(free_.back());
    free_.pop_back();
    return block;
  }
  void Give(std::unique_ptr<GatherBlock> block) {
    if (free_.size() >= kKeep) return;
    block->used = 0;
    free_.push_back(std::move(block));
  }

  std::vector<Stream*>& waiting() { return waiting_; }

  // Gathering ends when user code can no longer be relied on to flush, that is
  // from the process's 'exit' event on.
  bool enabled() const { return enabled_; }
  void Disable() { enabled_ = false; }

 private:
  static constexpr size_t kKeep = 32;
  std::vector<std::unique_ptr<GatherBlock>> free_;
  std::vector<Stream*> waiting_;
  bool enabled_ = true;
};

}  // namespace uvnet

#endif  // UVNET_GATHER_H_
