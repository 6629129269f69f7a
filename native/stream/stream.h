#ifndef UVNET_STREAM_H_
#define UVNET_STREAM_H_

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "env/handle.h"
#include "memory/gather.h"
#include "stream/admission.h"
#include "stream/stream_attachment.h"

namespace uvnet {

class StreamConsumer;
class WriteRequest;

// The writes of a stream that libuv holds, the oldest first.
struct WriteList {
  WriteRequest* first = nullptr;
  WriteRequest* last = nullptr;
};

// How a write was taken (a negative number is its libuv error).
enum WriteResult : int {
  kWriteDone = 0,      // the kernel has it, or it is gathered for the end of this turn
  kWriteQueued = 1,    // Callback::kWrite follows
  kWriteGathered = 2,  // as done, and the caller is to schedule FlushAll
};

// A TCP or pipe handle: reading (stream_read.cc), writing (stream_write.cc), shutdown, counters.
// What only one of the two kinds can do is in connect/tcp.cc and connect/pipe.cc; a listening
// stream has a Listener.
class Stream final : public Handle {
 public:
  // Null where libuv refuses, with the reason in `*status`.
  static Stream* New(Environment* environment, Kind kind, int* status);

  // Puts a descriptor into a stream that has none. On success it belongs to the stream.
  int Open(int fd);

  // Gets what this stream reports; null for the facade. See StreamConsumer.
  void SetConsumer(StreamConsumer* consumer) { consumer_ = consumer; }
  StreamConsumer* consumer() const { return consumer_; }

  // Reading ------------------------------------------------------------------
  int ReadStart();
  int ReadStop();
  // From now on bytes go straight into this Uint8Array and only their number is
  // reported.
  int UseUserBuffer(napi_value buffer);
  void ForgetUserBuffer();

  // Whether the last read was one of many bytes, which have memory of their own.
  bool reads_bulk() const { return bulk_; }
  // Whether the peer's end was read. Some versions of libuv report it once more to a reader that
  // goes on.
  bool ended() const { return ended_; }

  // Writing ------------------------------------------------------------------
  // Writes what the kernel takes now. The rest is queued: with `pin` (the object
  // that owns the bytes) kept alive, or copied where it is null.
  // `gather` lets a small write wait for the end of its turn.
  int Write(const char* data, size_t size, napi_value pin, bool gather);
  // The same for text, whose bytes nobody keeps. `counted`: it counts as written
  // even where it fails at once, as in node:net all but short texts do.
  int WriteText(const char* data, size_t size, bool gather, bool counted);
  // The same for several buffers. `owned` holds the bytes of those that no
  // JavaScript object owns.
  int WriteVector(uv_buf_t* buffers, size_t count, napi_value pin, std::unique_ptr<char[]> owned);
  // The same where nobody keeps the bytes: those that the kernel refuses are copied.
  int WriteCopied(uv_buf_t* buffers, size_t count);
  // How many bytes the kernel takes at once: none where others wait already.
  int TryWrite(const char* data, size_t size);
  // Sends what was gathered. JavaScript counts these bytes as written, so
  // failures later on are reported by Callback::kWriteError.
  int Flush();
  // The same for all that have gathered; what fails is noted with the pool.
  static void FlushWaiting(GatherPool* pool);

  // A copy of what was taken and the kernel does not have yet, in order, for a connection that
  // goes on with a descriptor of its own. Closing this stream drops the original. UV_EBUSY where a
  // descriptor is among it.
  int CopyUnsent(std::string* bytes);

  // Half-closes after all that is queued; Callback::kShutdown follows.
  int Shutdown();

  // Whether a connect is under way: of this stream, or of the race that it is the front of.
  bool is_connecting() const {
    return connecting_ || attachment(StreamAttachment::Role::kConnector) != nullptr;
  }
  void SetConnecting() { connecting_ = true; }
  void Connected(int status);

  // Closes with a TCP RST instead of FIN.
  int CloseReset();

