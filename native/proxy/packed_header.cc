#include "proxy/packed_header.h"

#include <string>

#include "address/address.h"

namespace uvnet {

namespace {

constexpr size_t kFixedSize = 14;

int FamilyNumber(ProxyHeader::Family family) {
  switch (family) {
    case ProxyHeader::Family::kIPv4: return 4;
    case ProxyHeader::Family::kIPv6: return 6;
    case ProxyHeader::Family::kUnix: return 1;
    case ProxyHeader::Family::kUnspecified: break;
  }
  return 0;
}

std::string AddressText(ProxyHeader::Family family, const ProxyEndpoint& endpoint) {
  char text[kAddressTextSize];
  switch (family) {
    case ProxyHeader::Family::kIPv4: return std::string(text, FormatIpv4(endpoint.address, text));
    case ProxyHeader::Family::kIPv6: return std::string(text, FormatIpv6(endpoint.address, text));
    case ProxyHeader::Family::kUnix: return endpoint.path;
    case ProxyHeader::Family::kUnspecified: break;
  }
  return std::string();
}

void AppendByte(std::string* out, int value) { out->push_back(static_cast<char>(value)); }

// No length exceeds that of a header, which announces itself in 16 bits.
void AppendU16(std::string* out, size_t value) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value & 0xFF));
}

}  // namespace

napi_value PackedHeader(napi_env env, const ProxyHeader* header, const std::vector<uint8_t>& head) {
  ProxyHeader none;
  none.version = 0;
  const ProxyHeader& from = header != nullptr ? *header : none;
  const std::string source = AddressText(from.family, from.source);
  const std::string destination = AddressText(from.family, from.destination);
  std::string packed;
  packed.reserve(kFixedSize + source.size() + destination.size() + from.tlvs.size() + head.size());
  AppendByte(&packed, from.version);
  AppendByte(&packed, static_cast<int>(from.command));
  AppendByte(&packed, FamilyNumber(from.family));
  AppendByte(&packed, static_cast<int>(from.transport));
  AppendU16(&packed, from.source.port);
  AppendU16(&packed, from.destination.port);
  AppendU16(&packed, source.size());
  AppendU16(&packed, destination.size());
  AppendU16(&packed, from.tlvs.size());
  packed += source;
  packed += destination;
  packed.append(from.tlvs.begin(), from.tlvs.end());
  packed.append(head.begin(), head.end());
  napi_value result;
  return napi_create_string_latin1(env, packed.data(), packed.size(), &result) == napi_ok ? result
                                                                                          : nullptr;
}

}  // namespace uvnet
