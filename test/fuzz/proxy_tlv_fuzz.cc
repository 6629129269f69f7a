// Links: native/proxy/proxy_protocol.cc native/address/address.cc
//
// Any bytes are taken for the records of a version 2 header exactly where a slow model can split
// them; the records are the model's. A header with a checksum is understood as it was encoded, and
// refused after any change of a byte.
//
// Input: the place of the byte to change and how, then the records.

#include "../../native/proxy/proxy_protocol.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

using uvnet::ProxyHeader;
using uvnet::ProxyParser;
using uvnet::ProxyTlv;
using Status = ProxyParser::Status;

namespace {

void Expect(bool condition) {
  if (!condition) std::abort();
}

struct Record {
  uint8_t type;
  std::string value;
};

// Records off the front of `bytes`; what is left is no record.
std::vector<Record> Split(std::string* bytes) {
  std::vector<Record> records;
  while (bytes->size() >= 3) {
    const size_t length = static_cast<size_t>(static_cast<uint8_t>((*bytes)[1])) * 256 +
                          static_cast<uint8_t>((*bytes)[2]);
    if (bytes->size() < 3 + length) break;
    records.push_back({static_cast<uint8_t>((*bytes)[0]), bytes->substr(3, length)});
    bytes->erase(0, 3 + length);
  }
  return records;
}

Status Parse(const std::string& bytes, ProxyHeader* header) {
  std::unique_ptr<uint8_t[]> exact(new uint8_t[bytes.size()]);
  std::memcpy(exact.get(), bytes.data(), bytes.size());
  ProxyParser parser(70000);
  size_t consumed = 0;
  const Status status = parser.Feed(exact.get(), bytes.size(), &consumed);
  if (status == Status::kDone) {
    Expect(consumed == bytes.size());
    *header = parser.header();
  }
  return status;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const size_t place = data[0] * 256u + data[1];
  const uint8_t change = data[2];
  const std::string bytes(reinterpret_cast<const char*>(data + 3), size - 3);

  std::unique_ptr<uint8_t[]> exact(new uint8_t[bytes.size()]);
  if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
  std::string rest = bytes;
  const std::vector<Record> records = Split(&rest);
  const uint8_t* at = exact.get();
  const uint8_t* const end = at + bytes.size();
  bool has_checksum = false;
  for (const Record& record : records) {
    ProxyTlv tlv;
    Expect(uvnet::NextProxyTlv(&at, end, &tlv));
    Expect(tlv.type == record.type);
    Expect(std::string(reinterpret_cast<const char*>(tlv.value), tlv.length) == record.value);
    has_checksum = has_checksum || record.type == uvnet::kProxyTlvCrc32c;
  }
  ProxyTlv none;
  Expect(!uvnet::NextProxyTlv(&at, end, &none));
  Expect(static_cast<size_t>(end - at) == rest.size());

  ProxyHeader header;
  header.family = ProxyHeader::Family::kIPv4;
  header.transport = ProxyHeader::Transport::kStream;
  header.tlvs.assign(bytes.begin(), bytes.end());
  ProxyHeader understood;
  const std::string plain = uvnet::EncodeProxyV2(header, false);
  if (plain.empty()) return 0;
  const Status status = Parse(plain, &understood);
  if (!rest.empty()) Expect(status == Status::kMalformed);
  if (rest.empty() && !has_checksum) {
    Expect(status == Status::kDone && understood.tlvs == header.tlvs);
  }

  std::string checked = uvnet::EncodeProxyV2(header, true);
  // Behind an incomplete record the checksum's own record cannot be found.
  if (checked.empty() || !rest.empty() || has_checksum) return 0;
  Expect(Parse(checked, &understood) == Status::kDone);
  Expect(understood.tlvs.size() == header.tlvs.size() + 7);
  // The addresses and ports: what a record says of itself may make a header of another kind.
  constexpr size_t kAddresses = 16;
  checked[kAddresses + place % 12] = static_cast<char>(checked[kAddresses + place % 12] ^ change);
  Expect(Parse(checked, &understood) == (change == 0 ? Status::kDone : Status::kMalformed));
  return 0;
}
