#ifndef UVNET_LEAN_GROUP_H_
#define UVNET_LEAN_GROUP_H_

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "env/handle.h"
#include "lean/framing.h"
#include "listen/listener.h"
#include "stream/stream_consumer.h"

namespace uvnet {

class LeanHub;

// The connections of one handler table: those that a listener has accepted, or one outgoing
// connection. It records their events in the hub, and provides the async context of the call that
// made it.
//
// Life: references are held by the number in JavaScript, the listener, each connection and each
// recorded event.
class LeanGroup final : public StreamConsumer, public ConnectionConsumer {
 public:
  // Returns null if V8 has no memory left. `framing` may be null.
  static LeanGroup* Create(LeanHub* hub, bool borrow, std::unique_ptr<FramingOptions> framing);

  // The group of a stream; null if a socket or a relay owns the stream.
  static LeanGroup* Of(const Stream* stream);

  LeanGroup(const LeanGroup&) = delete;
  LeanGroup& operator=(const LeanGroup&) = delete;

  void Retain() { ++references_; }
  void Release() {
    if (--references_ == 0) delete this;
  }

  int number() const { return number_; }
  const std::shared_ptr<AsyncContext>& context() const { return context_; }
  napi_async_context async_context() const { return context_->get(); }

  // Makes the group the consumer of the stream, or ends this.
  void Add(Stream* stream);
  void Remove(Stream* stream);
  void NoteOpen(Stream* stream);
  // Whether connections of a listener start paused.
  void SetPaused(bool paused) { paused_ = paused; }

  // The framer of a stream of the group; null without framing.
  Framer* framer(const Stream* stream) const;
  // The bytes that were read from a stream with framing but belong to no recorded message.
  std::vector<uint8_t> Uncut(const Stream* stream) const;

  LeanGroup* AsLeanGroup() override { return this; }
  void OnConnection(Stream* stream) override;
  void OnListenerClosed() override;

  uv_buf_t Allocate(Stream* stream) override;
  void OnRead(Stream* stream, ssize_t nread, const uv_buf_t& buffer) override;
  void OnWritten(Stream* stream, int status) override;
  void OnShutdown(Stream* stream, int status) override;
  void OnClosing(Stream*) override {}
  void OnClosed(Stream* stream) override;

 private:
  LeanGroup(LeanHub* hub, std::shared_ptr<AsyncContext> context, bool borrow,
            std::unique_ptr<FramingOptions> framing);
  ~LeanGroup() = default;

  void Cut(Stream* stream, size_t at, size_t size);

  LeanHub* hub_;
  std::shared_ptr<AsyncContext> context_;
  const bool borrow_;  // handlers get views of the receive area
  std::unique_ptr<FramingOptions> framing_;
  std::unordered_map<const Stream*, std::shared_ptr<Framer>> framers_;
  // The progress of Cut: messages that were found but not recorded yet.
  struct Cutting {
    const Framer* framer = nullptr;
    const uint8_t* chunk = nullptr;
    size_t size = 0;
    Framer::Result found;  // `has_assembled` until that message is recorded
    size_t next = 0;       // index into the ranges
  };
  Cutting cutting_;
  int number_;
  bool paused_ = false;
  uint32_t references_ = 1;
};

}  // namespace uvnet

#endif  // UVNET_LEAN_GROUP_H_
