#ifndef UVNET_PEEK_H_
#define UVNET_PEEK_H_

#include <napi.h>
#include <uv.h>

#include <cstddef>

#include "stream/stream.h"

namespace uvnet {

// Waits until a number of bytes are there and copies them without taking them
// out of the kernel (MSG_PEEK). The stream must not read meanwhile, and goes on
// with these very bytes afterwards, as would any other owner of the descriptor.
//
// As long as fewer bytes wait than are wanted the descriptor stays readable, and
// an ordinary poll would spin. So it is watched by an epoll (or kqueue) of its
// own, edge-triggered: that becomes readable once for each arrival, and the loop
// polls that.
//
// Life: made by Start where the bytes are not all there, owned by the stream
// until it reports with Callback::kPeek or the stream closes.
class Peek final : private StreamAttachment {
 public:
  // More than is needed to tell protocols apart, and less than receive buffers hold by default.
  static constexpr size_t kMaxSize = 16 * 1024;

  // Copies up to `size` bytes to `to`: their number, or UV_EAGAIN where the rest
  // is waited for. UV_ENOBUFS where the kernel would never have all of them.
  // `untouched`: a status that is an error is not one of the connection.
  static int Start(Stream* stream, char* to, size_t size, bool* untouched);

  Peek(const Peek&) = delete;
  Peek& operator=(const Peek&) = delete;

 private:
  void StreamClosing() override { Close(); }
  void SetRef(bool ref) override;
  void Close();

  Peek(Stream* stream, Environment* environment, size_t size)
      : stream_(stream), environment_(environment), size_(size) {}
  ~Peek() = default;

  // Where that fails this is gone.
  int Watch(int fd);
  void OnArrival();
  static void OnReadable(uv_poll_t* poll, int status, int events);

  Stream* stream_;
  Environment* environment_;  // outlives the stream
  size_t size_;
  int watcher_ = -1;
  uv_poll_t poll_;
};

}  // namespace uvnet

#endif  // UVNET_PEEK_H_
