#ifndef UVNET_TCP_H_
#define UVNET_TCP_H_

#include <napi.h>

namespace uvnet {

// What only TCP handles can do: the names of both ends, and the options that libuv sets.
void InitTcp(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_TCP_H_
