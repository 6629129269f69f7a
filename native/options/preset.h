#ifndef UVNET_PRESET_H_
#define UVNET_PRESET_H_

#include <uv.h>

#include "options/socket_options.h"

namespace uvnet {

class Stream;

// The options that a stream was given before it had a socket (Stream::preset).

// The socket of a stream, where it has one already: libuv makes that of a TCP handle only when it
// is bound or connected, unless a family is given first. UV_ENOTSUP for what is no socket.
int SocketOf(Stream* stream, uv_os_sock_t* fd);

// libuv makes the descriptor of a TCP handle in bind or connect. Options that
// must be set before that ask for it here; it gets those of the stream's preset.
// `family` is AF_INET or AF_INET6.
int EnsureSocket(Stream* stream, int family);

// The same where the stream has a preset, nothing otherwise: to be called before
// uv_tcp_bind and uv_tcp_connect.
int PrepareSocket(Stream* stream, int family);

// Sets what of the stream's preset is due at `stage`, and notes the option that
// is refused. Nothing where there is no preset.
int ApplyPreset(Stream* stream, OptionStage stage);

}  // namespace uvnet

#endif  // UVNET_PRESET_H_
