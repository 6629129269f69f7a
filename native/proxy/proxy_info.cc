#include "proxy/proxy_info.h"

#include <string>

#include "address/address.h"
#include "env/array_builder.h"

namespace uvnet {

namespace {

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

}  // namespace

napi_value ProxyInfo(napi_env env, const ProxyHeader* header, const std::vector<uint8_t>& head) {
  ProxyHeader none;
  none.version = 0;
  const ProxyHeader& from = header != nullptr ? *header : none;
  ArrayBuilder array(env);
  array.Int(from.version);
  array.Int(static_cast<int>(from.command));
  array.Int(FamilyNumber(from.family));
  array.Int(static_cast<int>(from.transport));
  array.Text(AddressText(from.family, from.source));
  array.Int(from.source.port);
  array.Text(AddressText(from.family, from.destination));
  array.Int(from.destination.port);
  array.Bytes(from.tlvs);
  array.Bytes(head);
  return array.Finish();
}

}  // namespace uvnet
