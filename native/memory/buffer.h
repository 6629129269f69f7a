#ifndef UVNET_BUFFER_H_
#define UVNET_BUFFER_H_

#include <uv.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace uvnet {

// The largest number of bytes for one request of libuv, and so for one buffer. Linux never takes
// more in one call. macOS refuses a call with more than INT_MAX bytes. On Windows, the size of a
// buffer has 32 bits. And libuv returns the number of sent bytes as an int.
constexpr size_t kMaxWrite = 0x7ffff000;

// Makes a buffer of at most kMaxWrite bytes to write. JavaScript's texts are always shorter; for a
// Buffer of any size there is AppendBuffers.
inline uv_buf_t MakeBuffer(const char* data, size_t size) {
  uv_buf_t buffer;
  buffer.base = const_cast<char*>(data);
  buffer.len = static_cast<decltype(buffer.len)>(size);
  return buffer;
}

// Adds bytes to write: one buffer, or several if the bytes are too many for one.
inline void AppendBuffers(std::vector<uv_buf_t>* buffers, const char* data, size_t size) {
  do {
    const size_t part = std::min(size, kMaxWrite);
    buffers->push_back(MakeBuffer(data, part));
    data += part;
    size -= part;
  } while (size > 0);
}

// Returns how many of the first buffers fit into one request. There must be at least one.
inline size_t CountForOneRequest(const uv_buf_t* buffers, size_t count) {
  size_t total = buffers[0].len;
  size_t fitting = 1;
  while (fitting < count && total + buffers[fitting].len <= kMaxWrite) {
    total += buffers[fitting++].len;
  }
  return fitting;
}

}  // namespace uvnet

#endif  // UVNET_BUFFER_H_
