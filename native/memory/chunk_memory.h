#ifndef UVNET_CHUNK_MEMORY_H_
#define UVNET_CHUNK_MEMORY_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>

#include "env/environment.h"

namespace uvnet {

// Recycles the memory of received chunks, and of the Buffers that a program writes (those of a
// file, for example). It belongs to JavaScript and is freed when the garbage collector finds that
// the chunk is unused. Without further measures, there are two problems:
//
// - V8 does not count this memory when it decides on a collection of the young generation, in which
//   nearly all chunks would be freed. A stream of chunks allocates little else that V8 counts.
//   Instead, the limit for memory outside the heap, 64 MB, takes effect: V8 then marks the whole
//   heap, again and again. So a little garbage that V8 counts is allocated with the chunks.
// - glibc's free() returns free memory at the end of the heap to the system (M_TRIM_THRESHOLD in
//   mallopt(3), 128 KiB), that is, all chunks of a collection. For the next chunks, every page must
//   be faulted in again, which costs more than reading them. So while chunks arrive, a block that
//   is never used is kept at the end of the heap. It is freed after a while without chunks,
//   together with the free memory before it.
class ChunkMemory final : public EnvironmentPart {
 public:
  static ChunkMemory& Of(Environment* environment) {
    return environment->Use<ChunkMemory>(Part::kChunkMemory);
  }
  explicit ChunkMemory(Environment* environment);

  // Called after memory for chunks was allocated: `size` bytes since the last call, the last of
  // them at `memory`. It needs an open handle scope.
  void Received(const void* memory, size_t size);
  // Called for each write of Buffers: `size` bytes, at `memory` if it is one Buffer. It needs an
  // open handle scope. V8's count of external memory tells whether the program makes new Buffers
  // for its writes; there is nothing to do if it always writes the same ones.
  void Written(const void* memory, size_t size);

  void Close() override;

 private:
  // Amount of garbage per chunk memory. It causes a collection every 16 MB while the young
  // generation has its initial size of 1 MB. Four times as much costs more than it saves.
  static constexpr size_t kPacedBytes = 64 * 1024;
  static constexpr size_t kGarbage = 4 * 1024;

  // The same for written Buffers, for a collection every 38 MB. Twice as much garbage saves memory,
  // but costs up to 4 % more time when a file is sent.
  static constexpr size_t kGrownPerGarbage = 32;
  static constexpr size_t kLookBytes = 256 * 1024;  // between two looks at V8's count
  // What counts of the growth at one look, so that a look stays cheap. Buffers above 1 MiB still
  // cause a marking of the heap every 64 MB.
  static constexpr size_t kMaxGrown = 1024 * 1024;

  // As large as the largest chunks: a smaller block could be placed in a gap between them.
  static constexpr size_t kGuardSize = 64 * 1024;
  // Gaps are filled by then. What still lies above a new block is not in the part of the heap that
  // grows: threads have a heap of several parts.
  static constexpr int kTries = 1000;
  static constexpr uint64_t kPatience = 1000;  // ms without a chunk

  void Guard(const void* memory);
  void MakeGarbage(size_t size);
  void MoveGuard(uintptr_t memory);
  void ReleaseGuard();
  static void OnTimer(uv_timer_t* timer);

  Environment* environment_;
  uv_timer_t timer_;
  size_t unpaced_ = 0;
  size_t written_ = 0;    // since the last look
  int64_t external_ = 0;  // V8's count then, and the chunks that were received since
  void* guard_ = nullptr;
  uintptr_t end_ = 0;  // of the guard or, after all tries, of the highest chunk
  int tries_ = 0;      // to move the guard
  bool used_ = false;  // since the timer last fired
};

}  // namespace uvnet

#endif  // UVNET_CHUNK_MEMORY_H_
