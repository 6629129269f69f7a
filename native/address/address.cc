#include "address/address.h"

#ifndef _WIN32
#include <netinet/in.h>
#endif

#include <cstring>

namespace uvnet {

namespace {

// The value of a hexadecimal digit, or 16 for any other character.
struct HexTable {
  uint8_t values[256];
  constexpr HexTable() : values() {
    for (int c = 0; c < 256; ++c) {
      values[c] = static_cast<uint8_t>(c >= '0' && c <= '9'   ? c - '0'
                                       : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                       : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                              : 16);
    }
  }
};
constexpr HexTable kHex;

uint32_t HexValue(char c) { return kHex.values[static_cast<uint8_t>(c)]; }

// Every IPv6 address has a colon among its first five characters.
bool LooksLikeIpv6(const char* text, size_t length) {
  const size_t end = length < 5 ? length : 5;
  for (size_t i = 0; i < end; ++i) {
    if (text[i] == ':') return true;
  }
  return false;
}

char* WriteDecimal(uint32_t value, char* out) {
  char digits[10];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) *out++ = digits[--count];
  return out;
}

char* WriteHex(uint32_t group, char* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  int shift = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0;
  for (; shift >= 0; shift -= 4) *out++ = kDigits[(group >> shift) & 0xf];
  return out;
}

char* WriteIpv4(const uint8_t* bytes, char* out) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *out++ = '.';
    out = WriteDecimal(bytes[i], out);
  }
  return out;
}

}  // namespace

bool ParseIpv4(const char* text, size_t length, uint8_t out[4]) {
  // "0.0.0.0" to "255.255.255.255".
  if (length < 7 || length > 15) return false;
  const char* const end = text + length;
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (text == end || *text++ != '.')) return false;
    uint32_t value = 0;
    const char* const start = text;
    while (text != end && *text >= '0' && *text <= '9') {
      // A leading zero is rejected: some parsers would read the number as octal.
      if (text != start && value == 0) return false;
      value = value * 10 + static_cast<uint32_t>(*text++ - '0');
      if (value > 255) return false;
    }
    if (text == start) return false;
    out[i] = static_cast<uint8_t>(value);
  }
  return text == end;
}

bool ParseIpv6(const char* text, size_t length, uint8_t out[16]) {
  // From "::" to eight groups whose last two are dotted decimal.
  if (length < 2 || length > 45) return false;
  const char* const end = text + length;
  uint8_t bytes[16];
  int filled = 0;
  int gap = -1;

  if (*text == ':') {
    if (text[1] != ':') return false;
    text += 2;
    gap = 0;
  }
  // At this point, `text` is at the start of a group, or at the end after "::".
  while (text != end) {
    const char* const start = text;
    uint32_t group = 0;
    uint32_t value;
    while (text != end && (value = HexValue(*text)) < 16) {
      if (text - start == 4) return false;
      group = group << 4 | value;
      ++text;
    }
    if (text != end && *text == '.') {
      if (filled > 12 || !ParseIpv4(start, static_cast<size_t>(end - start), bytes + filled)) {
        return false;
      }
      filled += 4;
      break;
    }
    if (text == start || filled > 14) return false;
    bytes[filled++] = static_cast<uint8_t>(group >> 8);
    bytes[filled++] = static_cast<uint8_t>(group);
    if (text == end) break;
    if (*text++ != ':' || text == end) return false;
    if (*text == ':') {
      if (gap >= 0) return false;
      gap = filled;
      ++text;
    }
  }

  if (gap < 0) {
    if (filled != 16) return false;
    memcpy(out, bytes, 16);
    return true;
  }
  // "::" stands for at least one group.
  if (filled == 16) return false;
  const size_t head = static_cast<size_t>(gap);
  const size_t tail = static_cast<size_t>(filled - gap);
  memset(out, 0, 16);
  memcpy(out, bytes, head);
  memcpy(out + 16 - tail, bytes + head, tail);
  return true;
}

bool ParseIp(const char* text, size_t length, IpAddress* out) {
  if (!LooksLikeIpv6(text, length)) {
    out->family = 4;
    return ParseIpv4(text, length, out->bytes);
  }
  const void* const zone = memchr(text, '%', length);
  if (zone != nullptr) length = static_cast<size_t>(static_cast<const char*>(zone) - text);
  out->family = 6;
  return ParseIpv6(text, length, out->bytes);
}

size_t FormatIpv4(const uint8_t bytes[4], char* out) {
  char* const end = WriteIpv4(bytes, out);
  *end = '\0';
  return static_cast<size_t>(end - out);
}

size_t FormatIpv6(const uint8_t bytes[16], char* out) {
  uint32_t groups[8];
  for (int i = 0; i < 8; ++i)
    groups[i] = static_cast<uint32_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);

  // The first of the longest runs of zero groups. A single group is not shortened.
  int run_start = -1;
  int run_length = 1;
  for (int i = 0; i < 8;) {
    int end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > run_length) {
      run_start = i;
      run_length = end - i;
    }
    i = end + 1;
  }

  // ::a.b.c.d and ::ffff:a.b.c.d are written with dots, as by inet_ntop.
  const bool dotted =
      run_start == 0 && (run_length == 6 || (run_length == 5 && groups[5] == 0xffff));
  char* next = out;
  for (int i = 0; i < 8;) {
    if (i == run_start) {
      *next++ = ':';
      *next++ = ':';
      i += run_length;
      continue;
    }
    if (i > 0 && next[-1] != ':') *next++ = ':';
    if (i == 6 && dotted) {
      next = WriteIpv4(bytes + 12, next);
      break;
    }
    next = WriteHex(groups[i++], next);
  }
  *next = '\0';
  return static_cast<size_t>(next - out);
}

bool IpAddressOf(const sockaddr* address, IpAddress* ip) {
  if (address->sa_family == AF_INET) {
    ip->family = 4;
    memcpy(ip->bytes, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
    return true;
  }
  if (address->sa_family != AF_INET6) return false;
  ip->family = 6;
  memcpy(ip->bytes, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
  return true;
}

}  // namespace uvnet
