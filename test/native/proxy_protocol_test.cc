// Links: native/proxy/proxy_protocol.cc native/address/address.cc

#include "../../native/proxy/proxy_protocol.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "check.h"

using uvnet::ProxyHeader;
using uvnet::ProxyParser;
using Status = ProxyParser::Status;
using Command = ProxyHeader::Command;
using Family = ProxyHeader::Family;
using Transport = ProxyHeader::Transport;

namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

struct Outcome {
  Status status = Status::kNeedMore;
  size_t consumed = 0;
  std::string reason;
  std::string held;
  ProxyHeader header;
};

Outcome InPieces(const std::vector<std::string>& pieces,
                 size_t max_v2 = ProxyParser::kDefaultMaxV2) {
  ProxyParser parser(max_v2);
  Outcome outcome;
  for (const std::string& piece : pieces) {
    // A heap block of its exact size, so that a sanitizer sees a read beyond it.
    std::unique_ptr<uint8_t[]> chunk(new uint8_t[piece.size()]);
    std::copy(piece.begin(), piece.end(), chunk.get());
    size_t consumed = 0;
    outcome.status = parser.Feed(chunk.get(), piece.size(), &consumed);
    CHECK(consumed <= piece.size());
    outcome.consumed += consumed;
    if (outcome.status != Status::kNeedMore) break;
    CHECK_EQ(consumed, piece.size());
  }
  outcome.reason = parser.reason();
  outcome.held.assign(parser.held().begin(), parser.held().end());
  outcome.header = parser.header();
  return outcome;
}

Outcome AtOnce(const std::string& bytes) { return InPieces({bytes}); }

std::vector<std::string> Bytewise(const std::string& bytes) {
  std::vector<std::string> pieces;
  for (char c : bytes) pieces.push_back(std::string(1, c));
  return pieces;
}

std::string U16(size_t value) {
  return std::string({static_cast<char>(value >> 8), static_cast<char>(value)});
}

std::string V2(uint8_t version_command, uint8_t family_transport, const std::string& block) {
  return kSignature + static_cast<char>(version_command) + static_cast<char>(family_transport) +
         U16(block.size()) + block;
}

std::string Tlv(uint8_t type, const std::string& value) {
  return static_cast<char>(type) + U16(value.size()) + value;
}

const std::string kIPv4Block("\xC0\xA8\0\1\xC0\xA8\0\x0B\xDC\x04\x01\xBB", 12);

std::string Bytes(const uint8_t* data, size_t size) {
  return std::string(reinterpret_cast<const char*>(data), size);
}

void CheckSame(const ProxyHeader& a, const ProxyHeader& b) {
  CHECK_EQ(a.command, b.command);
  CHECK_EQ(a.family, b.family);
  CHECK_EQ(a.transport, b.transport);
  CHECK(std::memcmp(a.source.address, b.source.address, 16) == 0);
  CHECK(std::memcmp(a.destination.address, b.destination.address, 16) == 0);
  CHECK_EQ(a.source.port, b.source.port);
  CHECK_EQ(a.destination.port, b.destination.port);
  CHECK_EQ(a.source.path, b.source.path);
  CHECK_EQ(a.destination.path, b.destination.path);
  CHECK(a.tlvs == b.tlvs);
}

}  // namespace

TEST(Version1IPv4) {
  const std::string line = "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n";
  const Outcome outcome = AtOnce(line + "GET / HTTP/1.1\r\n");
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.consumed, line.size());
  CHECK_EQ(outcome.header.version, 1);
  CHECK_EQ(outcome.header.command, Command::kProxy);
  CHECK_EQ(outcome.header.family, Family::kIPv4);
  CHECK_EQ(outcome.header.transport, Transport::kStream);
  CHECK_EQ(Bytes(outcome.header.source.address, 4), std::string("\xC0\xA8\0\1", 4));
  CHECK_EQ(Bytes(outcome.header.destination.address, 4), std::string("\xC0\xA8\0\x0B", 4));
  CHECK_EQ(outcome.header.source.port, 56324);
  CHECK_EQ(outcome.header.destination.port, 443);
}

