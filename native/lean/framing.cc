#include "lean/framing.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace uvnet {

namespace {

// Larger memory is freed when its message has been used. Smaller memory is kept.
constexpr size_t kKeepCapacity = 4096;

}  // namespace

bool FramingOptions::IsValid() const {
  switch (type) {
    case Type::kLength: return length_bytes >= 1 && length_bytes <= 8 && max <= Framer::kMaxMessage;
    case Type::kDelimiter:
      return !delimiter.empty() && delimiter.size() <= Framer::kMaxDelimiter &&
             max <= Framer::kMaxMessage;
    case Type::kFixed: return size >= 1 && size <= Framer::kMaxMessage;
  }
  return false;
}

Framer::Framer(FramingOptions options)
    : options_(std::move(options)),
      header_bytes_(options_.type == FramingOptions::Type::kLength ? options_.length_bytes : 0) {}

Framer::Result Framer::Push(const uint8_t* chunk, size_t length) {
  Release();
  if (length > 0) {
    const bool delimited = options_.type == FramingOptions::Type::kDelimiter;
    size_t at = 0;
    if (status_ == Status::kOk && !carry_.empty()) {
      at = delimited ? CompleteDelimited(chunk, length) : CompleteSized(chunk, length);
    }
    if (status_ == Status::kOk && at < length) {
      at = delimited ? CutDelimited(chunk, length, at) : CutSized(chunk, length, at);
    }
    if (at < length) {
      carry_.insert(carry_.end(), chunk + at, chunk + length);
    }
  }

  Result result;
  result.status = status_;
  result.has_assembled = has_assembled_;
  if (has_assembled_) {
    result.assembled = assembled_.data() + header_bytes_;
    result.assembled_length = assembled_.size() - header_bytes_;
  }
  result.ranges = ranges_.data();
  result.range_count = ranges_.size();
  return result;
}

void Framer::Release() {
  has_assembled_ = false;
  ranges_.clear();
  assembled_.clear();
  if (ranges_.capacity() * sizeof(Range) > kKeepCapacity) ranges_.shrink_to_fit();
  if (assembled_.capacity() > kKeepCapacity) assembled_.shrink_to_fit();
}

Framer::Status Framer::ReadSize(const uint8_t* data, size_t* size) const {
  if (options_.type == FramingOptions::Type::kFixed) {
    *size = options_.size;
    return Status::kOk;
  }
  uint64_t value = 0;
  if (options_.big_endian) {
    for (size_t i = 0; i < header_bytes_; ++i) value = value << 8 | data[i];
  } else {
    for (size_t i = header_bytes_; i > 0; --i) value = value << 8 | data[i - 1];
  }
  if (options_.includes_header) {
    if (value < header_bytes_) return Status::kBadLength;
    value -= header_bytes_;
  }
  if (value > options_.max) return Status::kTooLong;
  *size = static_cast<size_t>(value) + header_bytes_;
  return Status::kOk;
}

size_t Framer::CompleteSized(const uint8_t* chunk, size_t length) {
  size_t at = 0;
  if (carry_.size() < header_bytes_) {
    at = std::min(header_bytes_ - carry_.size(), length);
    carry_.insert(carry_.end(), chunk, chunk + at);
    if (carry_.size() < header_bytes_) return at;
  }
  size_t size = 0;
  status_ = ReadSize(carry_.data(), &size);
  if (status_ != Status::kOk) return at;

  const size_t take = std::min(size - carry_.size(), length - at);
  if (carry_.size() + take > carry_.capacity()) {
    // The size is known, so doubling need not exceed it.
    carry_.reserve(std::min(size, std::max(carry_.size() + take, 2 * carry_.capacity())));
  }
  carry_.insert(carry_.end(), chunk + at, chunk + at + take);
  if (carry_.size() == size) FinishCarry();
  return at + take;
}

size_t Framer::CutSized(const uint8_t* chunk, size_t length, size_t at) {
  while (length - at >= header_bytes_ && at < length) {
    size_t size = 0;
    status_ = ReadSize(chunk + at, &size);
    if (status_ != Status::kOk || length - at < size) break;
    ranges_.push_back({at + header_bytes_, size - header_bytes_});
    at += size;
  }
  return at;
}

size_t Framer::CompleteDelimited(const uint8_t* chunk, size_t length) {
  const size_t overlap = options_.delimiter.size() - 1;

  // A delimiter that started in the carry comes before any in the chunk. The search uses a window
  // with the bytes on both sides of the boundary.
  uint8_t window[2 * kMaxDelimiter];
  const size_t before = std::min(overlap, carry_.size());
  const size_t after = std::min(overlap, length);
  std::copy(carry_.end() - static_cast<ptrdiff_t>(before), carry_.end(), window);
  std::copy(chunk, chunk + after, window + before);
  const uint8_t* found = FindDelimiter(window, before + after);
  if (found != nullptr && found < window + before) {
    const size_t kept = static_cast<size_t>(found - window);
    const size_t size = carry_.size() - before + kept;
    if (size > options_.max) {
      status_ = Status::kTooLong;
      return 0;
    }
    carry_.resize(size);
    FinishCarry();
    return kept + overlap + 1 - before;
  }

  found = FindDelimiter(chunk, length);
  const size_t take = found != nullptr ? static_cast<size_t>(found - chunk) : length;
  // Without a delimiter, the last bytes may be the beginning of one.
  const size_t allowed = found != nullptr ? options_.max : options_.max + overlap;
  if (carry_.size() + take > allowed) {
    status_ = Status::kTooLong;
    return 0;
  }
  carry_.insert(carry_.end(), chunk, chunk + take);
  if (found == nullptr) return length;
  FinishCarry();
  return take + overlap + 1;
}

size_t Framer::CutDelimited(const uint8_t* chunk, size_t length, size_t at) {
  const size_t delimiter_bytes = options_.delimiter.size();
  while (at < length) {
    const uint8_t* found = FindDelimiter(chunk + at, length - at);
    if (found == nullptr) {
      if (length - at > options_.max + delimiter_bytes - 1) status_ = Status::kTooLong;
      break;
    }
    const size_t size = static_cast<size_t>(found - (chunk + at));
    if (size > options_.max) {
      status_ = Status::kTooLong;
      break;
    }
    ranges_.push_back({at, size});
    at += size + delimiter_bytes;
  }
  return at;
}

// Searches the last byte with memchr and then compares backwards. For text and delimiters of one to
// four bytes, this is faster than memmem. kMaxDelimiter bounds the worst case.
const uint8_t* Framer::FindDelimiter(const uint8_t* data, size_t length) const {
  const std::string& delimiter = options_.delimiter;
  const size_t before = delimiter.size() - 1;
  if (length <= before) return nullptr;
  const uint8_t last = static_cast<uint8_t>(delimiter[before]);
  const uint8_t* const end = data + length;
  for (const uint8_t* at = data + before; at < end; ++at) {
    at = static_cast<const uint8_t*>(std::memchr(at, last, static_cast<size_t>(end - at)));
    if (at == nullptr) return nullptr;
    if (before == 0 || std::memcmp(at - before, delimiter.data(), before) == 0) return at - before;
  }
  return nullptr;
}

void Framer::FinishCarry() {
  assembled_.swap(carry_);
  carry_.clear();
  has_assembled_ = true;
}

}  // namespace uvnet
