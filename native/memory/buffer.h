#ifndef UVNET_BUFFER_H_
#define UVNET_BUFFER_H_

#include <uv.h>

#include <cstddef>

namespace uvnet {

// Makes a buffer of bytes to write. uv_buf_init would truncate the size to 32 bits, which is
// necessary only on Windows.
inline uv_buf_t MakeBuffer(const char* data, size_t size) {
  uv_buf_t buffer;
  buffer.base = const_cast<char*>(data);
  buffer.len = static_cast<decltype(buffer.len)>(size);
  return buffer;
}

}  // namespace uvnet

#endif  // UVNET_BUFFER_H_
