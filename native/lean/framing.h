#ifndef UVNET_FRAMING_H_
#define UVNET_FRAMING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace uvnet {

// How a byte stream is cut into messages. Headers and delimiters are not part of a message.
struct FramingOptions {
  enum class Type : uint8_t {
    kLength,     // a length of `length_bytes` bytes, then the message
    kDelimiter,  // the message, then `delimiter`
    kFixed,      // messages of `size` bytes
  };

  Type type = Type::kFixed;

  // kLength: width of the length field, 1 to 8.
  uint8_t length_bytes = 4;
  bool big_endian = true;
  // kLength: the length counts its own bytes too.
  bool includes_header = false;

  // kDelimiter: 1 to Framer::kMaxDelimiter bytes.
  std::string delimiter;

  // kFixed: at least 1.
  size_t size = 0;

  // kLength and kDelimiter: the longest message allowed, in bytes; at most Framer::kMaxMessage.
  size_t max = 0;

  bool IsValid() const;
};

// Cuts a stream that arrives in arbitrary chunks into messages.
//
//   1. Push() is given a chunk and finds every message that ends in it. Messages that lie in the
//      chunk are ranges of it and are not copied. At most one, the first, began in an earlier
//      chunk: it has been put together in memory of the framer.
//   2. What is reported is valid until the next Push() or Release(); ranges as long as the chunk.
//   3. After an error the framer is finished: the messages before it are still reported, further
//      calls report the same error and nothing else. Bytes that are in no message are kept then,
//      too.
//   4. Memory is bounded by what was received of the unfinished message (twice that, at most),
//      never by a length that the peer only announces.
//   5. Every byte is searched once, and copied at most once per growth of that memory.
class Framer {
 public:
  static constexpr size_t kMaxDelimiter = 64;
  // Leaves room for a header or a delimiter: sums of sizes below cannot overflow.
  static constexpr size_t kMaxMessage = SIZE_MAX / 4;

  enum class Status : uint8_t {
    kOk,
    kTooLong,    // a message is longer than `max`
    kBadLength,  // a length that includes its own field is smaller than the field
  };

  struct Range {
    size_t offset;
    size_t length;
  };

  struct Result {
    Status status = Status::kOk;
    // The message that began in an earlier chunk. It comes before those in `ranges`.
    bool has_assembled = false;
    const uint8_t* assembled = nullptr;
    size_t assembled_length = 0;
    // The other messages, in order, as ranges of the chunk.
    const Range* ranges = nullptr;
    size_t range_count = 0;
  };

  // `options` must be valid.
  explicit Framer(FramingOptions options);

  Result Push(const uint8_t* chunk, size_t length);

  // The last result has been used. Large memory of it is freed, so that one large message does not
  // leave an idle connection with a large buffer.
  void Release();

  // Bytes held of an unfinished message, with header or part of a delimiter: when this is not zero
  // at the end of the stream, the peer stopped within a message.
  size_t pending() const { return carry_.size(); }
  const std::vector<uint8_t>& unfinished() const { return carry_; }

  const FramingOptions& options() const { return options_; }
  size_t header_bytes() const { return header_bytes_; }

 private:
  // Size of the whole message at `data`, header included, from its first `header_bytes_` bytes.
  Status ReadSize(const uint8_t* data, size_t* size) const;

  // Both take what the chunk has of the message in `carry_`, and return how many bytes that is.
  size_t CompleteSized(const uint8_t* chunk, size_t length);
  size_t CompleteDelimited(const uint8_t* chunk, size_t length);

  // Both cut what lies in the chunk from `at` on, and return where the unfinished rest begins.
  size_t CutSized(const uint8_t* chunk, size_t length, size_t at);
  size_t CutDelimited(const uint8_t* chunk, size_t length, size_t at);

  // The first delimiter in `data`, or null.
  const uint8_t* FindDelimiter(const uint8_t* data, size_t length) const;

  // The message in `carry_` is complete.
  void FinishCarry();

  const FramingOptions options_;
  const size_t header_bytes_;
  Status status_ = Status::kOk;
  bool has_assembled_ = false;
  std::vector<Range> ranges_;
  std::vector<uint8_t> carry_;      // the unfinished message; all that follows the error
  std::vector<uint8_t> assembled_;  // the one that was reported last
};

}  // namespace uvnet

#endif  // UVNET_FRAMING_H_
