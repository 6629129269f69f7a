// Links: native/lean/framing.cc

#include "../../native/lean/framing.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "check.h"

using uvnet::Framer;
using uvnet::FramingOptions;
using Status = Framer::Status;

namespace {

struct Cut {
  std::vector<std::string> messages;
  Status status = Status::kOk;
  size_t pending = 0;
};

FramingOptions Length(uint8_t bytes, bool big, bool inclusive, size_t max) {
  FramingOptions options;
  options.type = FramingOptions::Type::kLength;
  options.length_bytes = bytes;
  options.big_endian = big;
  options.includes_header = inclusive;
  options.max = max;
  return options;
}

FramingOptions Delimiter(const std::string& delimiter, size_t max) {
  FramingOptions options;
  options.type = FramingOptions::Type::kDelimiter;
  options.delimiter = delimiter;
  options.max = max;
  return options;
}

FramingOptions Fixed(size_t size) {
  FramingOptions options;
  options.size = size;
  return options;
}

// Each chunk is a heap block of its exact size, so that a sanitizer sees a read beyond it.
void PushInto(Framer* framer, const std::string& bytes, Cut* cut) {
  std::unique_ptr<uint8_t[]> chunk(new uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), chunk.get());
  const Framer::Result result = framer->Push(chunk.get(), bytes.size());
  if (result.has_assembled) {
    cut->messages.emplace_back(reinterpret_cast<const char*>(result.assembled),
                               result.assembled_length);
  }
  for (size_t i = 0; i < result.range_count; ++i) {
    const Framer::Range range = result.ranges[i];
    CHECK(range.offset + range.length <= bytes.size());
    cut->messages.emplace_back(reinterpret_cast<const char*>(chunk.get()) + range.offset,
                               range.length);
  }
  cut->status = result.status;
  cut->pending = framer->pending();
}

Cut InPieces(const FramingOptions& options, const std::vector<std::string>& pieces) {
  Framer framer(options);
  Cut cut;
  for (const std::string& piece : pieces) PushInto(&framer, piece, &cut);
  return cut;
}

Cut AtOnce(const FramingOptions& options, const std::string& bytes) {
  return InPieces(options, {bytes});
}

std::vector<std::string> Split(const std::string& bytes, check::Random* random) {
  // Mostly small pieces, sometimes large ones, sometimes empty ones.
  const size_t bound = size_t{1} << random->Below(10);
  std::vector<std::string> pieces;
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min(random->Below(bound + 1), bytes.size() - at);
    pieces.push_back(bytes.substr(at, size));
    at += size;
  }
  return pieces;
}

// What the framer must do, said as simply as possible and for the whole stream at once.
Cut Reference(const FramingOptions& options, const std::string& bytes) {
  Cut cut;
  size_t at = 0;
  for (;;) {
    const std::string rest = bytes.substr(at);
    if (options.type == FramingOptions::Type::kFixed) {
      if (rest.size() < options.size) break;
      cut.messages.push_back(rest.substr(0, options.size));
      at += options.size;
    } else if (options.type == FramingOptions::Type::kDelimiter) {
      const size_t found = rest.find(options.delimiter);
      const size_t known = found != std::string::npos
                               ? found
                               : rest.size() - std::min(rest.size(), options.delimiter.size() - 1);
      if (known > options.max) {
        cut.status = Status::kTooLong;
        break;
      }
      if (found == std::string::npos) break;
      cut.messages.push_back(rest.substr(0, found));
      at += found + options.delimiter.size();
    } else {
      const size_t header = options.length_bytes;
      if (rest.size() < header) break;
      uint64_t value = 0;
      for (size_t i = 0; i < header; ++i) {
        const size_t index = options.big_endian ? i : header - 1 - i;
        value = value << 8 | static_cast<uint8_t>(rest[index]);
      }
      if (options.includes_header && value < header) {
        cut.status = Status::kBadLength;
        break;
      }
      if (options.includes_header) value -= header;
      if (value > options.max) {
        cut.status = Status::kTooLong;
        break;
      }
      if (rest.size() - header < value) break;
      cut.messages.push_back(rest.substr(header, value));
      at += header + value;
    }
  }
  // No byte is lost, not even after an error.
  cut.pending = bytes.size() - at;
  return cut;
}

