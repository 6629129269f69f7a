#ifndef UVNET_STREAM_CONSUMER_H_
#define UVNET_STREAM_CONSUMER_H_

#include <uv.h>

namespace uvnet {

class LeanGroup;
class Stream;

// Receives the events of a stream. A stream without a consumer belongs to a JavaScript socket, and
// reports through the functions of Callback. With a consumer, it does not enter JavaScript by
// itself.
//
// 1. A consumer stays valid until it leaves (SetConsumer(nullptr)) or until OnClosed, its last
//    call.
// 2. Each of these calls may close the stream or replace its consumer.
// 3. The consumer that requested a write or a shutdown gets its result. If it has left in the
//    meantime, the result is dropped. A LeanGroup also gets the results of earlier writes, and of a
//    shutdown that another group requested.
// 4. During teardown (Environment::stopping), the calls are still made, but JavaScript must not be
//    entered.
class StreamConsumer {
 public:
  // This consumer as a LeanGroup, if it is one.
  virtual LeanGroup* AsLeanGroup() { return nullptr; }

  // Provides memory for the next read. With length 0, nothing is read, and OnRead gets UV_ENOBUFS.
  virtual uv_buf_t Allocate(Stream* stream) = 0;
  // Gets `nread` bytes at `buffer.base`, already counted; or UV_EOF or an error.
  virtual void OnRead(Stream* stream, ssize_t nread, const uv_buf_t& buffer) = 0;
  // A write with the result kWriteQueued is complete.
  virtual void OnWritten(Stream* stream, int status) = 0;
  virtual void OnShutdown(Stream* stream, int status) = 0;
  // The stream is closing. The descriptor is still open, and `Stream::alive` is true for the last
  // time.
  virtual void OnClosing(Stream* stream) = 0;
  virtual void OnClosed(Stream* stream) = 0;

 protected:
  ~StreamConsumer() = default;
};

}  // namespace uvnet

#endif  // UVNET_STREAM_CONSUMER_H_
