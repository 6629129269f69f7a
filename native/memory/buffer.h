#ifndef UVNET_BUFFER_H_
#define UVNET_BUFFER_H_

#include <uv.h>

#include <cstddef>

namespace uvnet {

// Bytes to write. uv_buf_init would cut their number to 32 bits, which only Windows has to do.
inline uv_buf_t MakeBuffer(const char* data, size_t size) {
  uv_buf_t buffer;
  buffer.base = const_cast<char*>(data);
  buffer.len = static_cast<decltype(buffer.len)>(size);
  return buffer;
}

}  // namespace uvnet

#endif  // UVNET_BUFFER_H_
