#include "proxy/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "address/address.h"

namespace uvnet {

namespace {

constexpr size_t kV1PrefixSize = kProxyV1Prefix.size();
constexpr size_t kV2SignatureSize = kProxyV2Signature.size();
// The signature, version and command, family and transport, and the length of the rest.
constexpr size_t kV2FixedSize = kV2SignatureSize + 4;

constexpr size_t kUnixPathSize = 108;
constexpr size_t kTlvHeaderSize = 3;

// Section 2.2: the size of both addresses together, by family.
size_t V2AddressSize(ProxyHeader::Family family) {
  switch (family) {
    case ProxyHeader::Family::kIPv4: return 2 * 4 + 2 * 2;
    case ProxyHeader::Family::kIPv6: return 2 * 16 + 2 * 2;
    case ProxyHeader::Family::kUnix: return 2 * kUnixPathSize;
    case ProxyHeader::Family::kUnspecified: break;
  }
  return 0;
}

uint16_t ReadU16(const uint8_t* data) { return static_cast<uint16_t>(data[0] << 8 | data[1]); }

uint32_t ReadU32(const uint8_t* data) {
  return static_cast<uint32_t>(ReadU16(data)) << 16 | ReadU16(data + 2);
}

// Parses a decimal number without sign or leading zeros, at most 65535.
bool ParsePort(const std::string& text, uint16_t* port) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return false;
  unsigned value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  *port = static_cast<uint16_t>(value);
  return value <= 65535;
}

bool ParseAddress(ProxyHeader::Family family, const std::string& text, uint8_t* address) {
  return family == ProxyHeader::Family::kIPv4 ? ParseIpv4(text.data(), text.size(), address)
                                              : ParseIpv6(text.data(), text.size(), address);
}

std::string FormatAddress(ProxyHeader::Family family, const uint8_t* address) {
  char text[kAddressTextSize];
  const bool is_ipv4 = family == ProxyHeader::Family::kIPv4;
  return std::string(text, is_ipv4 ? FormatIpv4(address, text) : FormatIpv6(address, text));
}

// A field of 108 bytes, as in sockaddr_un: a name ends at its first zero byte, an abstract name
// (which begins with one) at the last byte that is not zero.
std::string ReadUnixPath(const uint8_t* data) {
  const char* text = reinterpret_cast<const char*>(data);
  size_t size = kUnixPathSize;
  if (data[0] != 0) {
    size = static_cast<size_t>(std::find(data, data + kUnixPathSize, 0) - data);
  } else {
    while (size > 0 && data[size - 1] == 0) --size;
  }
  return std::string(text, size);
}

constexpr std::array<uint32_t, 256> MakeCrc32cTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
    table[i] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrc32cTable = MakeCrc32cTable();

void AppendU16(std::string* out, size_t value) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value));
}

}  // namespace

