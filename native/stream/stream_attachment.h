#ifndef UVNET_STREAM_ATTACHMENT_H_
#define UVNET_STREAM_ATTACHMENT_H_

#include <cstdint>

namespace uvnet {

// The state of a module for a stream that does more than carry bytes: for example, it listens, is
// connecting, or waits for bytes without consuming them. It owns itself; the stream only points to
// it.
class StreamAttachment {
 public:
  // In the order in which they are informed of the stream's end.
  enum class Role : uint8_t {
    kConnector,
    kListener,
    kPeek,
    kOptions,      // options/initial_options.cc
    kUndelivered,  // stream/received_descriptors.cc
    kCount,
  };

  // Called when the stream closes, after it has removed this attachment.
  virtual void StreamClosing() = 0;
  // Sets whether the stream keeps the loop alive.
  virtual void SetRef(bool ref) = 0;

 protected:
  ~StreamAttachment() = default;
};

}  // namespace uvnet

#endif  // UVNET_STREAM_ATTACHMENT_H_
