#ifndef UVNET_CHUNK_MEMORY_H_
#define UVNET_CHUNK_MEMORY_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>

namespace uvnet {

class Environment;

// Recycles the memory of received chunks. It belongs to JavaScript and is freed when the garbage
// collector finds that the chunk is unused. Without further measures, there are two problems:
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
class ChunkMemory {
 public:
  static ChunkMemory* Create(Environment* environment);
  ChunkMemory(const ChunkMemory&) = delete;
  ChunkMemory& operator=(const ChunkMemory&) = delete;

  // Called after memory for a chunk was allocated. It needs an open handle scope.
  void Allocated(const void* memory, size_t size);

  // The object lives until the close callback of its timer.
  void Close();

 private:
  // Amount of garbage per chunk memory. It causes a collection every 16 MB while the young
  // generation has its initial size of 1 MB. Four times as much costs more than it saves.
  static constexpr size_t kPacedBytes = 64 * 1024;
  static constexpr size_t kGarbage = 4 * 1024;

  // As large as the largest chunks: a smaller block could be placed in a gap between them.
  static constexpr size_t kGuardSize = 64 * 1024;
  // Gaps are filled by then. What still lies above a new block is not in the part of the heap that
  // grows: threads have a heap of several parts.
  static constexpr int kTries = 1000;
  static constexpr uint64_t kPatience = 1000;  // ms without a chunk

  explicit ChunkMemory(Environment* environment) : environment_(environment) {}

  void MoveGuard(uintptr_t memory);
  void ReleaseGuard();
  static void OnTimer(uv_timer_t* timer);

  Environment* environment_;
  uv_timer_t timer_;
  size_t unpaced_ = 0;
  void* guard_ = nullptr;
  uintptr_t end_ = 0;  // of the guard or, after all tries, of the highest chunk
  int tries_ = 0;      // to move the guard
  bool used_ = false;  // since the timer last fired
};

}  // namespace uvnet

#endif  // UVNET_CHUNK_MEMORY_H_
