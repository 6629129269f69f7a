#ifndef UVNET_ABSTRACT_NAME_H_
#define UVNET_ABSTRACT_NAME_H_

#include <uv.h>

#include <string>

#include "stream/stream.h"

namespace uvnet {

// Names in Linux's abstract namespace. Before version 1.51, libuv (Node 20) pads them with zeros.
// All bytes of such a name count, so other programs could not connect. Everything that libuv does
// correctly is left to libuv.

// Whether libuv would pass a different name to the kernel.
bool PadsName(const std::string& name);

// Binds a new pipe.
int BindAbstractName(uv_pipe_t* pipe, const std::string& name);

// Connects. Returns 0 if Stream::Connected will be called, in a later turn as after
// uv_pipe_connect.
int ConnectAbstractName(Stream* stream, const std::string& name);

}  // namespace uvnet

#endif  // UVNET_ABSTRACT_NAME_H_
