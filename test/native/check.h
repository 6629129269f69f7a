// A few assertions for the native unit tests, so that they need no test framework.
//
// Each test is a program of its own: functions declared with TEST run one after the other from
// RunTests(), a failed CHECK prints where and what and makes the exit code 1. The first comment of
// a test names the sources that it links with ("Links: native/a.cc native/b.cc"), which is what the
// runner reads.

#ifndef UVNET_TEST_NATIVE_CHECK_H_
#define UVNET_TEST_NATIVE_CHECK_H_

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*run)();
};

inline std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

inline int& Failures() {
  static int failures = 0;
  return failures;
}

struct Registration {
  Registration(const char* name, void (*run)()) { Tests().push_back({name, run}); }
};

inline void Fail(const char* file, int line, const std::string& message) {
  ++Failures();
  std::fprintf(stderr, "%s:%d: %s\n", file, line, message.c_str());
}

// Bytes print as numbers, not as characters.
template <typename T>
std::string Show(const T& value) {
  std::ostringstream out;
  if constexpr (sizeof(T) == 1 && std::is_integral_v<T>) {
    out << static_cast<int>(value);
  } else if constexpr (std::is_enum_v<T>) {
    out << static_cast<long long>(value);
  } else {
    out << value;
  }
  return out.str();
}

template <typename A, typename B>
void Equal(const A& actual, const B& expected, const char* text, const char* file, int line) {
  if (actual == expected) return;
  Fail(file, line, std::string(text) + ": got " + Show(actual) + ", expected " + Show(expected));
}

// Deterministic pseudo-random numbers (xorshift64*): a failing seed can be run again.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}

  uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Du;
  }

  // A number in [0, bound).
  size_t Below(size_t bound) { return static_cast<size_t>((Next() >> 11) % bound); }

 private:
  uint64_t state_;
};

inline int RunTests() {
  for (const Test& test : Tests()) {
    const int before = Failures();
    test.run();
    std::printf("%s %s\n", Failures() == before ? "ok  " : "FAIL", test.name);
  }
  std::printf("%zu tests, %d failed checks\n", Tests().size(), Failures());
  return Failures() == 0 ? 0 : 1;
}

}  // namespace check

#define TEST(name)                                                   \
  static void name();                                                \
  static const check::Registration registration_##name(#name, name); \
  static void name()

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) check::Fail(__FILE__, __LINE__, "not true: " #condition); \
  } while (0)

#define CHECK_EQ(actual, expected) check::Equal((actual), (expected), #actual, __FILE__, __LINE__)

#endif  // UVNET_TEST_NATIVE_CHECK_H_
