// Links: native/env/glibc_compat.cc

#include "check.h"

// What the statically linked C++ runtime of a new compiler takes from a new glibc.
#if defined(__GLIBC__)

extern "C" {
extern char __libc_single_threaded;  // NOLINT(bugprone-reserved-identifier)
// NOLINTNEXTLINE(bugprone-reserved-identifier)
unsigned long __isoc23_strtoul(const char* text, char** end, int base) noexcept;
}

TEST(ReadsNumbersInEachBase) {
  CHECK_EQ(__isoc23_strtoul("1234", nullptr, 10), 1234ul);
  CHECK_EQ(__isoc23_strtoul("0x1f", nullptr, 0), 31ul);
  CHECK_EQ(__isoc23_strtoul("017", nullptr, 0), 15ul);
}

TEST(SaysWhereTheNumberEnds) {
  const char* text = "65536:rest";
  char* end = nullptr;
  CHECK_EQ(__isoc23_strtoul(text, &end, 0), 65536ul);
  CHECK_EQ(end - text, 5);
}

TEST(ReadsNoBinaryNumbersAsTheOldestGlibcDoes) {
  // The newer one reads a binary number.
  CHECK_EQ(__isoc23_strtoul("0b11", nullptr, 0), 0ul);
}

TEST(TheRuntimeExpectsThreads) { CHECK_EQ(static_cast<int>(__libc_single_threaded), 0); }

#else

// The runner expects a test of each program.
TEST(ThisSystemHasNoSuchRuntime) {}

#endif

int main() { return check::RunTests(); }
