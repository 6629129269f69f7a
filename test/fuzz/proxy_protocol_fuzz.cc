// Links: native/proxy/proxy_protocol.cc native/address/address.cc
//
// Any stream, in any pieces, is judged as the whole stream at once; no byte outside of a chunk is
// read, none behind the header is taken; and a header that was understood is encoded to one that
// says the same.
//
// Input: one byte that chooses the limit and seeds the sizes of the pieces, then the stream.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../../native/proxy/proxy_protocol.h"

using uvnet::ProxyHeader;
using uvnet::ProxyParser;
using Status = ProxyParser::Status;

namespace {

void Expect(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  Status status = Status::kNeedMore;
  size_t consumed = 0;
  ProxyHeader header;
};

Outcome Run(const uint8_t* data, size_t size, size_t max_v2, unsigned seed) {
  ProxyParser parser(max_v2);
  Outcome outcome;
  size_t at = 0;
  while (at < size && outcome.status == Status::kNeedMore) {
    seed = seed * 1103515245 + 12345;
    const size_t wanted = seed % 256 == 0 ? size : 1 + (seed >> 16) % 24;
    const size_t length = std::min(wanted, size - at);
    std::unique_ptr<uint8_t[]> chunk(new uint8_t[length]);
    std::memcpy(chunk.get(), data + at, length);
    size_t consumed = 0;
    outcome.status = parser.Feed(chunk.get(), length, &consumed);
    Expect(consumed <= length);
    Expect(outcome.status != Status::kNeedMore || consumed == length);
    at += length;
    outcome.consumed += consumed;
  }
  if (outcome.status == Status::kAbsent) {
    // What was held is the beginning of the stream, unchanged.
    Expect(parser.held().size() == outcome.consumed);
    Expect(std::equal(parser.held().begin(), parser.held().end(), data));
    outcome.consumed = 0;
  }
  if (outcome.status == Status::kMalformed) {
    Expect(parser.reason()[0] != '\0');
    outcome.consumed = 0;
  }
  if (outcome.status == Status::kDone) outcome.header = parser.header();
  return outcome;
}

void ExpectSame(const ProxyHeader& a, const ProxyHeader& b) {
  Expect(a.command == b.command && a.family == b.family && a.transport == b.transport);
  Expect(std::memcmp(a.source.address, b.source.address, 16) == 0);
  Expect(std::memcmp(a.destination.address, b.destination.address, 16) == 0);
  Expect(a.source.port == b.source.port && a.destination.port == b.destination.port);
  Expect(a.source.path == b.source.path && a.destination.path == b.destination.path);
  Expect(a.tlvs == b.tlvs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const unsigned seed = data[0];
  const size_t max_v2 = seed % 4 == 0 ? 40 : 70000;
  ++data;
  --size;

  ProxyParser whole(max_v2);
  std::unique_ptr<uint8_t[]> stream(new uint8_t[size]);
  if (size > 0) std::memcpy(stream.get(), data, size);
  size_t consumed = 0;
  const Status status = whole.Feed(stream.get(), size, &consumed);
  const Outcome pieces = Run(data, size, max_v2, seed);
  Expect(pieces.status == status);
  if (status != Status::kDone) return 0;
  Expect(pieces.consumed == consumed);
  ExpectSame(pieces.header, whole.header());

  const ProxyHeader& header = whole.header();
  const std::string again =
      header.version == 1 ? uvnet::EncodeProxyV1(header) : uvnet::EncodeProxyV2(header, false);
  // Records with a checksum were right for the bytes they came with only.
  const bool had_checksum = [&] {
    const uint8_t* at = header.tlvs.data();
    const uint8_t* const end = at + header.tlvs.size();
    uvnet::ProxyTlv tlv;
    while (uvnet::NextProxyTlv(&at, end, &tlv)) {
      if (tlv.type == uvnet::kProxyTlvCrc32c) return true;
    }
    return false;
  }();
  if (had_checksum) return 0;
  const Outcome repeated =
      Run(reinterpret_cast<const uint8_t*>(again.data()), again.size(), 70000, seed);
  Expect(repeated.status == Status::kDone);
  Expect(repeated.consumed == again.size());
  ExpectSame(repeated.header, header);
  return 0;
}
