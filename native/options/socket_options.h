#ifndef UVNET_SOCKET_OPTIONS_H_
#define UVNET_SOCKET_OPTIONS_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace uvnet {

// Socket options by name. What they are stands in socket_options.def and nowhere
// else; an option is named here by its row in that table.
//
// All functions return 0 or a negative UV_E* code. They know neither Node-API
// nor a loop: a descriptor is all they need.

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
  // Where the kernel keeps the option. Families differ for what belongs to IP.
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

// Linger: milliseconds, or kLingerOff. Flags: 0 or 1. The traffic class: the byte.
struct OptionValue {
  static constexpr int64_t kLingerOff = -1;

  int64_t number = 0;
  std::string text;
};

struct OptionSetting {
  size_t option = 0;
  OptionValue value;
};

// Settings in the order of the table, which is the order to apply them in.
using OptionList = std::vector<OptionSetting>;

size_t SocketOptionCount();
const SocketOption& SocketOptionAt(size_t option);

// AF_INET, AF_INET6 or AF_UNIX; a negative code for what is no socket.
int SocketFamily(uv_os_sock_t fd);

// UV_ENOTSUP where the platform has no such option, UV_EINVAL for a value out of
// range, UV_ENOPROTOOPT for a TCP option on a unix socket, otherwise what the
// kernel says.
int SetSocketOption(uv_os_sock_t fd, int family, size_t option, const OptionValue& value);
int GetSocketOption(uv_os_sock_t fd, int family, size_t option, OptionValue* value);

// Sets those of `list` whose time is `stage`: kBind on a new socket, kBound
// between bind and listen, kConnected on a connection, kAny all there are. Most
// can be set from the beginning, and then they are. Stops at the first refusal
// and says in `failed` which entry of the list it was.
int ApplyOptions(uv_os_sock_t fd, int family, OptionStage stage, const OptionList& list,
                 size_t* failed);

// What a socket gets when it is made; `protocol` is the row of `multipath` where
// that is asked for.
struct InitialOptions {
  static constexpr int kDefaultProtocol = -1;

  int protocol = kDefaultProtocol;
  OptionList list;
};

// A new stream socket, non-blocking and closed on exec. `multipath` is a choice
// of protocol, which no later call can make.
int OpenStreamSocket(int family, bool multipath, uv_os_sock_t* fd);
void CloseSocket(uv_os_sock_t fd);

}  // namespace uvnet

#endif  // UVNET_SOCKET_OPTIONS_H_
