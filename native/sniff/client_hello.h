#ifndef UVNET_CLIENT_HELLO_H_
#define UVNET_CLIENT_HELLO_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace uvnet {

// The contents of the first message of a TLS client, as far as they help to choose a server.
struct ClientHello {
  // RFC 6066, 3: in lower case, without a trailing dot; empty if the client names no host. An
  // encrypted hello (ECH) has the public host name of its outer message.
  std::string server_name;
  // RFC 7301: in the client's order, without the values of GREASE (RFC 8701).
  std::vector<std::string> alpn_protocols;
  // The versions as on the wire, from SSL 3.0 (0x0300) to TLS 1.3 (0x0304), in the client's order,
  // without others. A client without the extension (RFC 8446, 4.2.1) sends only its highest
  // version.
  std::vector<uint16_t> versions;
};

enum class HelloStatus : uint8_t { kNeedMore, kDone, kMalformed };

// Reads the ClientHello at the beginning of a stream. `data` has all bytes that have arrived. The
// message may be spread over several records (RFC 8446, 5.1). The bytes after it are ignored.
//
// kNeedMore: `*wanted` is the number of bytes, from the beginning, that are needed to decide more.
// A hello that cannot end within `limit` bytes is kMalformed as soon as that is clear.
HelloStatus ReadClientHello(const uint8_t* data, size_t size, size_t limit, ClientHello* hello,
                            size_t* wanted);

}  // namespace uvnet

#endif  // UVNET_CLIENT_HELLO_H_
