#ifndef UVNET_GATHER_H_
#define UVNET_GATHER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "env/environment.h"

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
class GatherPool final : public EnvironmentPart {
 public:
  static GatherPool& Of(Environment* environment) {
    return environment->Use<GatherPool>(Part::kGatherPool);
  }
  explicit GatherPool(Environment*) {}

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

  // The first write of a turn goes out at once, but where one turn writes to many
  // streams: from then on theirs wait as well, and leave one right after the other,
  // which spares each system call what the code between them throws out of the caches.
  // To be asked at the first write of each stream; whether it is one of many.
  bool CountWriter(uint32_t turn) {
    if (writers_turn_ != turn) {
      writers_turn_ = turn;
      writers_ = 0;
    }
    return ++writers_ > kFewWriters;
  }

  std::vector<Stream*>& waiting() { return waiting_; }
  // As many as there are blocks to reuse: the bytes of one stream do not wait for
  // those of a thousand others.
  bool full() const { return waiting_.size() >= kKeep; }

  // Streams whose gathered bytes failed, until JavaScript hears of it.
  struct Failure {
    int32_t id;
    int status;
  };
  std::vector<Failure>& failures() { return failures_; }

  // Gathering ends when user code can no longer be relied on to flush, that is
  // from the process's 'exit' event on.
  bool enabled() const { return enabled_; }
  void Disable() { enabled_ = false; }

 private:
  static constexpr size_t kKeep = 32;
  static constexpr uint32_t kFewWriters = 16;
  std::vector<std::unique_ptr<GatherBlock>> free_;
  std::vector<Stream*> waiting_;
  std::vector<Failure> failures_;
  uint32_t writers_turn_ = 0;
  uint32_t writers_ = 0;
  bool enabled_ = true;
};

}  // namespace uvnet

#endif  // UVNET_GATHER_H_
