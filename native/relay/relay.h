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

// Moves bytes both ways between two streams, without JavaScript, until both have ended.
//
// 1. A direction begins when its source is made to read. A source that has ended before ends again
//    then: the kernel reports the end of a stream to each read.
// 2. Nothing is read while the destination has not taken what was read before. So a direction holds
//    at most the receive area's size or a pipe's, and a slow receiver slows its sender.
// 3. The end of a source is passed on, behind its bytes, by shutting the destination down.
// 4. What a side had sent before writing to it failed is still delivered; the relay ends after it.
// 5. It ends by itself with Callback::kRelay, or silently when one of the streams is closed. Then
//    it has left both streams, which do not read any more, and is gone.
//
// Bulk data goes through a pipe (SplicePipe), everything else through the receive area: for small
// messages a pipe's two system calls cost more than the copies they avoid.
class Relay final : public StreamConsumer {
 public:
  enum Side : uint8_t { kA = 0, kB = 1 };

  // Becomes the consumer of two streams that have none. `counts` holds two numbers, the bytes that
  // were taken by b and by a, and is kept up to date as long as the relay lives.
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
      kSending,  // waits for its destination, which has bytes to write; the source does not read
      kEnding,   // has asked to shut the destination down
      kOver,
    };

    Stream* from = nullptr;
    Stream* to = nullptr;
    double* moved = nullptr;
    State state = State::kReading;
    bool bulk = false;
    bool copies = false;               // splice(2) does not take one of the two
    size_t queued = 0;                 // bytes that the destination has to write
    std::unique_ptr<SplicePipe> pipe;  // in use: it holds bytes, or will in a moment
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

  // Writes what the destination takes; where that is not all, the flow waits for it.
  int Send(Flow& flow, const char* data, size_t size);
  void GivePipe(Flow& flow);

  // Whether a reset, or whatever else breaks a connection, was told to a write. The kernel tells it
  // once, and the reads that follow see an end. EPIPE is no such news: the end was there before.
  bool IsBroken(const Stream* stream) const;

  // Each of these may end the relay, and so is the last thing its caller does.
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
  Flow flows_[2];  // by the side that bytes come from
  Failure failure_;
  napi_ref counts_ = nullptr;
};

}  // namespace uvnet

#endif  // UVNET_RELAY_H_
