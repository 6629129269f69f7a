#ifndef UVNET_PROXY_PROTOCOL_H_
#define UVNET_PROXY_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace uvnet {

// How headers of the two versions begin.
constexpr std::string_view kProxyV1Prefix("PROXY ", 6);
constexpr std::string_view kProxyV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);

// One side of the connection that a PROXY header describes.
struct ProxyEndpoint {
  // In network byte order. An IPv4 address uses the first four bytes.
  uint8_t address[16] = {};
  uint16_t port = 0;
  // Family kUnix. An abstract name begins with a zero byte.
  std::string path;
};

// The contents of a PROXY header. Section numbers refer to HAProxy's proxy-protocol.txt.
struct ProxyHeader {
  enum class Command : uint8_t {
    kLocal,  // from the balancer itself, such as a health check: the addresses of the connection
             // apply
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
  // Version 2: the unparsed type-length-value records, which are known to be well-formed.
  std::vector<uint8_t> tlvs;
};

struct ProxyTlv {
  uint8_t type;
  const uint8_t* value;
  size_t length;
};

constexpr uint8_t kProxyTlvCrc32c = 0x03;

// Takes one record from the front of [*at, end) and moves `*at` past it. Returns false if no
// complete record is left.
bool NextProxyTlv(const uint8_t** at, const uint8_t* end, ProxyTlv* tlv);

// Reads the header at the start of a stream that arrives in arbitrary chunks. The first byte
// distinguishes versions 1 and 2.
//
// The parser never consumes bytes after the header. After any status but kNeedMore, it is finished.
class ProxyParser {
 public:
  enum class Status : uint8_t {
    kNeedMore,
    kDone,
    // The stream does not start with a PROXY header. All of it belongs to the application.
    kAbsent,
    kMalformed,
  };

  // Section 2.1: the longest possible line of version 1.
  static constexpr size_t kMaxV1 = 107;
  // A version 2 header may announce 64 KiB. Headers of load balancers have less than 1 KiB, or a
  // few KiB with a client certificate. The limit is the amount of memory that an unidentified peer
  // can make us hold.
  static constexpr size_t kDefaultMaxV2 = 16 * 1024;

  explicit ProxyParser(size_t max_v2 = kDefaultMaxV2) : max_v2_(max_v2) {}

  // Sets `*consumed` to the number of bytes of the chunk that belong to the header.
  Status Feed(const uint8_t* chunk, size_t length, size_t* consumed);

  // After kDone.
  ProxyHeader& header() { return header_; }

  // After kMalformed: a short description of the error.
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

// Returns the version 1 line for `header`. Cases that version 1 cannot express (Unix sockets,
// datagrams) are sent as UNKNOWN, as section 2.1 requires.
std::string EncodeProxyV1(const ProxyHeader& header);

// Returns the version 2 header, with `header.tlvs` and, if requested, a checksum after them. It is
// empty if the header cannot be encoded: a path of more than 108 bytes, or a total of 64 KiB or
// more.
std::string EncodeProxyV2(const ProxyHeader& header, bool with_checksum);

// CRC-32C (Castagnoli) as in RFC 4960, appendix B. `crc` continues a previous call.
uint32_t Crc32c(const uint8_t* data, size_t length, uint32_t crc = 0);

}  // namespace uvnet

#endif  // UVNET_PROXY_PROTOCOL_H_
