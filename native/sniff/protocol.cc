#include "sniff/protocol.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "proxy/proxy_protocol.h"

namespace uvnet {

namespace {

enum class Match : uint8_t { kNo, kYes, kMaybe };

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kSsh2 = "SSH-2.0-";
// SSH-1.99 means version 2 that also supports version 1.
constexpr std::string_view kSsh1 = "SSH-1.";
constexpr std::string_view kHttp1Version = "HTTP/1.";

Match StartsWith(std::string_view text, std::string_view beginning) {
  const size_t common = std::min(text.size(), beginning.size());
  if (text.compare(0, common, beginning, 0, common) != 0) return Match::kNo;
  return common == beginning.size() ? Match::kYes : Match::kMaybe;
}

// RFC 9110, 5.6.2.
bool IsTokenByte(unsigned char byte) {
  if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
      (byte >= 'a' && byte <= 'z')) {
    return true;
  }
  return byte != 0 && std::strchr("!#$%&'*+-.^_`|~", byte) != nullptr;
}

bool IsTargetByte(unsigned char byte) { return byte > ' ' && byte != 0x7F; }

// A method, a target and a version, separated by one space (RFC 9112, 3). Other line-based
// protocols, such as SMTP, have commands that look like a method, but have no version at the end.
// Empty lines before it are allowed (2.2).
Match IsRequestLine(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && (text[at] == '\r' || text[at] == '\n')) ++at;
  for (const auto is_part : {IsTokenByte, IsTargetByte}) {
    const size_t start = at;
    while (at < text.size() && is_part(static_cast<unsigned char>(text[at]))) ++at;
    if (at == text.size()) return Match::kMaybe;
    if (at == start || text[at] != ' ') return Match::kNo;
    ++at;
  }
  const std::string_view version = text.substr(at);
  const Match match = StartsWith(version, kHttp1Version);
  if (match != Match::kYes) return match;
  if (version.size() == kHttp1Version.size()) return Match::kMaybe;
  const char minor = version[kHttp1Version.size()];
  return minor >= '0' && minor <= '9' ? Match::kYes : Match::kNo;
}

struct Shape {
  Protocol protocol;
  std::string_view beginning;
};

constexpr Shape kShapes[] = {
    {Protocol::kProxy, kProxyV1Prefix},
    {Protocol::kProxy, kProxyV2Signature},
    {Protocol::kHttp2, kHttp2Preface},
    {Protocol::kSsh, kSsh2},
    {Protocol::kSsh, kSsh1},
};

}  // namespace

bool Sniff(const uint8_t* data, size_t size, Sniffed* sniffed, size_t* wanted) {
  *sniffed = Sniffed();
  *wanted = 1;
  if (size == 0) return false;
  const bool is_full = size >= kMaxSniffed;
  size = std::min(size, kMaxSniffed);

  if (data[0] == 0x16) {
    const HelloStatus status = ReadClientHello(data, size, kMaxSniffed, &sniffed->hello, wanted);
    if (status == HelloStatus::kNeedMore) return false;
    if (status == HelloStatus::kDone) sniffed->protocol = Protocol::kTls;
    if (status == HelloStatus::kMalformed) sniffed->hello = ClientHello();
    return true;
  }

  const std::string_view text(reinterpret_cast<const char*>(data), size);
  *wanted = size + 1;
  // The request line comes last, because more specific patterns take precedence.
  for (const Shape& shape : kShapes) {
    const Match match = StartsWith(text, shape.beginning);
    if (match == Match::kMaybe) return false;
    if (match == Match::kYes) sniffed->protocol = shape.protocol;
    if (match == Match::kYes) return true;
  }
  const Match match = IsRequestLine(text);
  if (match == Match::kMaybe) return is_full;
  if (match == Match::kYes) sniffed->protocol = Protocol::kHttp1;
  return true;
}

}  // namespace uvnet
