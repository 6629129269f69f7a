#ifndef UVNET_ENDPOINT_H_
#define UVNET_ENDPOINT_H_

#include <napi.h>
#include <uv.h>

#ifndef _WIN32
#include <sys/socket.h>
#endif

#include "env/arguments.h"

namespace uvnet {

// Three arguments in a row, (address, port, family), as a socket address.
int EndpointFromArguments(const Arguments& arguments, size_t index, sockaddr_storage* endpoint);

// The address that a descriptor is bound to. UV_ENOTSUP on Windows.
int LocalAddress(int fd, sockaddr_storage* address);

// The text of an address as the result of a method; port and family go through
// the state. UV_EINVAL for what is neither IPv4 nor IPv6.
napi_value ReturnEndpoint(const Arguments& arguments, const sockaddr* endpoint);

}  // namespace uvnet

#endif  // UVNET_ENDPOINT_H_
