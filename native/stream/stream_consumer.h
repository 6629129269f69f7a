#ifndef UVNET_STREAM_CONSUMER_H_
#define UVNET_STREAM_CONSUMER_H_

#include <uv.h>

namespace uvnet {

class LeanGroup;
class Stream;

// Gets the events of a stream. A stream without a consumer belongs to the facade of node:net and
// reports through the callbacks of Callback; with one it enters no JavaScript by itself.
//
// 1. A consumer stays valid until it leaves (SetConsumer(nullptr)) or had OnClosed, its last call.
// 2. Each of these calls may close the stream or replace its consumer.
// 3. The end of a write or a shutdown goes to the consumer that asked for it, and to nobody where
//    that one has left meanwhile. A LeanGroup also hears of writes from before its time.
// 4. During teardown (Environment::stopping) the calls still come; JavaScript must not be entered.
class StreamConsumer {
 public:
  // This consumer as a LeanGroup, where it is one.
  virtual LeanGroup* AsLeanGroup() { return nullptr; }

  // Memory for the next read. With length 0 nothing is read, and OnRead gets UV_ENOBUFS.
  virtual uv_buf_t Allocate(Stream* stream) = 0;
  // `nread` bytes at `buffer.base`, already counted; or UV_EOF or an error.
  virtual void OnRead(Stream* stream, ssize_t nread, const uv_buf_t& buffer) = 0;
  // A write that was kWriteQueued is over.
  virtual void OnWritten(Stream* stream, int status) = 0;
  virtual void OnShutdown(Stream* stream, int status) = 0;
  // The descriptor is still open; `Stream::alive` is true for the last time.
  virtual void OnClosing(Stream* stream) = 0;
  virtual void OnClosed(Stream* stream) = 0;

 protected:
  ~StreamConsumer() = default;
};

}  // namespace uvnet

#endif  // UVNET_STREAM_CONSUMER_H_
