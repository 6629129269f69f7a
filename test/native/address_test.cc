// Links: native/address/address.cc

#include "../../native/address/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <uv.h>

#include <cstring>
#include <string>

#include "check.h"

using uvnet::FormatIpv4;
using uvnet::FormatIpv6;
using uvnet::IpAddress;

namespace {

#ifdef __APPLE__
const std::string kLoopback = "lo0";
#else
const std::string kLoopback = "lo";
#endif

bool ParsesAsIpv4(const std::string& text) {
  uint8_t bytes[4];
  return uvnet::ParseIpv4(text.data(), text.size(), bytes);
}

bool ParsesAsIpv6(const std::string& text) {
  uint8_t bytes[16];
  return uvnet::ParseIpv6(text.data(), text.size(), bytes);
}

std::string Normal(const std::string& text) {
  char out[uvnet::kAddressTextSize];
  IpAddress address;
  if (!uvnet::ParseIp(text.data(), text.size(), &address)) return "invalid";
  const size_t length =
      address.family == 4 ? FormatIpv4(address.bytes, out) : FormatIpv6(address.bytes, out);
  CHECK_EQ(length, std::strlen(out));
  return out;
}

// Through sockaddr_storage and back; "address port family".
std::string ThereAndBack(const std::string& text, int port) {
  sockaddr_storage storage;
  const int status = uvnet::ParseAddress(text.data(), text.size(), port, &storage);
  if (status != 0) return check::Show(status);
  char out[uvnet::kAddressTextSize];
  int family = 0;
  CHECK_EQ(
      uvnet::FormatAddress(reinterpret_cast<sockaddr*>(&storage), out, sizeof(out), &port, &family),
      0);
  return std::string(out) + " " + check::Show(port) + " " + check::Show(family);
}

uint32_t Scope(const std::string& text) {
  sockaddr_storage storage;
  CHECK_EQ(uvnet::ParseAddress(text.data(), text.size(), 1, &storage), 0);
  return reinterpret_cast<sockaddr_in6*>(&storage)->sin6_scope_id;
}

// Parser and writer against the C library's.
void CompareWithLibrary(const std::string& text) {
  uint8_t ours[16] = {};
  uint8_t theirs[16] = {};
  char written[INET6_ADDRSTRLEN] = {};
  char out[uvnet::kAddressTextSize];
  // A text with a zero byte in it is invalid for us and shorter for the library.
  const bool whole = text.find('\0') == std::string::npos;

  const bool ipv4 = uvnet::ParseIpv4(text.data(), text.size(), ours);
  CHECK_EQ(ipv4, whole && inet_pton(AF_INET, text.c_str(), theirs) == 1);
  if (ipv4) {
    CHECK(std::memcmp(ours, theirs, 4) == 0);
    FormatIpv4(ours, out);
    CHECK_EQ(std::string(out), std::string(inet_ntop(AF_INET, ours, written, sizeof(written))));
  }

  const bool ipv6 = uvnet::ParseIpv6(text.data(), text.size(), ours);
  CHECK_EQ(ipv6, whole && inet_pton(AF_INET6, text.c_str(), theirs) == 1);
  if (ipv6) {
    CHECK(std::memcmp(ours, theirs, 16) == 0);
    FormatIpv6(ours, out);
    CHECK_EQ(std::string(out), std::string(inet_ntop(AF_INET6, ours, written, sizeof(written))));
  }
  if (check::Failures() > 0) std::fprintf(stderr, "text: %s\n", text.c_str());
}

}  // namespace

TEST(ipv4_is_four_decimal_numbers) {
  for (const char* text : {"0.0.0.0", "1.2.3.4", "255.255.255.255", "10.0.0.1"}) {
    CHECK_EQ(Normal(text), std::string(text));
  }
  for (const char* text : {"",          ".",          "1",
                           "1.2.3",     "1.2.3.",     "1.2.3.4.",
                           "1.2.3.4.5", ".1.2.3.4",   "1..3.4",
                           "256.1.1.1", "1.2.3.256",  "01.2.3.4",
                           "1.2.3.04",  "00.0.0.0",   "0x1.2.3.4",
                           "1.2.3.4 ",  " 1.2.3.4",   "1.2.3.-4",
                           "1.2.3.4/8", "1.2.3.4%lo", "4294967296.0.0.0",
                           "1,2,3,4",   "a.b.c.d"}) {
    CHECK(!ParsesAsIpv4(text));
  }
}

