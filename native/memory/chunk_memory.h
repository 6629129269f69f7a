#ifndef UVNET_CHUNK_MEMORY_H_
#define UVNET_CHUNK_MEMORY_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>

namespace uvnet {

class Environment;

// Keeps the memory of received chunks in circulation. It belongs to JavaScript and
// comes free when the garbage collector finds the chunk dead. Left to themselves
//
// - V8 does not count it when it decides on a collection of the young generation,
//   where nearly all chunks die; a stream of them brings about little else that
//   would fill it. What acts is the limit for memory outside of the heap, 64 MB: V8
//   then marks the whole heap, again and again. So a little garbage of the counted
//   kind goes with the chunks.
// - glibc's free() gives what lies free at the end of the heap back to the system
//   (M_TRIM_THRESHOLD in mallopt(3), 128 KiB), that is all the chunks of a
//   collection; the next ones have every page faulted in again, which costs more
//   than reading them. So while chunks come, a block that is never touched stands
//   at the end of the heap. It goes when none came for a while, and takes what is
//   free before it along.
class ChunkMemory {
 public:
  static ChunkMemory* Create(Environment* environment);
  ChunkMemory(const ChunkMemory&) = delete;
  ChunkMemory& operator=(const ChunkMemory&) = delete;

  // Memory of a chunk was allocated. Needs an open handle scope.
  void Allocated(const void* memory, size_t size);

  // `this` lives until the close callback of its timer.
  void Close();

 private:
  // Garbage per chunk memory: a collection for each 16 MB while the young
  // generation has its initial MB. Four times as much costs more than it saves.
  static constexpr size_t kPacedBytes = 64 * 1024;
  static constexpr size_t kGarbage = 4 * 1024;

  // As large as the largest chunks: smaller ones could come from a gap between them.
  static constexpr size_t kGuardSize = 64 * 1024;
  static constexpr uint64_t kPatience = 1000;  // ms without a chunk

  explicit ChunkMemory(Environment* environment) : environment_(environment) {}

  void MoveGuard(const void* memory);
  void ReleaseGuard();
  static void OnTimer(uv_timer_t* timer);

  Environment* environment_;
  uv_timer_t timer_;
  size_t unpaced_ = 0;
  void* guard_ = nullptr;
  uintptr_t end_ = 0;  // the highest address seen
  bool used_ = false;  // since the timer's last turn
};

}  // namespace uvnet

#endif  // UVNET_CHUNK_MEMORY_H_