TEST(Version1IPv6) {
  const Outcome outcome = AtOnce("PROXY TCP6 2001:DB8::1 ::ffff 0 65535\r\n");
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.header.family, Family::kIPv6);
  CHECK_EQ(Bytes(outcome.header.source.address, 16),
           std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16));
  CHECK_EQ(outcome.header.source.port, 0);
  CHECK_EQ(outcome.header.destination.port, 65535);
}

TEST(Version1LongestLines) {
  const std::string full = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  CHECK_EQ(AtOnce("PROXY TCP6 " + full + ' ' + full + " 65535 65535\r\n").status, Status::kDone);
  const std::string longest = "PROXY UNKNOWN " + full + ' ' + full + " 65535 65535\r\n";
  CHECK_EQ(longest.size(), ProxyParser::kMaxV1);
  CHECK_EQ(AtOnce(longest).status, Status::kDone);
  CHECK_EQ(InPieces(Bytewise(longest)).status, Status::kDone);
  const std::string longer = "PROXY UNKNOWN " + full + ' ' + full + " 65535 655350\r\n";
  CHECK_EQ(AtOnce(longer).status, Status::kMalformed);
  CHECK_EQ(InPieces(Bytewise(longer)).status, Status::kMalformed);
}

TEST(Version1UnknownHasNoAddresses) {
  for (const char* line : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n", "PROXY UNKNOWN a b c\r\n"}) {
    const Outcome outcome = AtOnce(line);
    CHECK_EQ(outcome.status, Status::kDone);
    CHECK_EQ(outcome.consumed, std::strlen(line));
    CHECK_EQ(outcome.header.family, Family::kUnspecified);
  }
}

TEST(Version1Malformed) {
  const char* const lines[] = {
      "PROXY \r\n",
      "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
      "PROXY TCP4\r\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
      "PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n",
      "PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n",
      "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
      "PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n",
      "PROXY TCP4 ::1 ::1 1 2\r\n",
      "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
      "PROXY TCP6 ::1%lo ::1 1 2\r\n",
      "PROXY TCP6 ::1::2 ::1 1 2\r\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
      "PROXY TCP4 1.2.3.4 1.2.3.4 1x 2\r\n",
      "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
      "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
      "PROXY UNKNOWNX\r\n",
      "PROXY \n",
  };
  for (const char* line : lines) {
    const Outcome outcome = AtOnce(line);
    if (outcome.status != Status::kMalformed) std::fprintf(stderr, "accepted: %s", line);
    CHECK_EQ(outcome.status, Status::kMalformed);
    CHECK(!outcome.reason.empty());
  }
  const std::string with_zero("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n", 34);
  CHECK_EQ(AtOnce(with_zero).status, Status::kMalformed);
  CHECK_EQ(AtOnce("PROXY TCP4 " + std::string(200, '1')).status, Status::kMalformed);
}

TEST(Version2IPv4) {
  const std::string header = V2(0x21, 0x11, kIPv4Block);
  const Outcome outcome = AtOnce(header + "hello");
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.consumed, 28u);
  CHECK_EQ(outcome.header.version, 2);
  CHECK_EQ(outcome.header.family, Family::kIPv4);
  CHECK_EQ(outcome.header.transport, Transport::kStream);
  CHECK_EQ(Bytes(outcome.header.source.address, 4), std::string("\xC0\xA8\0\1", 4));
  CHECK_EQ(outcome.header.source.port, 56324);
  CHECK_EQ(outcome.header.destination.port, 443);
  CHECK(outcome.header.tlvs.empty());
  CHECK_EQ(AtOnce(V2(0x21, 0x12, kIPv4Block)).header.transport, Transport::kDatagram);
}

TEST(Version2IPv6) {
  std::string block;
  for (int i = 0; i < 32; ++i) block += static_cast<char>(i);
  block += U16(1) + U16(65535);
  const Outcome outcome = AtOnce(V2(0x21, 0x21, block));
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.header.family, Family::kIPv6);
  CHECK_EQ(outcome.header.source.address[15], 15);
  CHECK_EQ(outcome.header.destination.address[0], 16);
  CHECK_EQ(outcome.header.source.port, 1);
  CHECK_EQ(outcome.header.destination.port, 65535);
}

