#ifndef UVNET_TCP_ENDS_H_
#define UVNET_TCP_ENDS_H_

#include <napi.h>

namespace uvnet {

// bind and connect of TCP handles, with the options that they were given before.
void InitTcpEnds(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_TCP_ENDS_H_
