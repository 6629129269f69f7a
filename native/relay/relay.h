#ifndef UVNET_RELAY_H_
#define UVNET_RELAY_H_

#include <napi.h>
#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "relay/splice_pipe.h"
#include "stream/stream_consumer.h"

namespace uvnet {

class Environment;

// Moves bytes in both directions between two streams, without JavaScript, until both have ended.
//
// 1. A direction starts when its source is made to read. If the source has ended before, it ends
//    again: the kernel reports the end of a stream to each read.
// 2. A source is not read while the destination has not accepted the previous bytes. So a direction
//    holds at most the size of the receive area or of a pipe, and a slow receiver slows down its
//    sender.
// 3. The end of a source is passed on after its bytes, by a shutdown of the destination.
// 4. If a write to a side fails, bytes that this side has sent before are still delivered. Then the
//    relay ends.
// 5. It ends by itself with Callback::kRelay, or silently if one of the streams is closed. It has
//    then left both streams, which no longer read, and is deleted.
//
// Bulk data goes through a pipe (SplicePipe), everything else through the receive area: for small
// messages, the two system calls of a pipe cost more than the copies that they avoid.
class Relay final : public StreamConsumer {
 public:
  enum Side : uint8_t { kA = 0, kB = 1 };

  // Becomes the consumer of two streams that have none. `counts` has two numbers, the bytes
  // accepted by b and by a. They are kept up to date as long as the relay lives.
  static int Start(Stream* a, Stream* b, napi_value counts);

  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  uv_buf_t Allocate(Stream* stream) override;
  void OnRead(Stream* stream, ssize_t nread, const uv_buf_t& buffer) override;
  void OnWritten(Stream* stream, int status) override;
  void OnShutdown(Stream* stream, int status) override;
  void OnClosing(Stream* stream) override;
  void OnClosed(Stream*) override {}

 private:
  // One direction.
  struct Flow {
    enum class State : uint8_t {
      kReading,  // waits for its source
      kSending,  // waits until its destination has written its bytes; the source does not read
      kEnding,   // has requested the shutdown of the destination
      kOver,
    };

    Stream* from = nullptr;
    Stream* to = nullptr;
    double* moved = nullptr;
    State state = State::kReading;
    bool bulk = false;
    bool copies = false;               // splice(2) does not support one of the two
    size_t queued = 0;                 // bytes that the destination must still write
    std::unique_ptr<SplicePipe> pipe;  // in use: it holds bytes, or will hold them soon
  };

  // How the relay has failed.
  struct Failure {
    int status = 0;
    Side side = kA;
    bool reading = false;
  };

  Relay(Environment* environment, Stream* a, Stream* b);
  ~Relay();

  Flow& FlowFrom(const Stream* stream) { return flows_[stream == flows_[kA].from ? kA : kB]; }
  Flow& FlowTo(const Stream* stream) { return flows_[stream == flows_[kA].to ? kA : kB]; }
  Side SideOf(const Stream* stream) const { return stream == flows_[kA].from ? kA : kB; }

  // Writes as many bytes as the destination accepts. If some are left, the flow waits.
  int Send(Flow& flow, const char* data, size_t size);
  void GivePipe(Flow& flow);

  // Whether a write has reported a reset or another error that breaks the connection. The kernel
  // reports it only once, and later reads see an end. EPIPE does not count, because the end came
  // before it.
  bool IsBroken(const Stream* stream) const;

  // Each of these may end the relay, so it must be the last call of its caller.
  void Copy(Flow& flow, const char* data, size_t size);
  void Splice(Flow& flow);
  void DrainPipe(Flow& flow);
  void ReadOn(Flow& flow);
  void EndOf(Flow& flow);
  void Ended(Flow& flow, int status);
  void ReadFailed(Flow& flow, int status);
  void WriteFailed(Flow& flow, int status);
  void Over(Flow& flow);
  void Finish();

  Environment* environment_;
  Flow flows_[2];  // by the side from which the bytes come
  Failure failure_;
  napi_ref counts_ = nullptr;
};

}  // namespace uvnet

#endif  // UVNET_RELAY_H_
