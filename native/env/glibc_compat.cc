#include <cstdlib>  // defines __GLIBC__

#if defined(__GLIBC__)

// What the statically linked C++ runtime takes from newer versions of glibc than those on which the
// addon must load. Its objects are ready-made, so that glibc_compat.h does not reach them. As both
// are hidden, nothing else uses these definitions.
extern "C" {

// A variable of glibc 2.32, by which the runtime finds out whether it can avoid atomic operations.
// The value "no" is correct for Node in any case, because it has a thread pool.
char __libc_single_threaded = 0;  // NOLINT(bugprone-reserved-identifier)

// A function of glibc 2.38, to which its headers redirect strtoul(): it also knows the binary
// numbers of C23. The runtime reads the size of its memory for emergencies by it, since GCC 13. The
// label keeps the headers from redirecting this call as well, to the function that makes it.
unsigned long StrtoulOfAllVersions(const char* text, char** end, int base) noexcept
    __asm__("strtoul");

// NOLINTNEXTLINE(bugprone-reserved-identifier)
unsigned long __isoc23_strtoul(const char* text, char** end, int base) noexcept {
  return StrtoulOfAllVersions(text, end, base);
}

}  // extern "C"

#endif
