#include "memory/receive_buffer.h"

#include <cstring>

#include "env/arguments.h"
#include "memory/chunk_memory.h"

namespace uvnet {

int ReceiveBuffer::SetArea(napi_env env, napi_value buffer) {
  Bytes bytes;
  if (!bytes.From(env, buffer) || bytes.size < kAreaSize) return UV_EINVAL;
  napi_ref reference;
  if (napi_create_reference(env, buffer, 1, &reference) != napi_ok) return UV_ENOMEM;
  if (area_ != nullptr) napi_delete_reference(env, area_);
  area_ = reference;
  area_data_ = bytes.data;
  return 0;
}

napi_status ReceiveBuffer::CopySmall(napi_env env, const char* data, size_t size, size_t* offset,
                                     napi_value* slab) {
  *slab = nullptr;
  void* bytes = nullptr;
  size_t length = 0;

  // The address of the slab's memory is requested for each read and not stored: programs hold views
  // of it and may detach it (ArrayBuffer.prototype.transfer).
  if (slab_ != nullptr && slab_used_ + size <= kSlabSize) {
    napi_value current;
    napi_status status = napi_get_reference_value(env, slab_, &current);
    if (status != napi_ok) return status;
    if (napi_get_buffer_info(env, current, &bytes, &length) != napi_ok) length = 0;
  }

  if (length != kSlabSize) {
    napi_value fresh;
    napi_status status = napi_create_buffer(env, kSlabSize, &bytes, &fresh);
    if (status != napi_ok) return status;
    napi_ref reference;
    status = napi_create_reference(env, fresh, 1, &reference);
    if (status != napi_ok) return status;
    if (slab_ != nullptr) napi_delete_reference(env, slab_);
    slab_ = reference;
    ChunkMemory::Of(environment_).Received(bytes, kSlabSize);
    slab_used_ = 0;
    *slab = fresh;
  }

  std::memcpy(static_cast<char*>(bytes) + slab_used_, data, size);
  *offset = slab_used_;
  // Eight-byte alignment allows typed-array views of a chunk.
  slab_used_ += (size + 7) & ~static_cast<size_t>(7);
  return napi_ok;
}

napi_status ReceiveBuffer::Copy(napi_env env, const char* data, size_t size, napi_value* buffer) {
  void* memory = nullptr;
  const napi_status status = napi_create_buffer_copy(env, size, data, &memory, buffer);
  if (status == napi_ok) ChunkMemory::Of(environment_).Received(memory, size);
  return status;
}

uv_buf_t ReceiveBuffer::Bulk(napi_env env) {
  if (bulk_ == nullptr) {
    napi_value buffer;
    void* data;
    if (napi_create_buffer(env, kAreaSize, &data, &buffer) != napi_ok ||
        napi_create_reference(env, buffer, 1, &bulk_) != napi_ok) {
      return uv_buf_init(nullptr, 0);
    }
    // No other code has seen this buffer, so its memory cannot move.
    bulk_data_ = static_cast<char*>(data);
    ChunkMemory::Of(environment_).Received(data, kAreaSize);
  }
  return uv_buf_init(bulk_data_, kAreaSize);
}

napi_status ReceiveBuffer::TakeBulk(napi_env env, napi_value* buffer) {
  const napi_status status = napi_get_reference_value(env, bulk_, buffer);
  if (status != napi_ok) return status;
  napi_delete_reference(env, bulk_);
  bulk_ = nullptr;
  bulk_data_ = nullptr;
  return napi_ok;
}

void ReceiveBuffer::Release() {
  napi_env env = environment_->env();
  for (napi_ref* reference : {&area_, &slab_, &bulk_}) {
    if (*reference != nullptr) napi_delete_reference(env, *reference);
    *reference = nullptr;
  }
  area_data_ = nullptr;
  bulk_data_ = nullptr;
}

}  // namespace uvnet