  // What goes with the stream; null for none of that role. See StreamAttachment.
  void SetAttachment(StreamAttachment::Role role, StreamAttachment* attachment) {
    extra()->attachments[static_cast<size_t>(role)] = attachment;
  }
  StreamAttachment* attachment(StreamAttachment::Role role) const {
    return extra_ == nullptr ? nullptr : extra_->attachments[static_cast<size_t>(role)];
  }
  // Whether the stream, and what goes with it, keeps the loop alive.
  void SetRef(bool ref);

  // Counts bytes that libuv got by other means than Write.
  void CountWritten(size_t size) { bytes_written_ += size; }
  // Likewise, bytes that did not come through Read.
  void CountRead(size_t size) { bytes_read_ += size; }

  // This is an accepted connection, which keeps its place under the server's limits until it
  // closes.
  void Accepted(const sockaddr* peer, Admission admission) {
    SetPeer(peer);
    admission_ = std::move(admission);
    Touch();
  }
  const Admission& admission() const { return admission_; }

  // This stream becomes what `other`, which never was connected, is to JavaScript.
  void TakePlaceOf(Stream* other);

  void SetPeer(const sockaddr* address);
  const sockaddr* peer() const {
    return peer_.sin6_family == 0 ? nullptr : reinterpret_cast<const sockaddr*>(&peer_);
  }

  void Touch() { last_activity_ = uv_now(environment()->loop()); }
  uint64_t last_activity() const { return last_activity_; }
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }
  size_t write_queue_size() const { return uv_stream_get_write_queue_size(uv_stream()); }
  int fd() const;

 private:
  Stream(Environment* environment, Kind kind);
  ~Stream() override;

  void OnClosing() override;
  void ReportClosed() override;
  int CloseUv() override;

  static void OnAllocate(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer);
  static void OnRead(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buffer);
  ssize_t ReadEnd() const;
  void DeliverBytes(const char* data, size_t size);
  // Reads what a descriptor has kept apart from its bytes.
  void ReadOn();
  void DeliverSmall(const char* data, size_t size);
  void DeliverCopy(const char* data, size_t size);
  void DeliverBulk(size_t size);
  void ReportNoMemory();

  bool Gathers(size_t size, bool wanted);
  bool ShouldGather(size_t size);
  int Gather(const char* data, size_t size, bool counted);
  // Who keeps the bytes of a write alive while it waits.
  struct Keeper {
    napi_value pin = nullptr;       // a JavaScript object, or
    std::unique_ptr<char[]> owned;  // the request, or
    bool transient = false;         // nobody: what waits is copied
    bool counted = true;            // as written, even where it fails at once
  };
  int Dispatch(uv_buf_t* buffers, size_t count, bool notify, Keeper keeper);
  void ForgetGathered();

  // What most accepted connections, of which there may be many, never have.
  struct Extra {
    StreamAttachment* attachments[static_cast<size_t>(StreamAttachment::Role::kCount)] = {};
    napi_ref user_buffer = nullptr;
    WriteList writes;
  };
  Extra* extra() {
    if (extra_ == nullptr) extra_.reset(new Extra);
    return extra_.get();
  }
  napi_ref user_buffer() const { return extra_ == nullptr ? nullptr : extra_->user_buffer; }

  StreamConsumer* consumer_ = nullptr;
  std::unique_ptr<Extra> extra_;
  std::unique_ptr<GatherBlock> gathered_;

  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  uint64_t last_activity_ = 0;
  Admission admission_;
  sockaddr_in6 peer_{};  // known without a system call for accepted connections

  // Adaptive gathering: how many writes the present turn saw so far, and whether
  // the turn before it saw several.
  uint32_t write_turn_ = 0;
  uint16_t turn_writes_ = 0;
  bool bursty_ : 1;
  bool waiting_ : 1;  // listed in GatherPool::waiting

  bool connecting_ : 1;
  bool reading_ : 1;
  bool bulk_ : 1;  // the next read goes into a bulk buffer, not into the area
  bool reset_on_close_ : 1;
  bool ended_ : 1;
};

}  // namespace uvnet

#endif  // UVNET_STREAM_H_
