#ifndef UVNET_TAKE_OVER_H_
#define UVNET_TAKE_OVER_H_

#include <napi.h>

namespace uvnet {

// What a stream still has of a connection that another object goes on with.
void InitTakeOver(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_TAKE_OVER_H_
