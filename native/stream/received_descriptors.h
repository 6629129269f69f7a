#ifndef UVNET_RECEIVED_DESCRIPTORS_H_
#define UVNET_RECEIVED_DESCRIPTORS_H_

#include <uv.h>

namespace uvnet {

class Stream;

// Descriptors that arrive over Unix sockets (SCM_RIGHTS).
//
// Linux never joins bytes that were sent after a descriptor with those it came with. So a
// descriptor belongs to the last bytes of the chunk with which it arrived.

// Sets whether descriptors that arrive are accepted; otherwise the kernel closes them.
int ReceiveDescriptors(Stream* stream, bool receive);

// Reports the descriptors that arrived with the last read, each with Callback::kDescriptor. Call it
// in the read callback, before anything that might stop the reading. `bytes` are the bytes of the
// read. Returns false if the stream was closed in the meantime.
bool DeliverDescriptors(Stream* stream, const uv_buf_t& bytes);

// Reads more into `buffer`, and reports the descriptors that came with it. Returns the number of
// bytes, 0 at the end, or a negative number if there is nothing to deliver (or the stream was
// closed).
ssize_t ReadDescriptors(Stream* stream, const uv_buf_t& buffer);

// The bytes of a read that brought descriptors, while these are reported. If the connection is
// transferred in the meantime, its new owner gets these bytes too.
uv_buf_t UndeliveredBytes(const Stream* stream);

}  // namespace uvnet

#endif  // UVNET_RECEIVED_DESCRIPTORS_H_
