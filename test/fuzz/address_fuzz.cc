// Links: native/address/address.cc
//
// Parser and writer give what inet_pton(3) and inet_ntop(3) give, and neither reads or writes
// outside of its buffers (the text is a heap block of its exact size).

#include "../../native/address/address.h"

#include <arpa/inet.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

namespace {

void Expect(bool condition) {
  if (!condition) std::abort();
}

void Check(int family, const char* text, size_t length, const std::string& terminated) {
  const bool ipv4 = family == AF_INET;
  const size_t size = ipv4 ? 4 : 16;
  uint8_t ours[16];
  uint8_t theirs[16];
  const bool parsed =
      ipv4 ? uvnet::ParseIpv4(text, length, ours) : uvnet::ParseIpv6(text, length, ours);
  const bool valid = terminated.find('\0') == std::string::npos &&
                     inet_pton(family, terminated.c_str(), theirs) == 1;
  Expect(parsed == valid);
  if (!parsed) return;
  Expect(std::memcmp(ours, theirs, size) == 0);

  std::unique_ptr<char[]> out(new char[uvnet::kAddressTextSize]);
  char expected[INET6_ADDRSTRLEN];
  const size_t written =
      ipv4 ? uvnet::FormatIpv4(ours, out.get()) : uvnet::FormatIpv6(ours, out.get());
  Expect(inet_ntop(family, theirs, expected, sizeof(expected)) != nullptr);
  Expect(std::strcmp(out.get(), expected) == 0 && written == std::strlen(expected));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::unique_ptr<char[]> text(new char[size]);
  if (size > 0) std::memcpy(text.get(), data, size);
  const std::string terminated(text.get(), size);
  Check(AF_INET, text.get(), size, terminated);
  Check(AF_INET6, text.get(), size, terminated);
  return 0;
}