uint32_t Crc32c(const uint8_t* data, size_t length, uint32_t crc) {
  crc = ~crc;
  for (size_t i = 0; i < length; ++i) crc = kCrc32cTable[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

bool NextProxyTlv(const uint8_t** at, const uint8_t* end, ProxyTlv* tlv) {
  const size_t left = static_cast<size_t>(end - *at);
  if (left < kTlvHeaderSize) return false;
  const size_t length = ReadU16(*at + 1);
  if (left - kTlvHeaderSize < length) return false;
  *tlv = {**at, *at + kTlvHeaderSize, length};
  *at += kTlvHeaderSize + length;
  return true;
}

ProxyParser::Status ProxyParser::Feed(const uint8_t* chunk, size_t length, size_t* consumed) {
  *consumed = 0;
  size_t used = 0;
  // Nearly always, the first chunk contains the whole header.
  if (held_.empty()) {
    const Status status = Parse(chunk, length, &used);
    if (status == Status::kNeedMore) {
      held_.assign(chunk, chunk + length);
      used = length;
    }
    *consumed = used;
    return status;
  }

  const size_t before = held_.size();
  const size_t limit = std::max(kMaxV1, max_v2_);
  const size_t more = std::min(length, limit - std::min(limit, before));
  // By insert(), GCC 14 would warn of a size that cannot be.
  held_.resize(before + more);
  std::copy_n(chunk, more, held_.data() + before);
  const Status status = Parse(held_.data(), held_.size(), &used);
  if (status == Status::kDone) {
    *consumed = used - before;
    held_ = std::vector<uint8_t>();
  } else if (status == Status::kNeedMore) {
    *consumed = held_.size() - before;
  } else {
    held_.resize(before);
  }
  return status;
}

ProxyParser::Status ProxyParser::Parse(const uint8_t* data, size_t length, size_t* used) {
  if (length == 0) return Status::kNeedMore;
  if (std::memcmp(data, kProxyV1Prefix.data(), std::min(length, kV1PrefixSize)) == 0) {
    return length < kV1PrefixSize ? Status::kNeedMore : ParseV1(data, length, used);
  }
  if (std::memcmp(data, kProxyV2Signature.data(), std::min(length, kV2SignatureSize)) == 0) {
    return length < kV2FixedSize ? Status::kNeedMore : ParseV2(data, length, used);
  }
  return Status::kAbsent;
}

ProxyParser::Status ProxyParser::ParseV1(const uint8_t* data, size_t length, size_t* used) {
  const size_t searched = std::min(length, kMaxV1);
  const uint8_t* const newline = static_cast<const uint8_t*>(std::memchr(data, '\n', searched));
  if (newline == nullptr) {
    return length < kMaxV1 ? Status::kNeedMore : Malformed("version 1 line without an end");
  }
  if (newline[-1] != '\r') return Malformed("version 1 line does not end in CRLF");
  *used = static_cast<size_t>(newline - data) + 1;

  const std::string line(reinterpret_cast<const char*>(data) + kV1PrefixSize,
                         reinterpret_cast<const char*>(newline) - 1);
  header_.version = 1;
  if (line == "UNKNOWN" || line.compare(0, 8, "UNKNOWN ") == 0) return Status::kDone;

  // Protocol, source, destination, source port and destination port, separated by exactly one
  // space.
  std::array<std::string, 5> fields;
  size_t at = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t space = line.find(' ', at);
    const bool is_last = i + 1 == fields.size();
    if (is_last != (space == std::string::npos)) return Malformed("version 1 line of wrong shape");
    fields[i] = line.substr(at, space - at);
    at = space + 1;
  }
  if (fields[0] == "TCP4") {
    header_.family = ProxyHeader::Family::kIPv4;
  } else if (fields[0] == "TCP6") {
    header_.family = ProxyHeader::Family::kIPv6;
  } else {
    return Malformed("version 1 line with an unknown protocol");
  }
  header_.transport = ProxyHeader::Transport::kStream;
  if (!ParseAddress(header_.family, fields[1], header_.source.address) ||
      !ParseAddress(header_.family, fields[2], header_.destination.address)) {
    return Malformed("version 1 line with a bad address");
  }
  if (!ParsePort(fields[3], &header_.source.port) ||
      !ParsePort(fields[4], &header_.destination.port)) {
    return Malformed("version 1 line with a bad port");
  }
  return Status::kDone;
}

ProxyParser::Status ProxyParser::ParseV2(const uint8_t* data, size_t length, size_t* used) {
  const uint8_t version_command = data[kV2SignatureSize];
  const uint8_t family_transport = data[kV2SignatureSize + 1];
  const size_t total = kV2FixedSize + ReadU16(data + kV2SignatureSize + 2);

  // These checks need only the first bytes, so a wrong header is rejected before the rest has
  // arrived.
  if (version_command >> 4 != 2) return Malformed("unknown version");
  if ((version_command & 0xF) > 1) return Malformed("unknown command");
  if (family_transport >> 4 > 3) return Malformed("unknown address family");
  if ((family_transport & 0xF) > 2) return Malformed("unknown transport protocol");
  if (total > max_v2_) return Malformed("version 2 header is too long");
  if (length < total) return Status::kNeedMore;

  *used = total;
  header_.version = 2;
  header_.command = static_cast<ProxyHeader::Command>(version_command & 0xF);
  // The block of a LOCAL header is discarded "including the family which is ignored".
  if (header_.command == ProxyHeader::Command::kLocal) return Status::kDone;
  header_.family = static_cast<ProxyHeader::Family>(family_transport >> 4);
  header_.transport = static_cast<ProxyHeader::Transport>(family_transport & 0xF);
  return ParseV2Block(data, total);
}

ProxyParser::Status ProxyParser::ParseV2Block(const uint8_t* data, size_t length) {
  const size_t address_size = V2AddressSize(header_.family);
  if (length - kV2FixedSize < address_size) return Malformed("version 2 header is too short");
  const uint8_t* const addresses = data + kV2FixedSize;
  ProxyEndpoint& source = header_.source;
  ProxyEndpoint& destination = header_.destination;

  switch (header_.family) {
    case ProxyHeader::Family::kIPv4:
    case ProxyHeader::Family::kIPv6: {
      const size_t size = header_.family == ProxyHeader::Family::kIPv4 ? 4 : 16;
      std::memcpy(source.address, addresses, size);
      std::memcpy(destination.address, addresses + size, size);
      source.port = ReadU16(addresses + 2 * size);
      destination.port = ReadU16(addresses + 2 * size + 2);
      break;
    }
    case ProxyHeader::Family::kUnix:
      source.path = ReadUnixPath(addresses);
      destination.path = ReadUnixPath(addresses + kUnixPathSize);
      break;
    case ProxyHeader::Family::kUnspecified: break;
  }

  // A known family with an unspecified transport: "the receiver should ignore address information".
  if (header_.transport == ProxyHeader::Transport::kUnspecified) {
    header_.family = ProxyHeader::Family::kUnspecified;
    source = ProxyEndpoint();
    destination = ProxyEndpoint();
  }
  return ParseTlvs(data, length, kV2FixedSize + address_size) ? Status::kDone : Status::kMalformed;
}

bool ProxyParser::ParseTlvs(const uint8_t* header, size_t length, size_t at) {
  const uint8_t* next = header + at;
  const uint8_t* const end = header + length;
  const uint8_t* checksum = nullptr;
  ProxyTlv tlv;
  while (NextProxyTlv(&next, end, &tlv)) {
    if (tlv.type != kProxyTlvCrc32c) continue;
    if (tlv.length != 4 || checksum != nullptr) {
      Malformed("version 2 header with a bad checksum record");
      return false;
    }
    checksum = tlv.value;
  }
  if (next != end) {
    Malformed("version 2 header with a truncated record");
    return false;
  }
  if (checksum != nullptr) {
    static constexpr uint8_t kZeros[4] = {};
    uint32_t crc = Crc32c(header, static_cast<size_t>(checksum - header));
    crc = Crc32c(kZeros, sizeof(kZeros), crc);
    crc = Crc32c(checksum + 4, static_cast<size_t>(end - checksum) - 4, crc);
    if (crc != ReadU32(checksum)) {
      Malformed("version 2 header with a wrong checksum");
      return false;
    }
  }
  header_.tlvs.assign(header + at, end);
  return true;
}

ProxyParser::Status ProxyParser::Malformed(const char* reason) {
  reason_ = reason;
  return Status::kMalformed;
}

std::string EncodeProxyV1(const ProxyHeader& header) {
  const bool has_addresses =
      header.command == ProxyHeader::Command::kProxy &&
      header.transport == ProxyHeader::Transport::kStream &&
      (header.family == ProxyHeader::Family::kIPv4 || header.family == ProxyHeader::Family::kIPv6);
  if (!has_addresses) return "PROXY UNKNOWN\r\n";
  std::string line(kProxyV1Prefix);
  line += header.family == ProxyHeader::Family::kIPv4 ? "TCP4 " : "TCP6 ";
  line += FormatAddress(header.family, header.source.address) + ' ';
  line += FormatAddress(header.family, header.destination.address) + ' ';
  line += std::to_string(header.source.port) + ' ' + std::to_string(header.destination.port);
  return line + "\r\n";
}

std::string EncodeProxyV2(const ProxyHeader& header, bool with_checksum) {
  const bool is_local = header.command == ProxyHeader::Command::kLocal;
  const auto family = is_local ? ProxyHeader::Family::kUnspecified : header.family;
  const auto transport = is_local ? ProxyHeader::Transport::kUnspecified : header.transport;
  if (header.source.path.size() > kUnixPathSize || header.destination.path.size() > kUnixPathSize) {
    return std::string();
  }
  constexpr size_t kChecksumSize = kTlvHeaderSize + 4;
  const size_t block =
      V2AddressSize(family) + header.tlvs.size() + (with_checksum ? kChecksumSize : 0);
  if (block > UINT16_MAX) return std::string();

  std::string out(kProxyV2Signature);
  out.reserve(kV2FixedSize + block);
  out.push_back(static_cast<char>(0x20 | static_cast<uint8_t>(header.command)));
  out.push_back(
      static_cast<char>(static_cast<uint8_t>(family) << 4 | static_cast<uint8_t>(transport)));
  AppendU16(&out, block);

  if (family == ProxyHeader::Family::kUnix) {
    out.append(header.source.path).append(kUnixPathSize - header.source.path.size(), '\0');
    out.append(header.destination.path);
    out.append(kUnixPathSize - header.destination.path.size(), '\0');
  } else if (family != ProxyHeader::Family::kUnspecified) {
    const size_t size = family == ProxyHeader::Family::kIPv4 ? 4 : 16;
    out.append(reinterpret_cast<const char*>(header.source.address), size);
    out.append(reinterpret_cast<const char*>(header.destination.address), size);
    AppendU16(&out, header.source.port);
    AppendU16(&out, header.destination.port);
  }
  out.append(header.tlvs.begin(), header.tlvs.end());

  if (with_checksum) {
    out.push_back(static_cast<char>(kProxyTlvCrc32c));
    AppendU16(&out, 4);
    out.append(4, '\0');
    const uint32_t crc = Crc32c(reinterpret_cast<const uint8_t*>(out.data()), out.size());
    for (size_t i = 0; i < 4; ++i) {
      out[out.size() - 4 + i] = static_cast<char>(crc >> (24 - 8 * i));
    }
  }
  return out;
}

}  // namespace uvnet