TEST(Version2Unix) {
  const std::string named = std::string("/run/a.sock") + std::string(97, '\0');
  const std::string abstract = std::string("\0b\0c", 4) + std::string(104, '\0');
  const std::string full(108, 'x');
  const std::string none(108, '\0');
  Outcome outcome = AtOnce(V2(0x21, 0x31, named + abstract));
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.header.family, Family::kUnix);
  CHECK_EQ(outcome.header.source.path, "/run/a.sock");
  CHECK_EQ(outcome.header.destination.path, std::string("\0b\0c", 4));
  outcome = AtOnce(V2(0x21, 0x32, full + none));
  CHECK_EQ(outcome.header.source.path, full);
  CHECK_EQ(outcome.header.destination.path, "");
}

TEST(Version2LocalIsItselfOnly) {
  Outcome outcome = AtOnce(V2(0x20, 0x00, ""));
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.header.command, Command::kLocal);
  CHECK_EQ(outcome.consumed, 16u);
  // Whatever the block holds is discarded, but taken from the stream.
  outcome = AtOnce(V2(0x20, 0x11, "xyz") + "hello");
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.consumed, 19u);
  CHECK_EQ(outcome.header.family, Family::kUnspecified);
  CHECK(outcome.header.tlvs.empty());
}

TEST(Version2Unspecified) {
  Outcome outcome = AtOnce(V2(0x21, 0x00, Tlv(0x05, "id")));
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.header.family, Family::kUnspecified);
  CHECK_EQ(outcome.header.tlvs.size(), 5u);
  // IPv4 with an unspecified transport: the addresses are there, and ignored.
  outcome = AtOnce(V2(0x21, 0x10, kIPv4Block));
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.header.family, Family::kUnspecified);
  CHECK_EQ(outcome.header.source.port, 0);
}

TEST(Version2Malformed) {
  const std::string bad[] = {
      V2(0x11, 0x11, kIPv4Block),  // version
      V2(0x31, 0x11, kIPv4Block),
      V2(0x22, 0x11, kIPv4Block),  // command
      V2(0x21, 0x41, kIPv4Block),  // family
      V2(0x21, 0x13, kIPv4Block),  // transport
      V2(0x21, 0x11, kIPv4Block.substr(1)),
      V2(0x21, 0x21, kIPv4Block),
      V2(0x21, 0x31, kIPv4Block),
      V2(0x21, 0x11, kIPv4Block + "\x01"),
      V2(0x21, 0x11, kIPv4Block + std::string("\x01\x00", 2)),
      V2(0x21, 0x11, kIPv4Block + std::string("\x01\x00\x02h", 4)),
      V2(0x21, 0x11, kIPv4Block + Tlv(0x03, "abc")),
      V2(0x21, 0x11, kIPv4Block + Tlv(0x03, "abcd")),
  };
  for (const std::string& header : bad) {
    CHECK_EQ(AtOnce(header).status, Status::kMalformed);
    CHECK_EQ(InPieces(Bytewise(header)).status, Status::kMalformed);
  }
}

TEST(Version2IsRefusedBeforeItsBlockArrives) {
  CHECK_EQ(AtOnce(V2(0x41, 0x11, kIPv4Block).substr(0, 16)).status, Status::kMalformed);
  const std::string large = V2(0x21, 0x11, std::string(65535, '\0'));
  CHECK_EQ(AtOnce(large.substr(0, 16)).status, Status::kMalformed);
  CHECK_EQ(InPieces({large.substr(0, 16)}, 70000).status, Status::kNeedMore);
  CHECK_EQ(InPieces({V2(0x21, 0x11, kIPv4Block).substr(0, 16)}, 27).status, Status::kMalformed);
  CHECK_EQ(InPieces({V2(0x21, 0x11, kIPv4Block).substr(0, 16)}, 28).status, Status::kNeedMore);
}

TEST(TheLargestHeaderArrivesBytewise) {
  const std::string records = kIPv4Block + Tlv(0xE0, std::string(65535 - 12 - 3, 'v'));
  const std::string header = V2(0x21, 0x11, records);
  const Outcome outcome = InPieces(Bytewise(header + "x"), 70000);
  CHECK_EQ(outcome.status, Status::kDone);
  CHECK_EQ(outcome.consumed, header.size());
  CHECK_EQ(outcome.header.tlvs.size(), 65535u - 12);
}

