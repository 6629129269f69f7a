#ifndef UVNET_INITIAL_OPTIONS_H_
#define UVNET_INITIAL_OPTIONS_H_

#include <uv.h>

#include <memory>

#include "options/socket_options.h"

namespace uvnet {

class Stream;

// The options that a stream was given before it had a socket.

// Null for none. The attempts of one connect share them.
void SetInitialOptions(Stream* stream, std::shared_ptr<const InitialOptions> options);
std::shared_ptr<const InitialOptions> InitialOptionsOf(const Stream* stream);

// The option that was refused last, a row of the table, or -1.
void SetRefusedOption(Stream* stream, int option);
int RefusedOption(const Stream* stream);

// The socket of a stream, where it has one already: libuv makes that of a TCP handle only when it
// is bound or connected, unless a family is given first. UV_ENOTSUP for what is no socket.
int SocketOf(Stream* stream, uv_os_sock_t* fd);

// libuv makes the descriptor of a TCP handle in bind or connect. Options that must be set before
// that ask for it here; it gets the stream's initial options. `family` is AF_INET or AF_INET6.
int EnsureSocket(Stream* stream, int family);

// The same where the stream has initial options, nothing otherwise: to be called before
// uv_tcp_bind and uv_tcp_connect.
int PrepareSocket(Stream* stream, int family);

// Sets those of the stream's initial options that are due at `stage`, and notes the option that is
// refused. Nothing where there are none.
int ApplyInitialOptions(Stream* stream, OptionStage stage);

}  // namespace uvnet

#endif  // UVNET_INITIAL_OPTIONS_H_
