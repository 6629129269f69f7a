#ifndef UVNET_SEND_NOW_H_
#define UVNET_SEND_NOW_H_

#include <uv.h>

namespace uvnet {

// Does the same as uv_try_write, but with system calls for sockets. Returns how many bytes the
// kernel took, or an error; UV_EAGAIN if it takes none now. write(2) first treats a socket as a
// file, which costs a server of small messages measurable CPU time.
int SendNow(uv_stream_t* stream, const uv_buf_t* buffers, unsigned count);

}  // namespace uvnet

#endif  // UVNET_SEND_NOW_H_
