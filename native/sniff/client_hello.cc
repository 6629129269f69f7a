#include "sniff/client_hello.h"

#include <algorithm>

namespace uvnet {

namespace {

constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kClientHelloMessage = 1;
constexpr size_t kRecordHeaderSize = 5;
constexpr size_t kMessageHeaderSize = 4;
// The largest fragment of an unencrypted record (RFC 8446, 5.1).
constexpr size_t kMaxFragment = 1 << 14;
constexpr size_t kRandomSize = 32;
constexpr size_t kMaxSessionId = 32;
constexpr size_t kMaxHostName = 253;

constexpr uint16_t kSsl30 = 0x0300;
constexpr uint16_t kTls12 = 0x0303;
constexpr uint16_t kTls13 = 0x0304;

constexpr uint16_t kServerNameExtension = 0;
constexpr uint16_t kAlpnExtension = 16;
constexpr uint16_t kSupportedVersionsExtension = 43;
constexpr uint8_t kHostNameType = 0;

// Takes fields from the front of some bytes. If fewer bytes are left than the field needs, each
// method returns false and its result is not valid.
class Fields {
 public:
  Fields() = default;
  Fields(const uint8_t* data, size_t size) : at_(data), left_(size) {}

  bool Number(size_t width, size_t* value) {
    if (left_ < width) return false;
    *value = 0;
    for (size_t i = 0; i < width; ++i) *value = *value << 8 | at_[i];
    return Skip(width);
  }

  // Takes a vector (RFC 8446, 3.4): its length in `width` bytes, and then its contents.
  bool Vector(size_t width, Fields* vector) {
    size_t size;
    if (!Number(width, &size) || left_ < size) return false;
    *vector = Fields(at_, size);
    return Skip(size);
  }

  bool Skip(size_t count) {
    if (left_ < count) return false;
    at_ += count;
    left_ -= count;
    return true;
  }

  const uint8_t* data() const { return at_; }
  size_t size() const { return left_; }
  bool empty() const { return left_ == 0; }

 private:
  const uint8_t* at_ = nullptr;
  size_t left_ = 0;
};

bool IsHostNameByte(uint8_t byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

// Programs compare and look up these names. So invalid names are rejected, and equal names have the
// same form.
bool ReadHostName(const Fields& bytes, std::string* name) {
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() > 1 && text.back() == '.') text.pop_back();
  if (text.empty() || text.size() > kMaxHostName) return false;
  char before = '.';
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool is_fine = c == '.' ? before != '.' : IsHostNameByte(static_cast<uint8_t>(c));
    if (!is_fine) return false;
    before = c;
  }
  if (before == '.') return false;
  *name = std::move(text);
  return true;
}

// RFC 6066, 3: there is at most one name of each type. Only host names are defined.
bool ReadServerName(Fields extension, ClientHello* hello) {
  Fields list;
  if (!extension.Vector(2, &list) || !extension.empty() || list.empty()) return false;
  while (!list.empty()) {
    size_t type;
    Fields name;
    if (!list.Number(1, &type) || !list.Vector(2, &name)) return false;
    if (type != kHostNameType) continue;
    if (!hello->server_name.empty() || !ReadHostName(name, &hello->server_name)) return false;
  }
  return true;
}

// RFC 8701, 2: protocol names of two equal bytes that end in 0xA.
bool IsGrease(const Fields& name) {
  return name.size() == 2 && name.data()[0] == name.data()[1] && (name.data()[0] & 0xF) == 0xA;
}

bool ReadAlpn(Fields extension, ClientHello* hello) {
  Fields list;
  if (!extension.Vector(2, &list) || !extension.empty() || list.empty()) return false;
  while (!list.empty()) {
    Fields name;
    if (!list.Vector(1, &name) || name.empty()) return false;
    if (IsGrease(name)) continue;
    hello->alpn_protocols.emplace_back(reinterpret_cast<const char*>(name.data()), name.size());
  }
  return true;
}

bool ReadSupportedVersions(Fields extension, ClientHello* hello) {
  Fields list;
  if (!extension.Vector(1, &list) || !extension.empty() || list.empty()) return false;
  while (!list.empty()) {
    size_t version;
    if (!list.Number(2, &version)) return false;
    if (version < kSsl30 || version > kTls13) continue;
    hello->versions.push_back(static_cast<uint16_t>(version));
  }
  return true;
}

// RFC 8446, 4.2: no extension may occur twice. For extensions that are not read here, the TLS
// server checks this.
bool ReadExtensions(Fields list, size_t legacy_version, ClientHello* hello) {
  bool has_name = false;
  bool has_alpn = false;
  bool has_versions = false;
  while (!list.empty()) {
    size_t type;
    Fields extension;
    if (!list.Number(2, &type) || !list.Vector(2, &extension)) return false;
    bool* has = nullptr;
    bool (*read)(Fields, ClientHello*) = nullptr;
    switch (type) {
      case kServerNameExtension: has = &has_name, read = ReadServerName; break;
      case kAlpnExtension: has = &has_alpn, read = ReadAlpn; break;
      case kSupportedVersionsExtension: has = &has_versions, read = ReadSupportedVersions; break;
      default: continue;
    }
    if (*has || !read(extension, hello)) return false;
    *has = true;
  }
  // Without the extension, the client supports nothing newer than TLS 1.2, whatever the field
  // contains.
  if (!has_versions) {
    hello->versions.push_back(std::min(static_cast<uint16_t>(legacy_version), kTls12));
  }
  return true;
}

// RFC 8446, 4.1.2; in RFC 5246, 7.4.1.2, the extensions are optional.
bool ReadMessage(Fields message, ClientHello* hello) {
  size_t version;
  if (!message.Number(2, &version) || version >> 8 != 3) return false;
  if (!message.Skip(kRandomSize)) return false;
  Fields session_id;
  Fields ciphers;
  Fields compressions;
  if (!message.Vector(1, &session_id) || session_id.size() > kMaxSessionId) return false;
  if (!message.Vector(2, &ciphers) || ciphers.empty() || ciphers.size() % 2 != 0) return false;
  if (!message.Vector(1, &compressions) || compressions.empty()) return false;
  Fields extensions;
  if (!message.empty() && (!message.Vector(2, &extensions) || !message.empty())) return false;
  return ReadExtensions(extensions, version, hello);
}

}  // namespace

