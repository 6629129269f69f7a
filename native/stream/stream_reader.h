#ifndef UVNET_STREAM_READER_H_
#define UVNET_STREAM_READER_H_

#include <napi.h>
#include <uv.h>

#include <cstdint>

namespace uvnet {

class Stream;

// The reading half of a Stream: the memory for its bytes, and their delivery to JavaScript or the
// consumer. It is a member of its stream, and each method gets that stream, because a pointer back
// would make every connection larger.
class StreamReader {
 public:
  StreamReader() : bytes_(0), reading_(0), bulk_(0), ended_(0) {}

  int Start(Stream* stream);
  int Stop(Stream* stream);
  // From now on, bytes are read directly into this Uint8Array, and only their number is reported.
  static int UseUserBuffer(Stream* stream, napi_value buffer);
  static void ForgetUserBuffer(Stream* stream);

  bool bulk() const { return bulk_ != 0; }
  bool ended() const { return ended_ != 0; }

  uint64_t bytes() const { return bytes_; }
  void Count(size_t size) { bytes_ += size; }

 private:
  static void OnAllocate(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer);
  static void OnRead(uv_stream_t* uv, ssize_t nread, const uv_buf_t* buffer);
  void Deliver(Stream* stream, const char* data, size_t size);
  // Reads the bytes after a descriptor, which ends a read.
  void ReadOn(Stream* stream);

  // The flags share the word of the counter: see the limit on the size of a Stream.
  uint64_t bytes_ : 61;
  uint64_t reading_ : 1;
  uint64_t bulk_ : 1;  // the next read uses a bulk buffer instead of the area
  uint64_t ended_ : 1;
};

}  // namespace uvnet

#endif  // UVNET_STREAM_READER_H_
