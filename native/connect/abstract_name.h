#ifndef UVNET_ABSTRACT_NAME_H_
#define UVNET_ABSTRACT_NAME_H_

#include <uv.h>

#include <string>

#include "stream/stream.h"

namespace uvnet {

// Names of Linux's abstract namespace, where the libuv of this process (before 1.51, that of Node
// 20) pads them with zeros: a name is all its bytes, so no program that counts them right could
// connect. What libuv does right is left to it.

// Whether libuv would give the kernel another name than this one.
bool PadsName(const std::string& name);

// Binds a new pipe.
int BindAbstractName(uv_pipe_t* pipe, const std::string& name);

// Connects. 0 where Stream::Connected follows, in a later turn as after uv_pipe_connect.
int ConnectAbstractName(Stream* stream, const std::string& name);

}  // namespace uvnet

#endif  // UVNET_ABSTRACT_NAME_H_
