#include <exception>  // defines __GLIBCXX__

#if defined(__GLIBCXX__)

#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>
#include <typeinfo>

// The statically linked C++ runtime calls this where an exception ends the process. Nothing of
// uvnet throws, but the runtime does, for memory that cannot be had. Its own function prints the
// type as the source has it, and the code for that makes the binary 45 kB larger.
namespace __gnu_cxx {  // NOLINT(bugprone-reserved-identifier)

void __verbose_terminate_handler() {  // NOLINT(bugprone-reserved-identifier)
  std::fputs("uvnet: a C++ exception ends the process", stderr);
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type != nullptr) {
    std::fputs(": ", stderr);
    std::fputs(type->name(), stderr);
  }
  std::fputs("\n", stderr);
  std::abort();
}

}  // namespace __gnu_cxx

#endif