void CheckSame(const Cut& actual, const Cut& expected) {
  CHECK_EQ(actual.status, expected.status);
  CHECK_EQ(actual.pending, expected.pending);
  CHECK_EQ(actual.messages.size(), expected.messages.size());
  CHECK(actual.messages == expected.messages);
}

}  // namespace

TEST(OptionsAreChecked) {
  CHECK(Length(1, true, false, 10).IsValid());
  CHECK(Length(8, true, false, 10).IsValid());
  CHECK(!Length(0, true, false, 10).IsValid());
  CHECK(!Length(9, true, false, 10).IsValid());
  CHECK(!Length(4, true, false, SIZE_MAX).IsValid());
  CHECK(Delimiter("\n", 10).IsValid());
  CHECK(Delimiter(std::string(64, 'x'), 10).IsValid());
  CHECK(!Delimiter("", 10).IsValid());
  CHECK(!Delimiter(std::string(65, 'x'), 10).IsValid());
  CHECK(Fixed(1).IsValid());
  CHECK(!Fixed(0).IsValid());
}

TEST(MessagesInOneChunkAreNotCopied) {
  Framer framer(Length(2, true, false, 100));
  const uint8_t chunk[] = {0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'd', 0};
  const Framer::Result result = framer.Push(chunk, sizeof(chunk));
  CHECK_EQ(result.status, Status::kOk);
  CHECK(!result.has_assembled);
  CHECK_EQ(result.range_count, 3u);
  CHECK_EQ(result.ranges[0].offset, 2u);
  CHECK_EQ(result.ranges[0].length, 3u);
  CHECK_EQ(result.ranges[1].offset, 7u);
  CHECK_EQ(result.ranges[1].length, 0u);
  CHECK_EQ(result.ranges[2].offset, 9u);
  CHECK_EQ(framer.pending(), 1u);
}

TEST(AMessageOverManyChunksIsAssembled) {
  Framer framer(Length(4, false, false, 100));
  const std::string bytes("\x05\0\0\0hello\x02\0\0\0yo", 15);
  Cut cut;
  for (char c : bytes) PushInto(&framer, std::string(1, c), &cut);
  CHECK_EQ(cut.messages.size(), 2u);
  CHECK_EQ(cut.messages[0], "hello");
  CHECK_EQ(cut.messages[1], "yo");
  CHECK_EQ(framer.pending(), 0u);
}

TEST(AssembledAndCutMessagesComeFromOneChunk) {
  const Cut cut = InPieces(Fixed(3), {"ab", "cdefgh", "i"});
  CHECK(cut.messages == std::vector<std::string>({"abc", "def", "ghi"}));
}

TEST(EndiannessAndInclusiveLengths) {
  CHECK_EQ(AtOnce(Length(3, true, false, 9), std::string("\0\0\1x", 4)).messages[0], "x");
  CHECK_EQ(AtOnce(Length(3, false, false, 9), std::string("\1\0\0x", 4)).messages[0], "x");
  CHECK_EQ(AtOnce(Length(2, true, true, 9), std::string("\0\3x", 3)).messages[0], "x");
  CHECK_EQ(AtOnce(Length(2, true, true, 9), std::string("\0\2", 2)).messages[0], "");
  CHECK_EQ(AtOnce(Length(2, true, true, 9), std::string("\0\1", 2)).status, Status::kBadLength);
  CHECK_EQ(AtOnce(Length(8, true, false, 9), std::string("\0\0\0\0\0\0\0\1x", 9)).messages[0], "x");
}

TEST(OverLongMessagesEndTheStream) {
  const std::string two = std::string("\1a\3bcd", 6);
  Framer framer(Length(1, true, false, 2));
  Cut cut;
  PushInto(&framer, two, &cut);
  CHECK_EQ(cut.status, Status::kTooLong);
  CHECK(cut.messages == std::vector<std::string>({"a"}));
  // Nothing is cut after the error.
  PushInto(&framer, "\1a", &cut);
  CHECK_EQ(cut.status, Status::kTooLong);
  CHECK_EQ(cut.messages.size(), 1u);
  const std::vector<uint8_t>& kept = framer.unfinished();
  CHECK(std::string(kept.begin(), kept.end()) == std::string("\3bcd\1a", 6));
}

