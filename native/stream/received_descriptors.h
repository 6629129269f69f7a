#ifndef UVNET_RECEIVED_DESCRIPTORS_H_
#define UVNET_RECEIVED_DESCRIPTORS_H_

#include <uv.h>

namespace uvnet {

class Stream;

// Descriptors that arrive over unix sockets (SCM_RIGHTS).
//
// Linux never joins bytes that were sent after a descriptor to those it came
// with, so a descriptor belongs to the last bytes of the chunk it arrived with.

// Whether descriptors that arrive are kept; otherwise the kernel closes them.
int ReceiveDescriptors(Stream* stream, bool receive);

// Reports the descriptors that arrived with the last read, each with
// Callback::kDescriptor. To be called in the read callback, before anything that
// might stop the reading; `bytes` are what was read. False where the stream was
// closed meanwhile.
bool DeliverDescriptors(Stream* stream, const uv_buf_t& bytes);

// Reads more into `buffer`, and reports the descriptors that came with it. The number of bytes, 0
// at the end, or a negative number where there is nothing to deliver (or the stream was closed).
ssize_t ReadDescriptors(Stream* stream, const uv_buf_t& buffer);

// The bytes of a read that brought descriptors, while those are reported: an owner that the
// connection is transferred to meanwhile gets them too.
uv_buf_t UndeliveredBytes(const Stream* stream);

}  // namespace uvnet

#endif  // UVNET_RECEIVED_DESCRIPTORS_H_
