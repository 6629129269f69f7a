#ifndef UVNET_HANDOVER_H_
#define UVNET_HANDOVER_H_

#include <napi.h>

namespace uvnet {

// Descriptors that are offered to another thread of the process.
void InitHandover(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_HANDOVER_H_
