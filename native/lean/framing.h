#ifndef UVNET_FRAMING_H_
#define UVNET_FRAMING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace uvnet {

// How a byte stream is split into messages. Headers and delimiters are not part of a message.
struct FramingOptions {
  enum class Type : uint8_t {
    kLength,     // a length of `length_bytes` bytes, then the message
    kDelimiter,  // the message, then `delimiter`
    kFixed,      // messages of `size` bytes
  };

  Type type = Type::kFixed;

  // kLength: size of the length field, 1 to 8.
  uint8_t length_bytes = 4;
  bool big_endian = true;
  // kLength: the length includes its own bytes.
  bool includes_header = false;

  // kDelimiter: 1 to Framer::kMaxDelimiter bytes.
  std::string delimiter;

  // kFixed: at least 1.
  size_t size = 0;

  // kLength and kDelimiter: the longest message allowed, in bytes; at most Framer::kMaxMessage.
  size_t max = 0;

  bool IsValid() const;
};

// Splits a stream that arrives in arbitrary chunks into messages.
//
// 1. Push() gets a chunk and finds every message that ends in it. Messages inside the chunk are
//    ranges of it and are not copied. Only the first message can have started in an earlier chunk.
//    The framer assembles it in its own memory.
// 2. The results are valid until the next Push() or Release(); ranges are valid as long as the
//    chunk.
// 3. After an error, the framer is finished. It still reports the messages before the error.
//    Further calls only report the same error. Bytes that belong to no message are still kept.
// 4. Memory is bounded by the received part of the unfinished message (at most twice its size), not
//    by a length that the peer announces.
// 5. Every byte is searched once, and copied at most once per growth of that memory.
class Framer {
 public:
  static constexpr size_t kMaxDelimiter = 64;
  // Leaves room for a header or a delimiter, so that sums of sizes cannot overflow.
  static constexpr size_t kMaxMessage = SIZE_MAX / 4;

  enum class Status : uint8_t {
    kOk,
    kTooLong,    // a message is longer than `max`
    kBadLength,  // a length that includes its own field is smaller than that field
  };

  struct Range {
    size_t offset;
    size_t length;
  };

  struct Result {
    Status status = Status::kOk;
    // The message that started in an earlier chunk. It comes before those in `ranges`.
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

  // Called when the last result has been used. It frees large memory, so that an idle connection
  // does not keep a large buffer because of one large message.
  void Release();

  // Number of bytes held of an unfinished message, including its header or part of a delimiter. If
  // it is not zero at the end of the stream, the peer stopped in the middle of a message.
  size_t pending() const { return carry_.size(); }
  const std::vector<uint8_t>& unfinished() const { return carry_; }

  const FramingOptions& options() const { return options_; }
  size_t header_bytes() const { return header_bytes_; }

 private:
  // Reads the size of the whole message at `data`, including the header, from its first
  // `header_bytes_` bytes.
  Status ReadSize(const uint8_t* data, size_t* size) const;

  // Both add bytes of the chunk to the message in `carry_`, and return how many.
  size_t CompleteSized(const uint8_t* chunk, size_t length);
  size_t CompleteDelimited(const uint8_t* chunk, size_t length);

  // Both split the chunk from `at` on, and return where the unfinished rest starts.
  size_t CutSized(const uint8_t* chunk, size_t length, size_t at);
  size_t CutDelimited(const uint8_t* chunk, size_t length, size_t at);

  // Returns the first delimiter in `data`, or null.
  const uint8_t* FindDelimiter(const uint8_t* data, size_t length) const;

  // The message in `carry_` is complete.
  void FinishCarry();

  const FramingOptions options_;
  const size_t header_bytes_;
  Status status_ = Status::kOk;
  bool has_assembled_ = false;
  std::vector<Range> ranges_;
  std::vector<uint8_t> carry_;      // the unfinished message; after an error, all remaining bytes
  std::vector<uint8_t> assembled_;  // the message that was reported last
};

}  // namespace uvnet

#endif  // UVNET_FRAMING_H_
