#ifndef UVNET_ADDRESS_ARGUMENTS_H_
#define UVNET_ADDRESS_ARGUMENTS_H_

#include <napi.h>
#include <uv.h>

#ifndef _WIN32
#include <sys/socket.h>
#endif

#include "env/arguments.h"

namespace uvnet {

// Converts three consecutive arguments (address, port, family) to a socket address.
int AddressFromArguments(const Arguments& arguments, size_t index, sockaddr_storage* address);

// Gets the address to which a descriptor is bound. UV_ENOTSUP on Windows.
int LocalAddress(int fd, sockaddr_storage* address);

// Returns the text of an address from a method, with port and family in the state. UV_EINVAL for
// addresses that are neither IPv4 nor IPv6.
napi_value ReturnAddress(const Arguments& arguments, const sockaddr* address);

}  // namespace uvnet

#endif  // UVNET_ADDRESS_ARGUMENTS_H_
