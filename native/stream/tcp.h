#ifndef UVNET_TCP_H_
#define UVNET_TCP_H_

#include <napi.h>

namespace uvnet {

class Stream;

// libuv makes the descriptor of a TCP handle in bind or connect. Options that
// must be set before that ask for it here; it gets those of the stream's preset.
// `family` is AF_INET or AF_INET6.
int EnsureSocket(Stream* stream, int family);

// The same where the stream has a preset, nothing otherwise: to be called before
// uv_tcp_bind and uv_tcp_connect.
int PrepareSocket(Stream* stream, int family);

// What only TCP handles can do: bind, connect, names of both ends, TCP options.
void InitTcp(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_TCP_H_
