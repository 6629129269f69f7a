#ifndef UVNET_RECEIVE_BUFFER_H_
#define UVNET_RECEIVE_BUFFER_H_

#include <node_api.h>
#include <uv.h>

#include <cstddef>
#include <memory>

#include "env/environment.h"

namespace uvnet {

class ChunkMemory;

// Where the kernel's bytes land, one area per environment, and how they leave
// it: as exactly sized copies. Small reads share slabs, because a slab costs one
// allocation for many reads; the slab is small, so that a few kept bytes never
// pin more than a few KiB.
class ReceiveBuffer final : public EnvironmentPart {
 public:
  static ReceiveBuffer& Of(Environment* environment) {
    return environment->Use<ReceiveBuffer>(Part::kReceiveBuffer);
  }
  explicit ReceiveBuffer(Environment* environment) : environment_(environment) {}
  ~ReceiveBuffer() override { Release(); }

  // What libuv suggests for a stream read, and what Node's users see as the
  // largest chunk.
  static constexpr size_t kAreaSize = 64 * 1024;
  // As Node's own Buffer pool was for a decade: what one kept byte may pin.
  static constexpr size_t kSlabSize = 8 * 1024;
  // Above a quarter of a slab an allocation of its own is cheaper than the
  // slab space that is left over.
  static constexpr size_t kSmallRead = kSlabSize / 4;

  uv_buf_t Area() {
    if (area_ == nullptr) area_.reset(new char[kAreaSize]);
    return uv_buf_init(area_.get(), kAreaSize);
  }

  // Copies `size` (at most kSmallRead) bytes into the slab. `*slab` becomes the
  // slab where it is a new one that JavaScript does not know yet, else null.
  napi_status CopySmall(napi_env env, const char* data, size_t size, size_t* offset,
                        napi_value* slab);

  // Copies them into memory of their own.
  napi_status Copy(napi_env env, const char* data, size_t size, napi_value* buffer);

  // Reads from here on are bulk: they go where no copy is needed. What a chunk pins
  // is never more than twice its size.
  static constexpr size_t kBulkRead = kAreaSize / 2;

  // For streams of bulk reads: memory of the area's size that becomes the user's
  // chunk as it is. A chunk each: users give the memory of one away (to a worker,
  // say) and expect it to be of no other. Null where the engine has none to give.
  uv_buf_t Bulk(napi_env env);
  bool IsBulk(const char* data) const { return data == bulk_data_; }
  // Gives the buffer away; the next Bulk() makes another one.
  napi_status TakeBulk(napi_env env, napi_value* buffer);

  void Close() override;
  // The slab is one that a facade loaded later does not know.
  void ForgetFacade() override { Release(); }

 private:
  void Release();
  // Memory was allocated that JavaScript gets.
  void Allocated(const void* memory, size_t size);

  Environment* environment_;
  ChunkMemory* chunks_ = nullptr;  // lives as long as its timer
  std::unique_ptr<char[]> area_;
  napi_ref slab_ = nullptr;
  size_t slab_used_ = 0;
  napi_ref bulk_ = nullptr;
  char* bulk_data_ = nullptr;
};

}  // namespace uvnet

#endif  // UVNET_RECEIVE_BUFFER_H_
