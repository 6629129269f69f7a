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

// Converts IP addresses between text and binary form. Texts need no terminating zero. The accepted
// forms are those of inet_pton(3): dotted decimal without leading zeros, and RFC 4291 section 2.2
// for IPv6.

// Size of the longest text that is written, with its terminating zero.
constexpr size_t kAddressTextSize = 64;

// An address without a port.
struct IpAddress {
  int family = 0;  // 4 or 6
  // In network order; IPv4 uses the first four.
  uint8_t bytes[16] = {};
};

bool ParseIpv4(const char* text, size_t length, uint8_t out[4]);
bool ParseIpv6(const char* text, size_t length, uint8_t out[16]);

// Parses an address of either family. A zone (`fe80::1%eth0`) is accepted and ignored.
bool ParseIp(const char* text, size_t length, IpAddress* out);

// These functions write a terminating zero and return the length without it. `out` must have at
// least kAddressTextSize bytes. IPv6 is written as RFC 5952 recommends.
size_t FormatIpv4(const uint8_t bytes[4], char* out);
size_t FormatIpv6(const uint8_t bytes[16], char* out);

// Gets the address of an IP socket, without its port. Returns false for other families.
bool IpAddressOf(const sockaddr* address, IpAddress* ip);

}  // namespace uvnet

#endif  // UVNET_ADDRESS_H_
