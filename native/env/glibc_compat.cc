#include <cstdlib>  // defines __GLIBC__

#if defined(__GLIBC__)

// The C++ runtime, which is linked in, asks this variable of glibc 2.32 whether atomic operations
// can be saved. A definition of our own keeps the addon loadable on older systems; "no" is what
// the answer is in Node anyway, which has a thread pool.
extern "C" {
char __libc_single_threaded = 0;  // NOLINT(bugprone-reserved-identifier)
}

#endif