TEST(OtherStreamsAreLeftAlone) {
  const char* const streams[] = {"GET / HTTP/1.1\r\n", "PROXX", "\r\n\r\nhello", "\x16\x03\x01"};
  for (const char* stream : streams) {
    const Outcome outcome = AtOnce(stream);
    CHECK_EQ(outcome.status, Status::kAbsent);
    CHECK_EQ(outcome.consumed, 0u);
    CHECK_EQ(outcome.held, "");
  }
  const Outcome outcome = InPieces({"P", "RO", "XIMA"});
  CHECK_EQ(outcome.status, Status::kAbsent);
  CHECK_EQ(outcome.consumed, 3u);
  CHECK_EQ(outcome.held, "PRO");
}

TEST(Crc32cKnownAnswers) {
  const auto crc = [](const std::string& text) {
    return uvnet::Crc32c(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  CHECK_EQ(crc("123456789"), 0xE3069283u);
  CHECK_EQ(crc(""), 0u);
  CHECK_EQ(crc(std::string(32, '\0')), 0x8A9136AAu);  // RFC 3720, B.4
  CHECK_EQ(crc(std::string(32, '\xff')), 0x62A8AB43u);
}

TEST(ChecksumsAreVerifiedWhereverTheyStand) {
  ProxyHeader header;
  header.family = Family::kIPv4;
  header.transport = Transport::kStream;
  const std::string id = Tlv(0x05, "some id");
  header.tlvs.assign(id.begin(), id.end());
  const std::string good = uvnet::EncodeProxyV2(header, true);
  CHECK_EQ(AtOnce(good).status, Status::kDone);
  // Any change of the block is noticed, but for the byte that says "this is a checksum".
  for (size_t at = 16; at < good.size(); ++at) {
    if (at == good.size() - 7) continue;
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    CHECK_EQ(AtOnce(bad).status, Status::kMalformed);
  }
  // The checksum first, another record behind it.
  std::string block = kIPv4Block + Tlv(0x03, std::string(4, '\0')) + id;
  std::string moved = V2(0x21, 0x11, block);
  const uint32_t crc = uvnet::Crc32c(reinterpret_cast<const uint8_t*>(moved.data()), moved.size());
  const size_t at = 16 + kIPv4Block.size() + 3;
  for (size_t i = 0; i < 4; ++i) moved[at + i] = static_cast<char>(crc >> (24 - 8 * i));
  CHECK_EQ(AtOnce(moved).status, Status::kDone);
  // Two of them cannot both be right.
  block += Tlv(0x03, std::string(4, '\0'));
  CHECK_EQ(AtOnce(V2(0x21, 0x11, block)).reason, "version 2 header with a bad checksum record");
}

TEST(RecordsAreTakenOneByOne) {
  const std::string bytes = Tlv(0x01, "h2") + Tlv(0x04, "") + Tlv(0x02, "example.com");
  const uint8_t* at = reinterpret_cast<const uint8_t*>(bytes.data());
  const uint8_t* const end = at + bytes.size();
  uvnet::ProxyTlv tlv;
  CHECK(uvnet::NextProxyTlv(&at, end, &tlv));
  CHECK_EQ(tlv.type, 1);
  CHECK_EQ(Bytes(tlv.value, tlv.length), "h2");
  CHECK(uvnet::NextProxyTlv(&at, end, &tlv));
  CHECK_EQ(tlv.length, 0u);
  CHECK(!uvnet::NextProxyTlv(&at, end - 1, &tlv));
  CHECK(uvnet::NextProxyTlv(&at, end, &tlv));
  CHECK_EQ(Bytes(tlv.value, tlv.length), "example.com");
  CHECK(!uvnet::NextProxyTlv(&at, end, &tlv));
}

TEST(EncodeVersion1) {
  ProxyHeader header;
  header.family = Family::kIPv4;
  header.transport = Transport::kStream;
  header.source = {{10, 0, 0, 1}, 40000, ""};
  header.destination = {{10, 0, 0, 2}, 80, ""};
  CHECK_EQ(uvnet::EncodeProxyV1(header), "PROXY TCP4 10.0.0.1 10.0.0.2 40000 80\r\n");
  header.family = Family::kIPv6;
  CHECK_EQ(uvnet::EncodeProxyV1(header), "PROXY TCP6 a00:1:: a00:2:: 40000 80\r\n");
  header.transport = Transport::kDatagram;
  CHECK_EQ(uvnet::EncodeProxyV1(header), "PROXY UNKNOWN\r\n");
  header.transport = Transport::kStream;
  header.command = Command::kLocal;
  CHECK_EQ(uvnet::EncodeProxyV1(header), "PROXY UNKNOWN\r\n");
}

TEST(EncodeVersion2Limits) {
  ProxyHeader header;
  header.family = Family::kUnix;
  header.transport = Transport::kStream;
  header.source.path = std::string(108, 'x');
  CHECK_EQ(uvnet::EncodeProxyV2(header, false).size(), 16u + 216);
  header.source.path += 'x';
  CHECK(uvnet::EncodeProxyV2(header, false).empty());
  header = ProxyHeader();
  const std::string large = Tlv(0xE0, std::string(65532, 'x'));
  header.tlvs.assign(large.begin(), large.end());
  CHECK_EQ(uvnet::EncodeProxyV2(header, false).size(), 16u + 65535);
  CHECK(uvnet::EncodeProxyV2(header, true).empty());
  header.command = Command::kLocal;
  header.family = Family::kIPv4;
  header.tlvs.clear();
  CHECK_EQ(uvnet::EncodeProxyV2(header, false), V2(0x20, 0x00, ""));
}

TEST(RandomHeadersSurviveTheTripInRandomPieces) {
  for (uint64_t seed = 1; seed <= 20000; ++seed) {
    check::Random random(seed);
    ProxyHeader header;
    header.family = static_cast<Family>(random.Below(4));
    if (header.family != Family::kUnspecified) {
      header.transport = random.Below(2) == 0 ? Transport::kStream : Transport::kDatagram;
    }
    const bool is_v1 = random.Below(3) == 0;
    for (uvnet::ProxyEndpoint* end : {&header.source, &header.destination}) {
      if (header.family == Family::kUnix) {
        end->path = std::string(random.Below(109), 'p');
      } else if (header.family != Family::kUnspecified) {
        const size_t size = header.family == Family::kIPv4 ? 4 : 16;
        for (size_t i = 0; i < size; ++i) {
          end->address[i] = static_cast<uint8_t>(random.Below(3) == 0 ? random.Next() : 0);
        }
        end->port = static_cast<uint16_t>(random.Next());
      }
    }
    if (is_v1) {
      if (header.family == Family::kUnix) header = ProxyHeader();
      if (header.family != Family::kUnspecified) header.transport = Transport::kStream;
    } else {
      for (size_t i = random.Below(4); i > 0; --i) {
        const std::string tlv =
            Tlv(static_cast<uint8_t>(0xE0 + random.Below(16)), std::string(random.Below(300), 't'));
        header.tlvs.insert(header.tlvs.end(), tlv.begin(), tlv.end());
      }
    }
    const bool checksum = random.Below(2) == 0;
    const std::string bytes =
        is_v1 ? uvnet::EncodeProxyV1(header) : uvnet::EncodeProxyV2(header, checksum);
    const std::string stream = bytes + std::string(random.Below(50), 'b');
    std::vector<std::string> pieces;
    for (size_t at = 0; at < stream.size();) {
      const size_t size = random.Below(40);
      pieces.push_back(stream.substr(at, size));
      at += size;
    }
    Outcome outcome = InPieces(pieces);
    CHECK_EQ(outcome.status, Status::kDone);
    CHECK_EQ(outcome.consumed, bytes.size());
    if (!is_v1 && checksum) outcome.header.tlvs.resize(outcome.header.tlvs.size() - 7);
    CheckSame(outcome.header, header);
    // Whatever is missing at the end, the parser waits for it.
    CHECK_EQ(AtOnce(bytes.substr(0, random.Below(bytes.size()))).status, Status::kNeedMore);
    if (check::Failures() > 0) {
      std::fprintf(stderr, "seed %" PRIu64 "\n", seed);
      return;
    }
  }
}

int main() { return check::RunTests(); }
