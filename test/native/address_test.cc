// Links: native/address/address.cc

#include "../../native/address/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

#include "check.h"

using uvnet::FormatIpv4;
using uvnet::FormatIpv6;
using uvnet::IpAddress;

namespace {

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

TEST(the_address_of_a_socket_has_its_family_and_bytes) {
  sockaddr_storage storage = {};
  auto* const in = reinterpret_cast<sockaddr_in*>(&storage);
  in->sin_family = AF_INET;
  CHECK_EQ(inet_pton(AF_INET, "1.2.3.4", &in->sin_addr), 1);
  IpAddress ip;
  CHECK(uvnet::IpAddressOf(reinterpret_cast<sockaddr*>(&storage), &ip));
  CHECK_EQ(ip.family, 4);
  CHECK(std::memcmp(ip.bytes, &in->sin_addr, 4) == 0);

  auto* const in6 = reinterpret_cast<sockaddr_in6*>(&storage);
  in6->sin6_family = AF_INET6;
  CHECK_EQ(inet_pton(AF_INET6, "2001:db8::1", &in6->sin6_addr), 1);
  CHECK(uvnet::IpAddressOf(reinterpret_cast<sockaddr*>(&storage), &ip));
  CHECK_EQ(ip.family, 6);
  CHECK(std::memcmp(ip.bytes, &in6->sin6_addr, 16) == 0);

  storage.ss_family = AF_UNIX;
  CHECK(!uvnet::IpAddressOf(reinterpret_cast<sockaddr*>(&storage), &ip));
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
