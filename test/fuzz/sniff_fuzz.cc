// Links: native/sniff/protocol.cc native/sniff/client_hello.cc
//
// Any stream is judged the same in whatever pieces it arrives: each beginning of it is undecided or
// judged as the whole, and asks for no more bytes than the decision takes. No byte outside of what
// has arrived is read, and a server name is a name.
//
// Input: one byte that seeds the sizes of the pieces, then the stream. A seed whose lowest bit is
// set has the rest wrapped as the one record of a message, so that mutations need not find lengths.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "../../native/sniff/protocol.h"

using uvnet::Protocol;
using uvnet::Sniffed;

namespace {

void Expect(bool condition) {
  if (!condition) std::abort();
}

bool Look(const uint8_t* data, size_t size, Sniffed* sniffed, size_t* wanted) {
  std::unique_ptr<uint8_t[]> copy(new uint8_t[size]);
  if (size > 0) std::memcpy(copy.get(), data, size);
  return uvnet::Sniff(copy.get(), size, sniffed, wanted);
}

void ExpectSame(const Sniffed& a, const Sniffed& b) {
  Expect(a.protocol == b.protocol);
  Expect(a.hello.server_name == b.hello.server_name);
  Expect(a.hello.alpn_protocols == b.hello.alpn_protocols);
  Expect(a.hello.versions == b.hello.versions);
}

void ExpectSound(const Sniffed& sniffed) {
  const uvnet::ClientHello& hello = sniffed.hello;
  if (sniffed.protocol != Protocol::kTls) {
    Expect(hello.server_name.empty() && hello.alpn_protocols.empty() && hello.versions.empty());
  }
  Expect(hello.server_name.size() <= 253);
  for (char c : hello.server_name) {
    Expect((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
  }
  for (const std::string& name : hello.alpn_protocols) Expect(!name.empty() && name.size() < 256);
  for (uint16_t version : hello.versions) Expect(version >= 0x0300 && version <= 0x0304);
}

std::vector<uint8_t> Wrapped(const uint8_t* data, size_t size) {
  size = std::min<size_t>(size, 16000);
  const size_t record = size + 4;
  std::vector<uint8_t> out = {22,
                              3,
                              1,
                              static_cast<uint8_t>(record >> 8),
                              static_cast<uint8_t>(record),
                              1,
                              0,
                              static_cast<uint8_t>(size >> 8),
                              static_cast<uint8_t>(size)};
  out.insert(out.end(), data, data + size);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  unsigned seed = data[0];
  const std::vector<uint8_t> stream =
      seed % 2 == 1 ? Wrapped(data + 1, size - 1) : std::vector<uint8_t>(data + 1, data + size);

  Sniffed whole;
  size_t wanted = 0;
  const bool decided = Look(stream.data(), stream.size(), &whole, &wanted);
  Expect(decided || (wanted > stream.size() && wanted <= uvnet::kMaxSniffed));
  if (decided) ExpectSound(whole);

  size_t needed = 0;
  size_t at = 0;
  while (true) {
    Sniffed part;
    size_t next = 0;
    if (Look(stream.data(), at, &part, &next)) {
      Expect(decided && at >= needed);
      ExpectSame(part, whole);
      break;
    }
    Expect(next > at && next >= needed);
    needed = next;
    if (at == stream.size()) {
      Expect(!decided);
      break;
    }
    seed = seed * 1103515245 + 12345;
    at += std::min<size_t>(1 + (seed >> 16) % 48, stream.size() - at);
  }
  return 0;
}
