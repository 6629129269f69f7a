#ifndef UVNET_PIPE_H_
#define UVNET_PIPE_H_

#include <napi.h>

namespace uvnet {

// What only pipes (unix-domain sockets, Windows named pipes) can do.
void InitPipe(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_PIPE_H_
