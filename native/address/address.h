#ifndef UVNET_ADDRESS_H_
#define UVNET_ADDRESS_H_

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <sys/socket.h>
#endif

#include <cstddef>
#include <cstdint>

namespace uvnet {

// Text and binary form of IP addresses, both ways. Texts need no terminating
// zero. The accepted forms are those of inet_pton(3): dotted decimal without
// leading zeros, RFC 4291 section 2.2 for IPv6.

// The longest text FormatAddress writes: an IPv6 address with embedded IPv4, a
// zone, and the terminating zero.
constexpr size_t kAddressTextSize = 64;

// An address without a port.
struct IpAddress {
  int family = 0;  // 4 or 6
  // In network order; IPv4 uses the first four.
  uint8_t bytes[16] = {};
};

bool ParseIpv4(const char* text, size_t length, uint8_t out[4]);
bool ParseIpv6(const char* text, size_t length, uint8_t out[16]);

// Either family. A zone (`fe80::1%eth0`) is accepted and ignored.
bool ParseIp(const char* text, size_t length, IpAddress* out);

// Write a terminating zero too and return the length without it. `out` holds
// at least kAddressTextSize bytes. IPv6 is written as RFC 5952 asks.
size_t FormatIpv4(const uint8_t bytes[4], char* out);
size_t FormatIpv6(const uint8_t bytes[16], char* out);

// Either family, with a zone where the platform has interface names. An unknown
// zone counts as none, as in libuv. Returns 0 or UV_EINVAL.
int ParseAddress(const char* text, size_t length, int port, sockaddr_storage* out);

// Returns 0, UV_EAFNOSUPPORT if it is neither IPv4 nor IPv6, or UV_ENOSPC. The
// zone of a link-local address is part of the text.
int FormatAddress(const sockaddr* address, char* out, size_t size, int* port, int* family);

}  // namespace uvnet

#endif  // UVNET_ADDRESS_H_
