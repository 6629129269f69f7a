// The rows of socket_options.def with the numbers of this platform.

#include "options/kernel_numbers.h"
#include "options/socket_options.h"

namespace uvnet {

namespace {

using KernelOption = SocketOption::KernelOption;

constexpr KernelOption At(int level, int name) { return {level, name, level, name, false}; }
constexpr KernelOption ByFamily(int level, int name, int level_ipv6, int name_ipv6) {
  return {level, name, level_ipv6, name_ipv6, false};
}
constexpr KernelOption InSeconds(int level, int name) { return {level, name, level, name, true}; }

#define AT(level, name) At(level, name)
#define BY_FAMILY(level, name, level_ipv6, name_ipv6) ByFamily(level, name, level_ipv6, name_ipv6)
#define IN_SECONDS(level, name) InSeconds(level, name)
#define NOWHERE KernelOption()

// Only the column of this platform is expanded, because constants of other platforms may not exist.
#if defined(__linux__)
#define UVNET_PLATFORM_PLACE(on_linux, on_darwin, on_windows) on_linux
#elif defined(__APPLE__)
#define UVNET_PLATFORM_PLACE(on_linux, on_darwin, on_windows) on_darwin
#elif defined(_WIN32)
#define UVNET_PLATFORM_PLACE(on_linux, on_darwin, on_windows) on_windows
#else
#define UVNET_PLATFORM_PLACE(on_linux, on_darwin, on_windows) NOWHERE
#endif

#define UVNET_SOCKET_OPTION(name, kind, minimum, maximum, stage, server, domain, on_linux, \
                            on_darwin, on_windows, text)                                   \
  {#name,                                                                                  \
   OptionKind::k##kind,                                                                    \
   minimum,                                                                                \
   maximum,                                                                                \
   OptionStage::k##stage,                                                                  \
   OptionServer::k##server,                                                                \
   OptionDomain::k##domain,                                                                \
   UVNET_PLATFORM_PLACE(on_linux, on_darwin, on_windows)},
#define UVNET_DSCP(name, code_point)

constexpr SocketOption kOptions[] = {
#include "options/socket_options.def"
};

#undef UVNET_DSCP
#undef UVNET_SOCKET_OPTION
#undef UVNET_PLATFORM_PLACE
#undef NOWHERE
#undef IN_SECONDS
#undef BY_FAMILY
#undef AT

constexpr size_t kOptionCount = sizeof(kOptions) / sizeof(kOptions[0]);

}  // namespace

size_t SocketOptionCount() { return kOptionCount; }

const SocketOption& SocketOptionAt(size_t option) { return kOptions[option]; }

}  // namespace uvnet
