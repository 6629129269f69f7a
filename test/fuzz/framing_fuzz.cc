// Links: native/lean/framing.cc
//
// Any stream, cut into any pieces, gives the same messages, the same status and the same pending
// bytes as the whole stream at once; and no byte outside of a chunk is read (chunks are heap blocks
// of their exact size).
//
// Input: five bytes of options, then for each piece one byte of size and the bytes themselves.

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../../native/lean/framing.h"

using uvnet::Framer;
using uvnet::FramingOptions;

namespace {

struct Cut {
  std::vector<std::string> messages;
  Framer::Status status = Framer::Status::kOk;
  size_t pending = 0;
};

void Expect(bool condition) {
  if (!condition) std::abort();
}

FramingOptions ReadOptions(const uint8_t* data) {
  FramingOptions options;
  options.max = data[1];
  switch (data[0] % 3) {
    case 0:
      options.type = FramingOptions::Type::kLength;
      options.length_bytes = static_cast<uint8_t>(1 + data[2] % 8);
      options.big_endian = (data[2] & 16) != 0;
      options.includes_header = (data[2] & 32) != 0;
      break;
    case 1:
      options.type = FramingOptions::Type::kDelimiter;
      options.delimiter.assign(reinterpret_cast<const char*>(data + 2), 1 + data[0] / 3 % 3);
      break;
    default:
      options.type = FramingOptions::Type::kFixed;
      options.size = 1 + data[2];
      break;
  }
  return options;
}

void Push(Framer* framer, const std::string& bytes, Cut* cut) {
  std::unique_ptr<uint8_t[]> chunk(new uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), chunk.get());
  const bool failed = cut->status != Framer::Status::kOk;
  const Framer::Result result = framer->Push(chunk.get(), bytes.size());
  Expect(!failed ||
         (result.status == cut->status && !result.has_assembled && result.range_count == 0));
  if (result.has_assembled) {
    cut->messages.emplace_back(reinterpret_cast<const char*>(result.assembled),
                               result.assembled_length);
  }
  size_t end = 0;
  for (size_t i = 0; i < result.range_count; ++i) {
    const Framer::Range range = result.ranges[i];
    Expect(range.offset >= end);
    end = range.offset + range.length;
    Expect(end <= bytes.size());
    cut->messages.emplace_back(reinterpret_cast<const char*>(chunk.get()) + range.offset,
                               range.length);
  }
  cut->status = result.status;
  cut->pending = framer->pending();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 5) return 0;
  const FramingOptions options = ReadOptions(data);
  Expect(options.IsValid());

  Framer in_pieces(options);
  Cut pieces;
  std::string stream;
  for (size_t at = 5; at < size;) {
    const size_t length = std::min<size_t>(data[at], size - at - 1);
    const std::string piece(reinterpret_cast<const char*>(data + at + 1), length);
    Push(&in_pieces, piece, &pieces);
    stream += piece;
    at += 1 + length;
  }

  Framer at_once(options);
  Cut whole;
  Push(&at_once, stream, &whole);
  Expect(whole.messages == pieces.messages);
  Expect(whole.status == pieces.status);
  Expect(whole.pending == pieces.pending);
  Expect(at_once.unfinished() == in_pieces.unfinished());
  // As a string, like the stream: bytes and chars do not compare as equal from 0x80 on.
  const std::string rest(at_once.unfinished().begin(), at_once.unfinished().end());
  Expect(stream.size() >= whole.pending && rest == stream.substr(stream.size() - whole.pending));
  return 0;
}
