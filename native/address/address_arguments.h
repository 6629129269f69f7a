#ifndef UVNET_ADDRESS_ARGUMENTS_H_
#define UVNET_ADDRESS_ARGUMENTS_H_

#include <napi.h>
#include <uv.h>

#ifndef _WIN32
#include <sys/socket.h>
#endif

#include "env/arguments.h"

namespace uvnet {

// Three arguments in a row, (address, port, family), as a socket address.
int AddressFromArguments(const Arguments& arguments, size_t index, sockaddr_storage* address);

// The address that a descriptor is bound to. UV_ENOTSUP on Windows.
int LocalAddress(int fd, sockaddr_storage* address);

// The text of an address as the result of a method; port and family go through
// the state. UV_EINVAL for what is neither IPv4 nor IPv6.
napi_value ReturnAddress(const Arguments& arguments, const sockaddr* address);

}  // namespace uvnet

#endif  // UVNET_ADDRESS_ARGUMENTS_H_
