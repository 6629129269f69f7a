#include "memory/chunk_memory.h"

#include <node_api.h>

#include <algorithm>
#include <cstdlib>  // defines __GLIBC__
#include <utility>

#if defined(__GLIBC__)
#include <unistd.h>
#endif

namespace uvnet {

namespace {

#if defined(__GLIBC__)
constexpr bool kGuarded = true;
// Whether malloc() has this memory in the part of its heap that grows and shrinks.
bool InHeap(const void* memory) { return memory < sbrk(0); }
#else
constexpr bool kGuarded = false;
bool InHeap(const void*) { return false; }
#endif

}  // namespace

ChunkMemory::ChunkMemory(Environment* environment) : environment_(environment) {
  uv_timer_init(environment->loop(), &timer_);  // cannot fail
  timer_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
  environment->HandleOpened();
}

void ChunkMemory::Close() {
  ReleaseGuard();
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), [](uv_handle_t* timer) {
    // May destroy the environment, and with it this object.
    static_cast<ChunkMemory*>(timer->data)->environment_->HandleClosed();
  });
}

void ChunkMemory::Received(const void* memory, size_t size) {
  external_ += static_cast<int64_t>(size);
  Guard(memory);
  unpaced_ += size;
  if (unpaced_ < kPacedBytes) return;
  unpaced_ = 0;
  MakeGarbage(kGarbage);
}

void ChunkMemory::Written(const void* memory, size_t size) {
  written_ += size;
  if (written_ < kLookBytes) return;
  written_ = 0;
  int64_t external;
  if (napi_adjust_external_memory(environment_->env(), 0, &external) != napi_ok) return;
  const int64_t grown = external - std::exchange(external_, external);
  if (grown <= 0) return;
  if (size <= kGuardSize && InHeap(memory)) Guard(memory);
  MakeGarbage(std::min(static_cast<size_t>(grown), kMaxGrown) / kGrownPerGarbage);
}

void ChunkMemory::Guard(const void* memory) {
  used_ = true;
  const auto address = reinterpret_cast<uintptr_t>(memory);
  if (kGuarded && address > end_) MoveGuard(address);
}

void ChunkMemory::MakeGarbage(size_t size) {
  static constexpr char kNothing[kGarbage] = {};
  for (size_t part; size > 0; size -= part) {
    part = std::min(size, sizeof kNothing);
    napi_value garbage;
    // If this fails, memory is short, and V8 will soon collect garbage anyway.
    static_cast<void>(napi_create_string_latin1(environment_->env(), kNothing, part, &garbage));
  }
}

// The heap grew for this memory, so a block that is allocated now comes after it. Unless a thread
// of V8 has just freed chunks before it: then the block fills their gap, and the next chunk tries
// again.
void ChunkMemory::MoveGuard(uintptr_t memory) {
  void* guard = std::malloc(kGuardSize);
  const auto address = reinterpret_cast<uintptr_t>(guard);
  if (address < memory && ++tries_ < kTries) {
    std::free(guard);
    return;
  }
  if (guard_ == nullptr) uv_timer_start(&timer_, OnTimer, kPatience, kPatience);
  // Freed only now, so that the new block cannot take its place.
  std::free(guard_);
  guard_ = guard;
  end_ = std::max(memory, address);
  tries_ = 0;
}

void ChunkMemory::ReleaseGuard() {
  std::free(guard_);
  guard_ = nullptr;
  end_ = 0;
  tries_ = 0;
}

void ChunkMemory::OnTimer(uv_timer_t* timer) {
  auto* self = static_cast<ChunkMemory*>(timer->data);
  if (self->used_) {
    self->used_ = false;
    return;
  }
  uv_timer_stop(timer);
  self->ReleaseGuard();
}

}  // namespace uvnet
