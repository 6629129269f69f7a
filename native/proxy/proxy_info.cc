#include "proxy/proxy_info.h"

#include <string>

#include "address/address.h"

namespace uvnet {

namespace {

// Appends to an array, and records whether all calls succeeded.
class ArrayBuilder {
 public:
  explicit ArrayBuilder(napi_env env) : env_(env) {
    ok_ = napi_create_array(env, &array_) == napi_ok;
  }

  void Int(int value) {
    napi_value item = nullptr;
    const napi_status status = napi_create_int32(env_, value, &item);
    Add(status, item);
  }
  void Text(const std::string& text) {
    napi_value item = nullptr;
    const napi_status status = napi_create_string_utf8(env_, text.data(), text.size(), &item);
    Add(status, item);
  }
  // A buffer is expensive, and headers of most balancers have no records. So the empty one is
  // undefined.
  void Bytes(const std::vector<uint8_t>& bytes) {
    napi_value item = nullptr;
    const napi_status status =
        bytes.empty() ? napi_get_undefined(env_, &item)
                      : napi_create_buffer_copy(env_, bytes.size(), bytes.data(), nullptr, &item);
    Add(status, item);
  }

  napi_value Finish() const { return ok_ ? array_ : nullptr; }

 private:
  void Add(napi_status created, napi_value item) {
    ok_ = ok_ && created == napi_ok && napi_set_element(env_, array_, size_++, item) == napi_ok;
  }

  napi_env env_;
  napi_value array_ = nullptr;
  uint32_t size_ = 0;
  bool ok_;
};

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
