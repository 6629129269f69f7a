#ifndef UVNET_GLIBC_COMPAT_H_
#define UVNET_GLIBC_COMPAT_H_

// Included before every file of a Linux build (binding.gyp). In glibc 2.34, libpthread became part
// of libc, and some functions got a newer version without a change. This header binds them to the
// oldest version, so that a binary built on a new system loads on an old one. scripts/prebuild.mjs
// fails if a binary needs more than glibc 2.28, and its message shows which function to add here.

#if defined(__linux__) && defined(__cplusplus)
#include <cstdlib>  // defines __GLIBC__
#endif

#if defined(__GLIBC__)

#if defined(__x86_64__)
#define UVNET_GLIBC_BASE "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define UVNET_GLIBC_BASE "GLIBC_2.17"
#elif defined(__arm__)
#define UVNET_GLIBC_BASE "GLIBC_2.4"
#endif

#if defined(UVNET_GLIBC_BASE)
#define UVNET_BIND_OLD(name) __asm__(".symver " #name "," #name "@" UVNET_GLIBC_BASE)
UVNET_BIND_OLD(pthread_rwlock_rdlock);
UVNET_BIND_OLD(pthread_rwlock_wrlock);
UVNET_BIND_OLD(pthread_rwlock_unlock);
#undef UVNET_BIND_OLD
#undef UVNET_GLIBC_BASE
#endif

#endif  // __GLIBC__

#endif  // UVNET_GLIBC_COMPAT_H_
