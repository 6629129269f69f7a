#ifndef UVNET_SEND_NOW_H_
#define UVNET_SEND_NOW_H_

#include <uv.h>

namespace uvnet {

// uv_try_write by the system calls that know sockets: how many bytes the kernel took, or an
// error, UV_EAGAIN where it takes none now. write(2) treats a socket as a file first, which a
// server of small messages sees in its CPU time.
int SendNow(uv_stream_t* stream, const uv_buf_t* buffers, unsigned count);

}  // namespace uvnet

#endif  // UVNET_SEND_NOW_H_