TEST(ipv6_is_written_as_rfc_5952_asks) {
  struct {
    const char* text;
    const char* normal;
  } cases[] = {
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"2001:0DB8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"},
      {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
      {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
      {"1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
      {"::1.2.3.4", "::1.2.3.4"},
      {"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
      {"::FFFF:0102:0304", "::ffff:1.2.3.4"},
      {"::ffff:0:0", "::ffff:0.0.0.0"},
      {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
      {"::2", "::2"},
      {"::1:2", "::0.1.0.2"},
      {"fe80::1%lo", "fe80::1"},
      {"fe80::1%", "fe80::1"},
  };
  for (const auto& one : cases) CHECK_EQ(Normal(one.text), std::string(one.normal));
}

TEST(ipv6_has_eight_groups_and_one_gap) {
  for (const char* text : {"",
                           ":",
                           ":1",
                           "1:",
                           ":::",
                           "1:::2",
                           "1::2::3",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::1:2:3:4:5:6:7:8",
                           "1:2:3:4::5:6:7:8",
                           "12345::",
                           "g::",
                           "1::2 ",
                           " ::1",
                           "::1/64",
                           "[::1]",
                           "::1.2.3",
                           "::1.2.3.4.5",
                           "::01.2.3.4",
                           "1.2.3.4::",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::1.2.3.4:5",
                           "1:2:3:4:5:6::1.2.3.4",
                           "::%lo:1",
                           "1.2.3.4"}) {
    CHECK(!ParsesAsIpv6(text));
  }
}

TEST(text_needs_no_terminating_zero) {
  const std::string text = "10.20.30.401";
  uint8_t bytes[16];
  CHECK(uvnet::ParseIpv4(text.data(), text.size() - 1, bytes));
  CHECK_EQ(bytes[3], 40);
  CHECK(!ParsesAsIpv4(std::string("1.2.3.4\0", 8)));
  CHECK(!ParsesAsIpv6(std::string("::1\0", 4)));
}

TEST(sockaddr_keeps_address_port_and_family) {
  CHECK_EQ(ThereAndBack("1.2.3.4", 0), std::string("1.2.3.4 0 4"));
  CHECK_EQ(ThereAndBack("255.0.0.1", 65535), std::string("255.0.0.1 65535 4"));
  CHECK_EQ(ThereAndBack("2001:DB8::1", 443), std::string("2001:db8::1 443 6"));
  CHECK_EQ(ThereAndBack("::ffff:10.0.0.1", 80), std::string("::ffff:10.0.0.1 80 6"));
  CHECK_EQ(ThereAndBack("localhost", 80), check::Show<int>(UV_EINVAL));
  CHECK_EQ(ThereAndBack("1.2.3.4", 65536), check::Show<int>(UV_EINVAL));
  CHECK_EQ(ThereAndBack("1.2.3.4", -1), check::Show<int>(UV_EINVAL));
  CHECK_EQ(ThereAndBack("", 1), check::Show<int>(UV_EINVAL));
}

TEST(zone_is_an_interface_name_or_a_number) {
  const uint32_t loopback = if_nametoindex(kLoopback.c_str());
  CHECK(loopback != 0);
  CHECK_EQ(Scope("fe80::1%" + kLoopback), loopback);
  CHECK_EQ(Scope("fe80::1%7"), 7u);
  CHECK_EQ(Scope("fe80::1%4294967295"), 4294967295u);
  CHECK_EQ(Scope("fe80::1%4294967296"), 0u);
  CHECK_EQ(Scope("fe80::1%no-such-interface"), 0u);
  CHECK_EQ(Scope("fe80::1%a-name-longer-than-interface-names-may-be"), 0u);
  CHECK_EQ(Scope("fe80::1%"), 0u);
  CHECK_EQ(Scope("fe80::1"), 0u);

  CHECK_EQ(ThereAndBack("fe80::1%" + kLoopback, 1), "fe80::1%" + kLoopback + " 1 6");
  // An interface that is not there (any more) keeps its number.
  CHECK_EQ(ThereAndBack("fe80::1%4294967295", 1), std::string("fe80::1%4294967295 1 6"));
  // Only link-local addresses show their zone.
  CHECK_EQ(ThereAndBack("2001:db8::1%" + kLoopback, 1), std::string("2001:db8::1 1 6"));
}

TEST(other_families_and_short_buffers_are_refused) {
  sockaddr_storage storage = {};
  storage.ss_family = AF_UNIX;
  char out[uvnet::kAddressTextSize];
  int port = 0;
  int family = 0;
  CHECK_EQ(
      uvnet::FormatAddress(reinterpret_cast<sockaddr*>(&storage), out, sizeof(out), &port, &family),
      int{UV_EAFNOSUPPORT});
  storage.ss_family = AF_INET6;
  CHECK_EQ(uvnet::FormatAddress(reinterpret_cast<sockaddr*>(&storage), out, 46, &port, &family),
           int{UV_ENOSPC});
}

// Texts that are nearly addresses, where the mistakes are made.
TEST(agrees_with_inet_pton_on_random_texts) {
  const std::string pieces[] = {"0",
                                "1",
                                "9",
                                "00",
                                "25",
                                "255",
                                "256",
                                "ffff",
                                "abcd",
                                "F0",
                                "12345",
                                "::",
                                ":",
                                ".",
                                "1.2.3.4",
                                "%",
                                "g",
                                " ",
                                ":0",
                                "0:0:0",
                                "ffff:",
                                "::ffff:1.2.3.4",
                                std::string(1, '\0')};
  check::Random random(1);
  for (int i = 0; i < 300000 && check::Failures() == 0; ++i) {
    std::string text;
    for (size_t count = random.Below(12); count > 0; --count) {
      text += pieces[random.Below(sizeof(pieces) / sizeof(pieces[0]))];
    }
    CompareWithLibrary(text);
  }
  for (int i = 0; i < 300000 && check::Failures() == 0; ++i) {
    uint8_t bytes[16];
    for (uint8_t& byte : bytes) {
      byte = random.Below(3) == 0 ? static_cast<uint8_t>(random.Next()) : 0;
    }
    char text[INET6_ADDRSTRLEN];
    std::string valid = inet_ntop(i % 2 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
    CompareWithLibrary(valid);
    valid[random.Below(valid.size())] = "0123456789abcdefABCDEF:.%g/"[random.Below(27)];
    CompareWithLibrary(valid);
    valid.erase(random.Below(valid.size()), 1);
    CompareWithLibrary(valid);
  }
}

int main() { return check::RunTests(); }