TEST(AnAnnouncedLengthAloneCostsNoMemory) {
  Framer framer(Length(8, true, false, size_t{1} << 40));
  Cut cut;
  PushInto(&framer, std::string("\0\0\0\xff\xff\xff\xff\xff", 8), &cut);
  PushInto(&framer, "abc", &cut);
  CHECK_EQ(cut.status, Status::kOk);
  CHECK_EQ(framer.pending(), 11u);
}

TEST(TheHighestLengthsAreRefused) {
  const std::string ones(8, '\xff');
  CHECK_EQ(AtOnce(Length(8, true, false, Framer::kMaxMessage), ones).status, Status::kTooLong);
  CHECK_EQ(AtOnce(Length(8, true, true, Framer::kMaxMessage), ones).status, Status::kTooLong);
}

TEST(DelimitersAcrossChunks) {
  const FramingOptions options = Delimiter("\r\n", 10);
  CHECK(InPieces(options, {"ab\r", "\ncd\r\n"}).messages == std::vector<std::string>({"ab", "cd"}));
  CHECK(InPieces(options, {"ab\r", "\r", "\n"}).messages == std::vector<std::string>({"ab\r"}));
  CHECK(InPieces(options, {"\r", "\n\r", "\n"}).messages == std::vector<std::string>({"", ""}));
  CHECK_EQ(InPieces(options, {"ab\r", "x"}).pending, 4u);
  CHECK(InPieces(Delimiter("aab", 10), {"a", "a", "a", "b"}).messages ==
        std::vector<std::string>({"a"}));
}

TEST(TheLimitOfDelimitedMessages) {
  const FramingOptions options = Delimiter("\r\n", 3);
  CHECK_EQ(AtOnce(options, "abc\r\n").status, Status::kOk);
  CHECK_EQ(AtOnce(options, "abcd\r\n").status, Status::kTooLong);
  // The fourth byte may be the first of a delimiter, the fifth says what it was.
  CHECK_EQ(AtOnce(options, "abcd").status, Status::kOk);
  CHECK_EQ(AtOnce(options, "abcde").status, Status::kTooLong);
  CHECK_EQ(InPieces(options, {"abc\r", "\n"}).messages.size(), 1u);
  CHECK_EQ(InPieces(options, {"abcd", "\r\n"}).status, Status::kTooLong);
}

TEST(RandomStreamsInRandomPiecesMatchTheReference) {
  for (uint64_t seed = 1; seed <= 20000; ++seed) {
    check::Random random(seed);
    FramingOptions options;
    std::string bytes;
    const size_t messages = random.Below(12);
    switch (random.Below(3)) {
      case 0: {
        options = Length(static_cast<uint8_t>(1 + random.Below(8)), random.Below(2) == 0,
                         random.Below(2) == 0, 1 + random.Below(300));
        for (size_t i = 0; i < messages; ++i) {
          // One in a while too long, or with an inclusive length that is too small.
          const size_t body = random.Below(options.max + (random.Below(8) == 0 ? 20 : 0));
          uint64_t value = body + (options.includes_header ? options.length_bytes : 0);
          if (random.Below(40) == 0) value = random.Below(9);
          std::string header(options.length_bytes, '\0');
          for (size_t byte = 0; byte < header.size(); ++byte) {
            const size_t index = options.big_endian ? header.size() - 1 - byte : byte;
            header[index] = static_cast<char>(value >> (8 * byte));
          }
          bytes += header + std::string(body, static_cast<char>('a' + i));
        }
        break;
      }
      case 1: {
        // Two letters only: delimiters and their beginnings are everywhere.
        std::string delimiter;
        const size_t width = 1 + random.Below(4);
        for (size_t i = 0; i < width; ++i) delimiter += random.Below(3) == 0 ? 'b' : 'a';
        options = Delimiter(delimiter, random.Below(40));
        const size_t size = random.Below(400);
        for (size_t i = 0; i < size; ++i) bytes += random.Below(3) == 0 ? 'b' : 'a';
        break;
      }
      default:
        options = Fixed(1 + random.Below(100));
        bytes = std::string(random.Below(2000), 'x');
        for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
        break;
    }
    const Cut expected = Reference(options, bytes);
    CheckSame(AtOnce(options, bytes), expected);
    CheckSame(InPieces(options, Split(bytes, &random)), expected);
    if (check::Failures() > 0) {
      std::fprintf(stderr, "seed %" PRIu64 "\n", seed);
      return;
    }
  }
}

int main() { return check::RunTests(); }
