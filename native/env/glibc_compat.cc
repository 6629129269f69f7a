#include <cstdlib>  // defines __GLIBC__

#if defined(__GLIBC__)

// The statically linked C++ runtime reads this variable of glibc 2.32 to find out whether it can
// avoid atomic operations. A definition here keeps the addon loadable on older systems. The value
// "no" is correct for Node in any case, because it has a thread pool.
extern "C" {
char __libc_single_threaded = 0;  // NOLINT(bugprone-reserved-identifier)
}

#endif
