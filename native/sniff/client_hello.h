#ifndef UVNET_CLIENT_HELLO_H_
#define UVNET_CLIENT_HELLO_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace uvnet {

// What the first message of a TLS client says, as far as it helps to choose a server.
struct ClientHello {
  // RFC 6066, 3: in lower case, without a dot at its end; empty where the client names no host. A
  // hello that is encrypted (ECH) names the public host of its outer message.
  std::string server_name;
  // RFC 7301: in the client's order, without the values of GREASE (RFC 8701).
  std::vector<std::string> alpn_protocols;
  // As on the wire, SSL 3.0 (0x0300) to TLS 1.3 (0x0304), in the client's order; others are left
  // out. A client without the extension (RFC 8446, 4.2.1) says only the highest one that it speaks.
  std::vector<uint16_t> versions;
};

enum class HelloStatus : uint8_t { kNeedMore, kDone, kMalformed };

// Reads the ClientHello at the beginning of a stream, of which `data` is all that has arrived. It
// may be spread over several records (RFC 8446, 5.1). What follows it is not looked at.
//
// kNeedMore: `*wanted` is the number of bytes, from the beginning, below which no more can be said.
// A hello that cannot end within `limit` bytes is kMalformed as soon as that is clear.
HelloStatus ReadClientHello(const uint8_t* data, size_t size, size_t limit, ClientHello* hello,
                            size_t* wanted);

}  // namespace uvnet

#endif  // UVNET_CLIENT_HELLO_H_
