#ifndef UVNET_FD_PASSING_H_
#define UVNET_FD_PASSING_H_

#include <napi.h>
#include <uv.h>

namespace uvnet {

class Stream;

// Descriptors over unix sockets (SCM_RIGHTS), to and from any process. Built on
// libuv's IPC pipes, which send an ordinary SCM_RIGHTS message and keep it in
// order with the other writes; only what libuv does not offer is added: raw
// descriptors of any type, and a way to switch receiving on and off
// (stream/received_descriptors.h).

// Queues `size` bytes (at least one, kept alive by `pin`) with a descriptor,
// which is owned from here on. Answers like Stream::Write; Callback::kWrite
// follows.
int SendDescriptor(Stream* stream, const char* data, size_t size, napi_value pin, int fd);

void InitFdPassing(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_FD_PASSING_H_
