#ifndef UVNET_PROXY_PROTOCOL_H_
#define UVNET_PROXY_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace uvnet {

// One side of the connection that a PROXY header describes.
struct ProxyEndpoint {
  // Network byte order; an IPv4 address is the first four bytes.
  uint8_t address[16] = {};
  uint16_t port = 0;
  // Family kUnix. An abstract name begins with a zero byte.
  std::string path;
};

// What a PROXY header says. Section numbers are those of HAProxy's proxy-protocol.txt.
struct ProxyHeader {
  enum class Command : uint8_t {
    kLocal,  // from the balancer itself, a health check: the connection's own addresses are right
    kProxy,
  };
  enum class Family : uint8_t { kUnspecified, kIPv4, kIPv6, kUnix };
  enum class Transport : uint8_t { kUnspecified, kStream, kDatagram };

  uint8_t version = 2;
  Command command = Command::kProxy;
  // kUnspecified: the header has no addresses.
  Family family = Family::kUnspecified;
  Transport transport = Transport::kUnspecified;
  ProxyEndpoint source;
  ProxyEndpoint destination;
  // Version 2: the type-length-value records as they came, known to be well-formed.
  std::vector<uint8_t> tlvs;
};

struct ProxyTlv {
  uint8_t type;
  const uint8_t* value;
  size_t length;
};

constexpr uint8_t kProxyTlvCrc32c = 0x03;

// Takes one record from the front of [*at, end) and moves `*at` behind it. False where no complete
// record is left.
bool NextProxyTlv(const uint8_t** at, const uint8_t* end, ProxyTlv* tlv);

// Reads the header in front of a stream that arrives in arbitrary chunks; versions 1 and 2 are told
// apart by their first byte.
//
// Bytes behind the header are never taken. A parser that has answered anything but kNeedMore is
// finished.
class ProxyParser {
 public:
  enum class Status : uint8_t {
    kNeedMore,
    kDone,
    // The stream does not begin with a PROXY header: all of it belongs to the application.
    kAbsent,
    kMalformed,
  };

  // Section 2.1: a version 1 line that has no end here never will have.
  static constexpr size_t kMaxV1 = 107;
  // A version 2 header may announce 64 KiB. What balancers send is below 1 KiB, or a few KiB with a
  // client certificate; the limit is what a peer can make us hold before it has said who it is.
  static constexpr size_t kDefaultMaxV2 = 16 * 1024;

  explicit ProxyParser(size_t max_v2 = kDefaultMaxV2) : max_v2_(max_v2) {}

  // `*consumed` says how many bytes of the chunk belong to the header.
  Status Feed(const uint8_t* chunk, size_t length, size_t* consumed);

  // After kDone.
  ProxyHeader& header() { return header_; }

  // After kMalformed: what is wrong, in a few words.
  const char* reason() const { return reason_; }

  // After kAbsent: bytes of earlier chunks that looked like the beginning of a header.
  const std::vector<uint8_t>& held() const { return held_; }

  // Nothing has been received yet.
  bool untouched() const { return held_.empty(); }

 private:
  // `*used` is the length of the header on kDone.
  Status Parse(const uint8_t* data, size_t length, size_t* used);
  Status ParseV1(const uint8_t* data, size_t length, size_t* used);
  Status ParseV2(const uint8_t* data, size_t length, size_t* used);
  Status ParseV2Block(const uint8_t* data, size_t length);
  bool ParseTlvs(const uint8_t* header, size_t length, size_t at);
  Status Malformed(const char* reason);

  const size_t max_v2_;
  const char* reason_ = "";
  std::vector<uint8_t> held_;
  ProxyHeader header_;
};

// The version 1 line for `header`. What version 1 cannot say (unix sockets, datagrams) is sent as
// UNKNOWN, as section 2.1 asks.
std::string EncodeProxyV1(const ProxyHeader& header);

// The version 2 header, with `header.tlvs` and, if asked for, a checksum behind them. Empty where
// it cannot be said: a path of more than 108 bytes, or 64 KiB or more in all.
std::string EncodeProxyV2(const ProxyHeader& header, bool with_checksum);

// CRC-32C (Castagnoli) as in RFC 4960, appendix B; `crc` continues a previous call.
uint32_t Crc32c(const uint8_t* data, size_t length, uint32_t crc = 0);

}  // namespace uvnet

#endif  // UVNET_PROXY_PROTOCOL_H_
