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

// A TCP or pipe handle: its life cycle, its consumer, its attachments, and its reader and writer.
// The methods of only one of the two kinds are in connect/tcp.cc and connect/pipe.cc. A listening
// stream has a Listener.
class Stream final : public Handle {
 public:
  // Returns null if libuv fails, with the reason in `*status`.
  static Stream* New(Environment* environment, Kind kind, int* status);

  // Opens a descriptor in a stream that has none. On success, the stream owns it.
  int Open(int fd);

  // Sets the receiver of the stream's events; null for the JavaScript callbacks. See
  // StreamConsumer.
  void SetConsumer(StreamConsumer* consumer) { consumer_ = consumer; }
  StreamConsumer* consumer() const { return consumer_; }

  // Reading ------------------------------------------------------------------
  int ReadStart() { return reader_.Start(this); }
  int ReadStop() { return reader_.Stop(this); }
  // From now on, bytes are read directly into this Uint8Array, and only their number is reported.
  int UseUserBuffer(napi_value buffer) { return StreamReader::UseUserBuffer(this, buffer); }
  void ForgetUserBuffer() { StreamReader::ForgetUserBuffer(this); }

  // Whether the last read was a bulk read, which has memory of its own.
  bool reads_bulk() const { return reader_.bulk(); }
  // Whether the end of the peer was read. Some versions of libuv report it again to a reader that
  // goes on.
  bool ended() const { return reader_.ended(); }

  // Writing ------------------------------------------------------------------
  // Writes as many bytes as the kernel takes now, and queues the rest. `pin` (the object that owns
  // the bytes) is then kept alive; if it is null, the bytes are copied. With `gather`, a small
  // write may wait for the end of its turn.
  int Write(const char* data, size_t size, napi_value pin, bool gather) {
    return writer_.Write(this, data, size, pin, gather);
  }
  // The same for text, whose bytes no object keeps. `counted`: it counts as written even if it
  // fails at once, as in node:net for all but short texts.
  int WriteText(const char* data, size_t size, bool gather, bool counted) {
    return writer_.WriteText(this, data, size, gather, counted);
  }
  // The same for several buffers. `owned` has the bytes of those that no JavaScript object owns.
  int WriteVector(uv_buf_t* buffers, size_t count, napi_value pin, std::unique_ptr<char[]> owned) {
    return writer_.WriteVector(this, buffers, count, pin, std::move(owned));
  }
  // The same for bytes that no object keeps: those that the kernel refuses are copied.
  int WriteCopied(uv_buf_t* buffers, size_t count) {
    return writer_.WriteCopied(this, buffers, count);
  }
  // Returns how many bytes the kernel takes at once. It takes none if others already wait.
  int TryWrite(const char* data, size_t size) { return writer_.TryWrite(this, data, size); }
  // Sends the gathered bytes. JavaScript counts them as written, so later failures are reported
  // with Callback::kWriteError.
  int Flush() { return writer_.Flush(this); }
  // The same for all streams with gathered bytes. Failures are recorded in the pool.
  static void FlushWaiting(GatherPool* pool) { StreamWriter::FlushWaiting(pool); }

  // Copies the accepted bytes that the kernel does not have yet, in order, for a connection that
  // continues with a descriptor of its own. Closing this stream drops the original. UV_EBUSY if
  // they include a descriptor.
  int CopyUnsent(std::string* bytes) { return writer_.CopyUnsent(this, bytes); }

  // Half-closes after all queued data. Callback::kShutdown follows.
  int Shutdown();

  // Whether a connect is in progress: of this stream, or of the race whose front it is.
  bool is_connecting() const {
    return connecting_ || attachment(StreamAttachment::Role::kConnector) != nullptr;
  }
  void SetConnecting() { connecting_ = true; }
  void Connected(int status);

  // Closes with a TCP RST instead of FIN.
  int CloseReset();
  // Sets whether the path of a bound pipe stays when the pipe is closed: another process listens
  // on the same socket.
  void KeepPath(bool keep) { keeps_path_ = keep; }

  // Sets the attachment of a role, or removes it with null. See StreamAttachment.
  void SetAttachment(StreamAttachment::Role role, StreamAttachment* attachment) {
    extra()->attachments[static_cast<size_t>(role)] = attachment;
  }
  StreamAttachment* attachment(StreamAttachment::Role role) const {
    return extra_ == nullptr ? nullptr : extra_->attachments[static_cast<size_t>(role)];
  }
  // Sets whether the stream and its attachments keep the loop alive.
  void SetRef(bool ref);

  // Counts bytes that were written without Write.
  void CountWritten(size_t size) { writer_.Count(size); }
  // Counts bytes that did not come through Read.
  void CountRead(size_t size) { reader_.Count(size); }

  // Marks this as an accepted connection, which keeps its place under the limits of its server
  // until it closes.
  void Accepted(const sockaddr* peer, Admission admission) {
    SetPeer(peer);
    Admit(std::move(admission));
  }
  void Admit(Admission admission) {
    admission_ = std::move(admission);
    Touch();
  }
  const Admission& admission() const { return admission_; }

  // Replaces `other`, which was never connected, for JavaScript.
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
  // The reader and the writer keep rarely used members in Extra.
  friend class StreamReader;
  friend class StreamWriter;

  Stream(Environment* environment, Kind kind);
  ~Stream() override;

  void OnClosing() override;
  void ReportClosed() override;
  int CloseUv() override;

  // Members that most accepted connections do not need.
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
  sockaddr_in6 peer_{};  // for accepted connections, known without a system call

  bool connecting_ = false;
  bool reset_on_close_ = false;
  bool keeps_path_ = false;
};

}  // namespace uvnet

#endif  // UVNET_STREAM_H_
