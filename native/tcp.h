#ifndef UVNET_TCP_H_
#define UVNET_TCP_H_

#include <napi.h>

namespace uvnet {

// What only TCP handles can do: bind, connect, names of both ends, TCP options.
void InitTcp(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_TCP_H_
