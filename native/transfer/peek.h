#ifndef UVNET_PEEK_H_
#define UVNET_PEEK_H_

#include <napi.h>
#include <uv.h>

#include <cstddef>

#include "stream/stream.h"

namespace uvnet {

// Waits until a number of bytes have arrived, and copies them without consuming them in the kernel
// (MSG_PEEK). The stream must not read in the meantime. Afterwards it, or any other owner of the
// descriptor, reads the same bytes.
//
// A watcher (descriptor/arrivals.h) reports each arrival.
//
// Life: made by Start if not all bytes have arrived. The stream owns it until it reports with
// Callback::kPeek or the stream closes.
class Peek final : private StreamAttachment {
 public:
  // More than is needed to distinguish protocols, and less than the default size of receive
  // buffers.
  static constexpr size_t kMaxSize = 16 * 1024;

  // Copies up to `size` bytes to `to`. Returns their number, or UV_EAGAIN if it waits for more.
  // UV_ENOBUFS if the kernel can never hold all of them. `untouched`: the status is not an error of
  // the connection.
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

  // If this fails, the object is deleted.
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
