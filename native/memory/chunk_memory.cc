#include "memory/chunk_memory.h"

#include <node_api.h>

#include <algorithm>
#include <cstdlib>  // defines __GLIBC__

#include "env/environment.h"

namespace uvnet {

namespace {

#if defined(__GLIBC__)
constexpr bool kGuarded = true;
#else
constexpr bool kGuarded = false;
#endif

}  // namespace

ChunkMemory* ChunkMemory::Create(Environment* environment) {
  auto* self = new ChunkMemory(environment);
  uv_timer_init(environment->loop(), &self->timer_);  // cannot fail
  self->timer_.data = self;
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->timer_));
  environment->HandleOpened();
  return self;
}

void ChunkMemory::Close() {
  ReleaseGuard();
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), [](uv_handle_t* timer) {
    auto* self = static_cast<ChunkMemory*>(timer->data);
    Environment* environment = self->environment_;
    delete self;
    environment->HandleClosed();
  });
}

void ChunkMemory::Allocated(const void* memory, size_t size) {
  used_ = true;
  if (const auto address = reinterpret_cast<uintptr_t>(memory); kGuarded && address > end_) {
    MoveGuard(address);
  }
  unpaced_ += size;
  if (unpaced_ < kPacedBytes) return;
  unpaced_ = 0;
  static constexpr char kNothing[kGarbage] = {};
  napi_value garbage;
  // If this fails, memory is short, and V8 will soon collect garbage anyway.
  static_cast<void>(napi_create_string_latin1(environment_->env(), kNothing, kGarbage, &garbage));
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
