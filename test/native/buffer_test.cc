// Splitting what is too much for one buffer or one request of libuv.
//
// Links:

#include "../../native/memory/buffer.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "check.h"

using uvnet::AppendBuffers;
using uvnet::CountForOneRequest;
using uvnet::kMaxWrite;

namespace {

// Never read or written.
char* const kData = reinterpret_cast<char*>(uintptr_t{1} << 30);

std::vector<uv_buf_t> Split(size_t size) {
  std::vector<uv_buf_t> buffers;
  AppendBuffers(&buffers, kData, size);
  return buffers;
}

std::vector<size_t> Requests(const std::vector<uv_buf_t>& buffers) {
  std::vector<size_t> counts;
  for (size_t at = 0; at < buffers.size(); at += counts.back()) {
    counts.push_back(CountForOneRequest(&buffers[at], buffers.size() - at));
  }
  return counts;
}

}  // namespace

TEST(OneBufferHasUpToTheLargestSizeThatFitsAnIntAnd32Bits) {
  static_assert(kMaxWrite <= static_cast<size_t>(std::numeric_limits<int>::max()));
  static_assert(kMaxWrite <= std::numeric_limits<uint32_t>::max());
  for (const size_t size : {size_t{0}, size_t{1}, kMaxWrite}) {
    const std::vector<uv_buf_t> buffers = Split(size);
    CHECK_EQ(buffers.size(), 1U);
    CHECK(buffers[0].base == kData);
    CHECK_EQ(size_t{buffers[0].len}, size);
  }
}

TEST(MoreBytesBecomeSeveralBuffersWithoutAGap) {
  for (const size_t size :
       {kMaxWrite + 1, 2 * kMaxWrite, (size_t{1} << 32) + 5, 7 * kMaxWrite + 3}) {
    size_t end = 0;
    for (const uv_buf_t& buffer : Split(size)) {
      CHECK(buffer.base == kData + end);
      CHECK(buffer.len > 0 && buffer.len <= kMaxWrite);
      end += buffer.len;
    }
    CHECK_EQ(end, size);
  }
}

TEST(BuffersAreAddedBehindThoseThatAreThere) {
  std::vector<uv_buf_t> buffers = Split(1);
  AppendBuffers(&buffers, kData + 1, kMaxWrite + 1);
  CHECK_EQ(buffers.size(), 3U);
  CHECK_EQ(size_t{buffers[0].len}, 1U);
  CHECK(buffers[1].base == kData + 1);
  CHECK_EQ(size_t{buffers[2].len}, 1U);
}

TEST(ARequestTakesBuffersUpToTheLargestSize) {
  CHECK(Requests(Split(0)) == std::vector<size_t>({1}));
  CHECK(Requests(Split(kMaxWrite)) == std::vector<size_t>({1}));
  CHECK(Requests(Split(3 * kMaxWrite + 1)) == std::vector<size_t>({1, 1, 1, 1}));

  std::vector<uv_buf_t> small(5, Split(10)[0]);
  CHECK(Requests(small) == std::vector<size_t>({5}));

  // Exactly full, and the empty ones behind go along.
  std::vector<uv_buf_t> full = Split(kMaxWrite - 10);
  AppendBuffers(&full, kData, 10);
  AppendBuffers(&full, kData, 0);
  CHECK(Requests(full) == std::vector<size_t>({3}));
  AppendBuffers(&full, kData, 1);
  CHECK(Requests(full) == std::vector<size_t>({3, 1}));
}

int main() { return check::RunTests(); }
