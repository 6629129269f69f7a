#ifndef UVNET_STREAM_H_
#define UVNET_STREAM_H_

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "env/handle.h"
#include "stream/admission.h"
#include "stream/stream_attachment.h"
#include "stream/stream_reader.h"
#include "stream/stream_writer.h"

namespace uvnet {

class StreamConsumer;

// A TCP or pipe handle: its life, who uses it, what goes with it, and its two halves.
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
  int ReadStart() { return reader_.Start(this); }
  int ReadStop() { return reader_.Stop(this); }
  // From now on bytes go straight into this Uint8Array and only their number is
  // reported.
  int UseUserBuffer(napi_value buffer) { return StreamReader::UseUserBuffer(this, buffer); }
  void ForgetUserBuffer() { StreamReader::ForgetUserBuffer(this); }

  // Whether the last read was one of many bytes, which have memory of their own.
  bool reads_bulk() const { return reader_.bulk(); }
  // Whether the peer's end was read. Some versions of libuv report it once more to a reader that
  // goes on.
  bool ended() const { return reader_.ended(); }

  // Writing ------------------------------------------------------------------
  // Writes what the kernel takes now. The rest is queued: with `pin` (the object
  // that owns the bytes) kept alive, or copied where it is null.
  // `gather` lets a small write wait for the end of its turn.
  int Write(const char* data, size_t size, napi_value pin, bool gather) {
    return writer_.Write(this, data, size, pin, gather);
  }
  // The same for text, whose bytes nobody keeps. `counted`: it counts as written
  // even where it fails at once, as in node:net all but short texts do.
  int WriteText(const char* data, size_t size, bool gather, bool counted) {
    return writer_.WriteText(this, data, size, gather, counted);
  }
  // The same for several buffers. `owned` holds the bytes of those that no
  // JavaScript object owns.
  int WriteVector(uv_buf_t* buffers, size_t count, napi_value pin, std::unique_ptr<char[]> owned) {
    return writer_.WriteVector(this, buffers, count, pin, std::move(owned));
  }
  // The same where nobody keeps the bytes: those that the kernel refuses are copied.
  int WriteCopied(uv_buf_t* buffers, size_t count) {
    return writer_.WriteCopied(this, buffers, count);
  }
  // How many bytes the kernel takes at once: none where others wait already.
  int TryWrite(const char* data, size_t size) { return writer_.TryWrite(this, data, size); }
  // Sends what was gathered. JavaScript counts these bytes as written, so
  // failures later on are reported by Callback::kWriteError.
  int Flush() { return writer_.Flush(this); }
  // The same for all that have gathered; what fails is noted with the pool.
  static void FlushWaiting(GatherPool* pool) { StreamWriter::FlushWaiting(pool); }

  // A copy of what was taken and the kernel does not have yet, in order, for a connection that
  // goes on with a descriptor of its own. Closing this stream drops the original. UV_EBUSY where a
  // descriptor is among it.
  int CopyUnsent(std::string* bytes) { return writer_.CopyUnsent(this, bytes); }

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
  void CountWritten(size_t size) { writer_.Count(size); }
  // Likewise, bytes that did not come through Read.
  void CountRead(size_t size) { reader_.Count(size); }

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
  uint64_t bytes_read() const { return reader_.bytes(); }
  uint64_t bytes_written() const { return writer_.bytes(); }
  size_t write_queue_size() const { return uv_stream_get_write_queue_size(uv_stream()); }
  int fd() const;

 private:
  // The halves keep in Extra what few streams have.
  friend class StreamReader;
  friend class StreamWriter;

  Stream(Environment* environment, Kind kind);
  ~Stream() override;

  void OnClosing() override;
  void ReportClosed() override;
  int CloseUv() override;

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
  StreamReader reader_;
  StreamWriter writer_;

  uint64_t last_activity_ = 0;
  Admission admission_;
  sockaddr_in6 peer_{};  // known without a system call for accepted connections

  bool connecting_ = false;
  bool reset_on_close_ = false;
};

}  // namespace uvnet

#endif  // UVNET_STREAM_H_
