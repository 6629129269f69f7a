#ifndef UVNET_STREAM_WRITER_H_
#define UVNET_STREAM_WRITER_H_

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>

#include "memory/gather.h"

namespace uvnet {

class Stream;
class WriteRequest;

// The writes of a stream that libuv holds, the oldest first.
struct WriteList {
  WriteRequest* first = nullptr;
  WriteRequest* last = nullptr;
};

// The result of a write (a negative number is its libuv error).
enum WriteResult : int {
  kWriteDone = 0,      // the kernel has the bytes, or they are gathered and the flush is scheduled
  kWriteQueued = 1,    // Callback::kWrite follows
  kWriteGathered = 2,  // as kWriteDone, but the caller must schedule FlushAll
};

// The writing half of a Stream: the kernel first, then the queue of libuv. It is a member of its
// stream, and each method gets that stream, because a pointer back would make every connection
// larger.
//
// Gathering: the first write of a turn leaves at once. Further writes of the same turn are copied
// into one block, which leaves in one system call at the end of the turn. If a stream had several
// writes in its last turn, it gathers from the first one on. If one turn writes to many streams,
// the later ones gather too. JavaScript schedules FlushAll before every callback of these writes,
// so user code sees nothing before the bytes have left.
class StreamWriter {
 public:
  // See the methods of the same names in Stream.
  int Write(Stream* stream, const char* data, size_t size, napi_value pin, bool gather);
  int WriteText(Stream* stream, const char* data, size_t size, bool gather, bool counted);
  int WriteVector(Stream* stream, uv_buf_t* buffers, size_t count, napi_value pin,
                  std::unique_ptr<char[]> owned);
  int WriteCopied(Stream* stream, uv_buf_t* buffers, size_t count);
  int TryWrite(Stream* stream, const char* data, size_t size);
  int Flush(Stream* stream);
  static void FlushWaiting(GatherPool* pool);
  int CopyUnsent(Stream* stream, std::string* bytes);
  // Called when the stream closes. Gathered bytes are sent if the kernel takes them now, and
  // dropped otherwise.
  void Close(Stream* stream);

  uint64_t bytes() const { return bytes_; }
  void Count(size_t size) { bytes_ += size; }

 private:
  // The owner of the bytes of a write while it waits.
  struct Keeper {
    napi_value pin = nullptr;       // a JavaScript object, or
    std::unique_ptr<char[]> owned;  // the request, or
    bool transient = false;         // nothing: waiting bytes are copied
    bool counted = true;            // counts as written, even if it fails at once
  };

  bool Gathers(Stream* stream, size_t size, bool wanted);
  bool ShouldGather(Environment* environment, size_t size);
  int Gather(Stream* stream, const char* data, size_t size, bool counted);
  int Dispatch(Stream* stream, uv_buf_t* buffers, size_t count, bool notify, Keeper keeper);

  std::unique_ptr<GatherBlock> gathered_;
  uint64_t bytes_ = 0;
  // Adaptive gathering: the number of writes in the present turn so far, and whether the previous
  // turn had several.
  uint32_t turn_ = 0;
  uint16_t turn_writes_ = 0;
  bool bursty_ = false;
  bool waiting_ = false;  // listed in GatherPool::waiting
};

}  // namespace uvnet

#endif  // UVNET_STREAM_WRITER_H_
