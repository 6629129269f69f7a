// Links:

#include "../../native/listen/token_bucket.h"

#include <limits>

#include "check.h"

using uvnet::TokenBucket;

namespace {

constexpr uint64_t kSecond = 1000000000;

unsigned TakeAll(TokenBucket* bucket, uint64_t now) {
  unsigned taken = 0;
  while (taken < 100000 && bucket->Take(now)) ++taken;
  return taken;
}

}  // namespace

TEST(ABurstAndThenTheRate) {
  TokenBucket bucket(10, 5);
  const uint64_t start = 7 * kSecond;
  CHECK_EQ(TakeAll(&bucket, start), 5u);
  CHECK_EQ(TakeAll(&bucket, start), 0u);
  CHECK_EQ(TakeAll(&bucket, start + kSecond / 10 - 1), 0u);
  CHECK_EQ(TakeAll(&bucket, start + kSecond / 10), 1u);
  CHECK_EQ(TakeAll(&bucket, start + kSecond / 2), 4u);
}

TEST(ARestFillsTheBucketAndNoMore) {
  TokenBucket bucket(1000, 20);
  CHECK_EQ(TakeAll(&bucket, kSecond), 20u);
  CHECK_EQ(TakeAll(&bucket, 100 * kSecond), 20u);
  CHECK_EQ(TakeAll(&bucket, 100 * kSecond), 0u);
}

TEST(ItBeginsFullEvenWhereTheClockIsAtZero) {
  TokenBucket bucket(1, 3);
  CHECK_EQ(TakeAll(&bucket, 0), 3u);
}

TEST(FractionsOfARate) {
  TokenBucket bucket(0.5, 1);
  CHECK(bucket.Take(kSecond));
  CHECK(!bucket.Take(2 * kSecond));
  CHECK(bucket.Take(3 * kSecond));
}

TEST(TheLongRunAverageIsTheRate) {
  for (const double rate : {0.7, 3.0, 1000.0, 70000.0}) {
    TokenBucket bucket(rate, 10);
    check::Random random(static_cast<uint64_t>(rate * 10));
    uint64_t now = kSecond;
    unsigned taken = TakeAll(&bucket, now);
    const uint64_t seconds = 10 + static_cast<uint64_t>(2000 / rate);
    // Asked for often enough that the bucket is never full.
    const uint64_t step = static_cast<uint64_t>(4e9 / rate);
    while (now < (1 + seconds) * kSecond) {
      now += 1 + random.Below(step);
      taken += TakeAll(&bucket, now);
    }
    const double expected = 10 + rate * (static_cast<double>(now - kSecond) / kSecond);
    CHECK(taken <= expected * 1.001 + 1);
    CHECK(taken >= expected * 0.999 - 2);
  }
}

TEST(ExtremesDoNotOverflow) {
  TokenBucket slow(1e-12, UINT32_MAX);
  CHECK(slow.Take(kSecond));
  CHECK(slow.Take(kSecond));
  CHECK(!slow.Take(kSecond));
  TokenBucket fast(1e12, UINT32_MAX);
  CHECK_EQ(TakeAll(&fast, kSecond), 100000u);
}

TEST(ANewRateKeepsWhatWasUsed) {
  TokenBucket bucket(10, 10);
  CHECK_EQ(TakeAll(&bucket, kSecond), 10u);
  bucket.Configure(1000, 10, kSecond);
  CHECK_EQ(TakeAll(&bucket, kSecond), 0u);
  CHECK_EQ(TakeAll(&bucket, kSecond + kSecond / 1000), 1u);
  CHECK_EQ(TakeAll(&bucket, 3 * kSecond), 10u);
  CHECK_EQ(TakeAll(&bucket, 3 * kSecond + kSecond / 1000), 1u);
}

TEST(ARateThatIsRaisedHoldsAtOnce) {
  // Thirty years for a token, of which one was taken.
  TokenBucket bucket(1e-9, 1);
  CHECK_EQ(TakeAll(&bucket, kSecond), 1u);
  bucket.Configure(100, 1, kSecond);
  CHECK_EQ(TakeAll(&bucket, kSecond), 0u);
  CHECK_EQ(TakeAll(&bucket, kSecond + kSecond / 100), 1u);
}

TEST(WhatIsNoRateLetsNobodyIn) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const double rates[] = {nan, -infinity, -1, -0.0, 0, 5e-324, 1e-305, 1e-300};
  for (const double rate : rates) {
    for (const uint32_t burst : {0u, 1u}) {
      TokenBucket bucket(rate, burst);
      // The bucket begins full.
      CHECK_EQ(TakeAll(&bucket, kSecond), 1u);
      CHECK_EQ(TakeAll(&bucket, 3600 * kSecond), 0u);
      bucket.Configure(10, 1, 3600 * kSecond);
      bucket.Configure(rate, burst, 3600 * kSecond);
      CHECK_EQ(TakeAll(&bucket, 7200 * kSecond), 0u);
    }
  }
}

TEST(ARateIsNeverMoreThanWasAskedFor) {
  TokenBucket bucket(0.7e9, 1);
  unsigned taken = 0;
  for (uint64_t now = kSecond; now < kSecond + 1000; ++now) taken += bucket.Take(now);
  CHECK(taken <= 701);
}

int main() { return check::RunTests(); }
