#ifndef UVNET_SOCKET_OPTIONS_BINDING_H_
#define UVNET_SOCKET_OPTIONS_BINDING_H_

#include <napi.h>

#include "options/socket_options.h"

namespace uvnet {

// A list of settings as the facade hands it over: [option, value, option,
// value…], options by row of the table, values as numbers or strings. UV_EINVAL
// for anything else.
int ReadOptionList(napi_env env, napi_value array, OptionList* list);

void InitSocketOptions(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_SOCKET_OPTIONS_BINDING_H_
