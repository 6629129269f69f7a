#include <cstring>
#include <string>

#include "address/address.h"
#include "env/arguments.h"
#include "env/modules.h"
#include "proxy/proxy_protocol.h"

namespace uvnet {

namespace {

// Reads (address, port). Returns false if the address is not an IP address.
bool ReadEndpoint(const Arguments& arguments, size_t index, int* family, ProxyEndpoint* endpoint) {
  const std::string text = arguments.String(index);
  IpAddress address;
  if (!ParseIp(text.data(), text.size(), &address)) return false;
  *family = address.family;
  std::memcpy(endpoint->address, address.bytes, sizeof address.bytes);
  endpoint->port = static_cast<uint16_t>(arguments.Int(index + 1));
  return true;
}

// (version, source, source port, destination, destination port): a Buffer. If the addresses are not
// of one family, the header marks them as unknown.
napi_value EncodeProxyHeader(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  ProxyHeader header;
  int from = 0;
  int to = 0;
  if (ReadEndpoint(arguments, 1, &from, &header.source) &&
      ReadEndpoint(arguments, 3, &to, &header.destination) && from == to) {
    header.family = from == 4 ? ProxyHeader::Family::kIPv4 : ProxyHeader::Family::kIPv6;
    header.transport = ProxyHeader::Transport::kStream;
  }
  const std::string bytes =
      arguments.Int(0) == 1 ? EncodeProxyV1(header) : EncodeProxyV2(header, false);
  napi_value result;
  return napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &result) == napi_ok
             ? result
             : nullptr;
}

}  // namespace

void InitProxyHeader(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "encodeProxyHeader", EncodeProxyHeader);
}

}  // namespace uvnet
