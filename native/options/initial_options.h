#ifndef UVNET_INITIAL_OPTIONS_H_
#define UVNET_INITIAL_OPTIONS_H_

#include <uv.h>

#include <memory>

#include "options/socket_options.h"

namespace uvnet {

class Stream;

// The options that a stream was given before it had a socket.

// Null means none. All attempts of one connect share them.
void SetInitialOptions(Stream* stream, std::shared_ptr<const InitialOptions> options);
std::shared_ptr<const InitialOptions> InitialOptionsOf(const Stream* stream);

// The option that was refused most recently, as a row of the table, or -1.
void SetRefusedOption(Stream* stream, int option);
int RefusedOption(const Stream* stream);

// The socket of a stream, if it already has one. libuv makes the socket of a TCP handle only when
// it is bound or connected, unless a family is given first. UV_ENOTSUP if the stream is not a
// socket.
int SocketOf(Stream* stream, uv_os_sock_t* fd);

// libuv makes the descriptor of a TCP handle in bind or connect. Options that must be set before
// that use this function, which makes it earlier and sets the stream's initial options. `family` is
// AF_INET or AF_INET6.
int EnsureSocket(Stream* stream, int family);

// The same if the stream has initial options; otherwise it does nothing. Call it before uv_tcp_bind
// and uv_tcp_connect.
int PrepareSocket(Stream* stream, int family);

// Sets the stream's initial options for `stage`, and records an option that is refused. Without
// initial options it does nothing.
int ApplyInitialOptions(Stream* stream, OptionStage stage);

}  // namespace uvnet

#endif  // UVNET_INITIAL_OPTIONS_H_
