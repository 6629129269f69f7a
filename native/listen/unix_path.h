#ifndef UVNET_UNIX_PATH_H_
#define UVNET_UNIX_PATH_H_

#include <napi.h>

namespace uvnet {

// Paths of unix-domain sockets, apart from any handle.
void InitUnixPath(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_UNIX_PATH_H_
