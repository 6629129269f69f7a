#ifndef UVNET_RECEIVE_BUFFER_H_
#define UVNET_RECEIVE_BUFFER_H_

#include <node_api.h>
#include <uv.h>

#include <cstddef>

#include "env/environment.h"

namespace uvnet {

// The area into which the kernel's bytes are read, one per environment. They leave it as copies of
// the exact size. JavaScript makes those of medium reads: its way to a Buffer is shorter than that
// of Node-API. So the area is a Buffer that JavaScript provides. Small reads share slabs, because a
// slab needs one allocation for many reads. The slab is small, so that a few bytes that a program
// keeps never hold more than a few KiB.
class ReceiveBuffer final : public EnvironmentPart {
 public:
  static ReceiveBuffer& Of(Environment* environment) {
    return environment->Use<ReceiveBuffer>(Part::kReceiveBuffer);
  }
  explicit ReceiveBuffer(Environment* environment) : environment_(environment) {}
  ~ReceiveBuffer() override { Release(); }

  // The size that libuv suggests for a stream read, and the largest chunk in Node.
  static constexpr size_t kAreaSize = 64 * 1024;
  // The size of Node's own Buffer pool for a decade. One byte that is kept may hold this much
  // memory.
  static constexpr size_t kSlabSize = 8 * 1024;
  // Above a quarter of a slab, a separate allocation is cheaper than the slab space that would be
  // wasted.
  static constexpr size_t kSmallRead = kSlabSize / 4;

  // Sets the area. No other code may have this Buffer.
  int SetArea(napi_env env, napi_value buffer);
  uv_buf_t Area() const { return uv_buf_init(area_data_, area_ == nullptr ? 0 : kAreaSize); }
  bool IsArea(const char* data) const { return data == area_data_; }

  // Copies `size` (at most kSmallRead) bytes into the slab. If the slab is a new one that
  // JavaScript does not know yet, `*slab` is set to it, else to null.
  napi_status CopySmall(napi_env env, const char* data, size_t size, size_t* offset,
                        napi_value* slab);

  // Copies the bytes into memory of their own.
  napi_status Copy(napi_env env, const char* data, size_t size, napi_value* buffer);

  // Reads of at least this size are bulk reads, which need no copy. A chunk never holds more than
  // twice its size.
  static constexpr size_t kBulkRead = kAreaSize / 2;

  // For bulk reads: memory of the size of the area, which becomes the chunk that the program gets.
  // Each chunk has its own memory: programs transfer it (for example to a worker) and expect it to
  // contain nothing else. Returns null if V8 has no memory left.
  uv_buf_t Bulk(napi_env env);
  bool IsBulk(const char* data) const { return data == bulk_data_; }
  // Passes the buffer to the caller. The next Bulk() makes another one.
  napi_status TakeBulk(napi_env env, napi_value* buffer);

  // JavaScript modules that are loaded again do not know the slab, and bring an area of their own.
  void ForgetFacade() override { Release(); }

 private:
  void Release();

  Environment* environment_;
  napi_ref area_ = nullptr;
  char* area_data_ = nullptr;
  napi_ref slab_ = nullptr;
  size_t slab_used_ = 0;
  napi_ref bulk_ = nullptr;
  char* bulk_data_ = nullptr;
};

}  // namespace uvnet

#endif  // UVNET_RECEIVE_BUFFER_H_
