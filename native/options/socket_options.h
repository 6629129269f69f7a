#ifndef UVNET_SOCKET_OPTIONS_H_
#define UVNET_SOCKET_OPTIONS_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace uvnet {

// Socket options. Only socket_options.def defines them; here an option is identified by its row in
// that table.
//
// All functions return 0 or a negative UV_E* code. They do not use Node-API or an event loop; they
// need only a descriptor.

enum class OptionKind : uint8_t {
  kFlag,
  kCount,
  kBytes,
  kMicroseconds,
  kMilliseconds,
  kTrafficClass,
  kLinger,
  kText,
  kInterface,
  kQueueLength,
  kProtocol,
};

enum class OptionStage : uint8_t { kCreate, kBind, kBound, kConnect, kAny, kConnected };
enum class OptionServer : uint8_t { kInherited, kEach, kListener, kOnlyListener, kNever };
enum class OptionDomain : uint8_t { kTcp, kAny };

struct SocketOption {
  // The kernel's constants for the option. IP options differ between families.
  struct KernelOption {
    static constexpr int kNone = -1;
    int level = kNone;
    int name = kNone;
    int level_ipv6 = kNone;
    int name_ipv6 = kNone;
    bool seconds = false;
  };

  const char* name;
  OptionKind kind;
  int64_t minimum;
  int64_t maximum;
  OptionStage stage;
  OptionServer server;
  OptionDomain domain;
  KernelOption kernel;

  bool available() const { return kernel.level != KernelOption::kNone; }
  bool is_text() const { return kind == OptionKind::kText || kind == OptionKind::kInterface; }
};

// Linger: milliseconds, or kLingerOff. Flags: 0 or 1. Traffic class: the byte.
struct OptionValue {
  static constexpr int64_t kLingerOff = -1;

  int64_t number = 0;
  std::string text;
};

struct OptionSetting {
  size_t option = 0;
  OptionValue value;
};

// Settings in the order of the table, in which they must be applied.
using OptionList = std::vector<OptionSetting>;

size_t SocketOptionCount();
const SocketOption& SocketOptionAt(size_t option);

// AF_INET, AF_INET6 or AF_UNIX; a negative code if the descriptor is not a socket.
int SocketFamily(uv_os_sock_t fd);

// Returns UV_ENOTSUP if the platform has no such option, UV_EINVAL for a value out of range,
// UV_ENOPROTOOPT for a TCP option on a Unix socket, otherwise the kernel's error.
int SetSocketOption(uv_os_sock_t fd, int family, size_t option, const OptionValue& value);
int GetSocketOption(uv_os_sock_t fd, int family, size_t option, OptionValue* value);

// Sets the options in `list` that belong to `stage`: kBind on a new socket, kBound between bind and
// listen, kConnected on a connection, kAny all of them. Most options can be set from the beginning,
// and are set then. It stops at the first refusal and sets `failed` to that entry of the list.
int ApplyOptions(uv_os_sock_t fd, int family, OptionStage stage, const OptionList& list,
                 size_t* failed);

// The options that a socket gets when it is created. `protocol` is the row of `multipath` if that
// is requested.
struct InitialOptions {
  static constexpr int kDefaultProtocol = -1;

  int protocol = kDefaultProtocol;
  OptionList list;
};

// Makes a new stream socket, non-blocking and close-on-exec. `multipath` selects the protocol,
// which no later call can change.
int OpenStreamSocket(int family, bool multipath, uv_os_sock_t* fd);
void CloseSocket(uv_os_sock_t fd);

}  // namespace uvnet

#endif  // UVNET_SOCKET_OPTIONS_H_
