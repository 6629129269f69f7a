#include "address/address_arguments.h"

#include <cstdint>
#include <cstring>

#ifndef _WIN32
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#endif

namespace uvnet {

namespace {

// An IPv6 address, a zone, and the percent sign between them.
constexpr size_t kTextSize = INET6_ADDRSTRLEN + 1 + UV_IF_NAMESIZE;

// Does the same as uv_ip4_name. Every connection of a handler table has its address written when it
// closes, and snprintf takes most of that time.
void WriteIpv4(uint32_t address, char* text) {
  const auto digit = [&](uint32_t value) { *text++ = static_cast<char>('0' + value % 10); };
  for (int shift = 24; shift >= 0; shift -= 8) {
    const uint32_t byte = (address >> shift) & 0xff;
    if (byte >= 100) digit(byte / 100);
    if (byte >= 10) digit(byte / 10);
    digit(byte);
    *text++ = shift == 0 ? '\0' : '.';
  }
}

}  // namespace

int AddressFromArguments(const Arguments& arguments, size_t index, sockaddr_storage* address) {
  // No valid address is longer. One more byte reveals a text that was truncated.
  char text[kTextSize + 1];
  size_t size = 0;
  if (!arguments.has(index) ||
      napi_get_value_string_latin1(arguments.env(), arguments.at(index), text, sizeof text,
                                   &size) != napi_ok ||
      size >= kTextSize) {
    return UV_EINVAL;
  }
  const int port = arguments.Int(index + 1);
  if (arguments.Int(index + 2) == 6) {
    return uv_ip6_addr(text, port, reinterpret_cast<sockaddr_in6*>(address));
  }
  return uv_ip4_addr(text, port, reinterpret_cast<sockaddr_in*>(address));
}

int LocalAddress(int fd, sockaddr_storage* address) {
#ifdef _WIN32
  (void)fd;
  (void)address;
  return UV_ENOTSUP;
#else
  socklen_t size = sizeof *address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(address), &size) == 0) return 0;
  return uv_translate_sys_error(errno);
#endif
}

napi_value ReturnAddress(const Arguments& arguments, const sockaddr* address) {
  char text[kTextSize];
  int family;
  int port;
  if (address->sa_family == AF_INET6) {
    auto* in6 = reinterpret_cast<const sockaddr_in6*>(address);
    uv_ip6_name(in6, text, INET6_ADDRSTRLEN);
    if (in6->sin6_scope_id != 0 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr)) {
      const size_t length = std::strlen(text);
      size_t room = sizeof text - length - 1;
      text[length] = '%';
      if (uv_if_indextoiid(in6->sin6_scope_id, text + length + 1, &room) != 0) {
        text[length] = '\0';
      }
    }
    family = 6;
    port = ntohs(in6->sin6_port);
  } else if (address->sa_family == AF_INET) {
    auto* in = reinterpret_cast<const sockaddr_in*>(address);
    WriteIpv4(ntohl(in->sin_addr.s_addr), text);
    family = 4;
    port = ntohs(in->sin_port);
  } else {
    return arguments.Return(UV_EINVAL);
  }
  arguments.environment()->SetState(port, family);
  napi_value result;
  return napi_create_string_latin1(arguments.env(), text, NAPI_AUTO_LENGTH, &result) == napi_ok
             ? result
             : nullptr;
}

}  // namespace uvnet
