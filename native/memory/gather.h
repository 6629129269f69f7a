#ifndef UVNET_GATHER_H_
#define UVNET_GATHER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "env/environment.h"

namespace uvnet {

class Stream;

// A block that collects the small writes of one stream in one turn.
struct GatherBlock {
  // Large enough for the small replies of a turn, and small enough that a block which the kernel
  // refuses does not matter.
  static constexpr size_t kSize = 32 * 1024;
  size_t used = 0;
  // Number of bytes that still count as written if the whole block fails (see Dispatch).
  size_t counted = 0;
  char bytes[kSize];

  size_t room() const { return kSize - used; }
};

// The streams with gathered bytes, and their blocks.
class GatherPool final : public EnvironmentPart {
 public:
  static GatherPool& Of(Environment* environment) {
    return environment->Use<GatherPool>(Part::kGatherPool);
  }
  explicit GatherPool(Environment*) {}

  // A larger write leaves by itself (together with the bytes that were gathered before it): copying
  // it would cost more than the system call that it saves.
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

  // The first write of a turn leaves at once. But if one turn writes to many streams, the writes to
  // later streams wait as well, and leave one right after the other. So the caches keep the code
  // and data of the system call. Call this at the first write to each stream. It returns whether
  // the stream is one of many.
  bool CountWriter(uint32_t turn) {
    if (writers_turn_ != turn) {
      writers_turn_ = turn;
      writers_ = 0;
    }
    return ++writers_ > kFewWriters;
  }

  std::vector<Stream*>& waiting() { return waiting_; }
  // The number of reusable blocks: the bytes of one stream must not wait for those of a thousand
  // others.
  bool full() const { return waiting_.size() >= kKeep; }

  // Streams whose gathered writes failed, until this is reported to JavaScript.
  struct Failure {
    int32_t id;
    int status;
  };
  std::vector<Failure>& failures() { return failures_; }

  // Gathering ends when no flush may follow any more, that is, from the 'exit' event of the process
  // on.
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
