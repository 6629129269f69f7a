#ifndef UVNET_STREAM_ATTACHMENT_H_
#define UVNET_STREAM_ATTACHMENT_H_

#include <cstdint>

namespace uvnet {

// What a module keeps with a stream that does more than carry bytes: one that listens, is being
// connected, or waits for bytes that it is not to take. Owns itself; the stream only points to it.
class StreamAttachment {
 public:
  // In the order in which they hear of the stream's end.
  enum class Role : uint8_t {
    kConnector,
    kListener,
    kPeek,
    kOptions,      // options/initial_options.cc
    kUndelivered,  // stream/received_descriptors.cc
    kCount,
  };

  // The stream is being closed, and has let go of this.
  virtual void StreamClosing() = 0;
  // Whether the stream keeps the loop alive from now on.
  virtual void SetRef(bool ref) = 0;

 protected:
  ~StreamAttachment() = default;
};

}  // namespace uvnet

#endif  // UVNET_STREAM_ATTACHMENT_H_