HelloStatus ReadClientHello(const uint8_t* data, size_t size, size_t limit, ClientHello* hello,
                            size_t* wanted) {
  // The message without the record headers, and its total length, which is at least that of its
  // header.
  std::vector<uint8_t> message;
  size_t total = kMessageHeaderSize;
  size_t at = 0;
  while (message.size() < total) {
    // The version of a record is ignored, except for distinguishing TLS from other protocols.
    if (size > at && data[at] != kHandshakeRecord) return HelloStatus::kMalformed;
    if (size > at + 1 && data[at + 1] != 3) return HelloStatus::kMalformed;
    if (at + kRecordHeaderSize > limit) return HelloStatus::kMalformed;
    *wanted = size + 1;
    if (size < at + kRecordHeaderSize) return HelloStatus::kNeedMore;
    const size_t fragment = static_cast<size_t>(data[at + 3] << 8 | data[at + 4]);
    if (fragment == 0 || fragment > kMaxFragment) return HelloStatus::kMalformed;
    at += kRecordHeaderSize;

    const size_t arrived = std::min(fragment, size - at);
    message.insert(message.end(), data + at, data + at + arrived);
    if (!message.empty() && message[0] != kClientHelloMessage) return HelloStatus::kMalformed;
    if (message.size() >= kMessageHeaderSize) {
      total =
          kMessageHeaderSize + static_cast<size_t>(message[1] << 16 | message[2] << 8 | message[3]);
    }
    if (message.size() >= total) break;
    // The missing bytes are in this record and, if it is too short, in later ones.
    const size_t missing = total - message.size();
    if (missing > limit - std::min(limit, at + arrived)) return HelloStatus::kMalformed;
    if (arrived < fragment) {
      // Each byte of the message header may show that this is not a ClientHello.
      const bool has_header = message.size() >= kMessageHeaderSize;
      *wanted = size + (has_header ? std::min(missing, fragment - arrived) : 1);
      return HelloStatus::kNeedMore;
    }
    at += fragment;
  }
  const bool is_hello =
      ReadMessage(Fields(message.data() + kMessageHeaderSize, total - kMessageHeaderSize), hello);
  return is_hello ? HelloStatus::kDone : HelloStatus::kMalformed;
}

}  // namespace uvnet
