#include "options/socket_options.h"

#ifndef _WIN32
#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "descriptor/socket_error.h"
#include "options/kernel_numbers.h"

namespace uvnet {

namespace {

using KernelOption = SocketOption::KernelOption;

constexpr int64_t kMillisecondsPerSecond = 1000;

int SetRaw(uv_os_sock_t fd, int level, int name, const void* data, size_t size) {
#ifdef _WIN32
  const int result =
      setsockopt(fd, level, name, static_cast<const char*>(data), static_cast<int>(size));
#else
  const int result = setsockopt(fd, level, name, data, static_cast<socklen_t>(size));
#endif
  return result == 0 ? 0 : LastSocketError();
}

int GetRaw(uv_os_sock_t fd, int level, int name, void* data, size_t* size) {
#ifdef _WIN32
  int length = static_cast<int>(*size);
  const int result = getsockopt(fd, level, name, static_cast<char*>(data), &length);
#else
  auto length = static_cast<socklen_t>(*size);
  const int result = getsockopt(fd, level, name, data, &length);
#endif
  if (result != 0) return LastSocketError();
  *size = static_cast<size_t>(length);
  return 0;
}

int SetInt(uv_os_sock_t fd, int level, int name, int value) {
  return SetRaw(fd, level, name, &value, sizeof(value));
}

int GetInt(uv_os_sock_t fd, int level, int name, int* value) {
  // For some options, Windows returns a single byte.
  *value = 0;
  size_t size = sizeof(*value);
  return GetRaw(fd, level, name, value, &size);
}

int64_t SecondsUp(int64_t milliseconds) {
  return (milliseconds + kMillisecondsPerSecond - 1) / kMillisecondsPerSecond;
}

bool InRange(const SocketOption& option, const OptionValue& value) {
  if (option.is_text()) {
    const auto size = static_cast<int64_t>(value.text.size());
    return size >= option.minimum && size <= option.maximum &&
           value.text.find('\0') == std::string::npos;
  }
  if (option.kind == OptionKind::kLinger && value.number == OptionValue::kLingerOff) return true;
  return value.number >= option.minimum && value.number <= option.maximum;
}

int SetLinger(uv_os_sock_t fd, const KernelOption& kernel, int64_t milliseconds) {
  struct linger linger {};
  const bool on = milliseconds != OptionValue::kLingerOff;
  linger.l_onoff = on ? 1 : 0;
  int64_t seconds = on ? SecondsUp(milliseconds) : 0;
#ifdef __APPLE__
  // The kernel keeps hundredths of a second in 16 bits, and a larger number becomes negative.
  seconds = std::min<int64_t>(seconds, INT16_MAX / 100);
#endif
  linger.l_linger = static_cast<decltype(linger.l_linger)>(seconds);
  return SetRaw(fd, kernel.level, kernel.name, &linger, sizeof(linger));
}

int GetLinger(uv_os_sock_t fd, const KernelOption& kernel, int64_t* milliseconds) {
  struct linger linger {};
  size_t size = sizeof(linger);
  const int status = GetRaw(fd, kernel.level, kernel.name, &linger, &size);
  if (status != 0) return status;
  *milliseconds = linger.l_onoff == 0
                      ? OptionValue::kLingerOff
                      : static_cast<int64_t>(linger.l_linger) * kMillisecondsPerSecond;
  return 0;
}

// Whether the kernel uses the index of an interface instead of its name.
constexpr bool InterfaceByIndex() {
#ifdef __APPLE__
  return true;
#else
  return false;
#endif
}

#ifndef _WIN32
int InterfaceToIndex(const std::string& name, int* index) {
  const unsigned found = if_nametoindex(name.c_str());
  if (found == 0) return LastSocketError();
  *index = static_cast<int>(found);
  return 0;
}

int InterfaceFromIndex(int index, std::string* name) {
  name->clear();
  if (index == 0) return 0;
  char buffer[IF_NAMESIZE];
  if (if_indextoname(static_cast<unsigned>(index), buffer) == nullptr) return LastSocketError();
  *name = buffer;
  return 0;
}
#endif

int GetText(uv_os_sock_t fd, int level, int name, std::string* text) {
  char buffer[64];
  size_t size = sizeof(buffer);
  const int status = GetRaw(fd, level, name, buffer, &size);
  if (status != 0) return status;
  // Kernels differ in whether they count the terminating zero.
  text->assign(buffer, strnlen(buffer, size));
  return 0;
}

// Whether the connection is multipath now: if the peer does not support MPTCP, the kernel falls
// back to plain TCP on the same socket.
int GetMultipath(uv_os_sock_t fd, int64_t* multipath) {
  *multipath = 0;
#ifdef __linux__
  int protocol;
  const int status = GetInt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol);
  if (status != 0) return status;
  if (protocol != IPPROTO_MPTCP) return 0;
  // After a fall-back, the kernel refuses this information. Kernels before 5.16 always refuse it;
  // there, only the protocol is known.
  char info[128];
  size_t size = sizeof(info);
  const int refused = GetRaw(fd, SOL_MPTCP, MPTCP_INFO, info, &size);
  *multipath = refused != -EOPNOTSUPP ? 1 : 0;
  return 0;
#else
  (void)fd;
  return UV_ENOTSUP;
#endif
}

// The stage at which an option is set: as early as possible.
OptionStage ApplyStage(OptionStage stage) {
  switch (stage) {
    case OptionStage::kConnect:
    case OptionStage::kAny: return OptionStage::kBind;
    default: return stage;
  }
}

}  // namespace

int SocketFamily(uv_os_sock_t fd) {
#ifdef __linux__
  int family;
  const int status = GetInt(fd, SOL_SOCKET, SO_DOMAIN, &family);
  return status != 0 ? status : family;
#elif defined(_WIN32)
  WSAPROTOCOL_INFOW info;
  size_t size = sizeof(info);
  const int status = GetRaw(fd, SOL_SOCKET, SO_PROTOCOL_INFOW, &info, &size);
  return status != 0 ? status : info.iAddressFamily;
#else
  sockaddr_storage address;
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return LastSocketError();
  return address.ss_family;
#endif
}

namespace {

// An option as a socket of one family has it.
struct FamilyOption {
  const SocketOption* option;
  bool ipv6;
  int level;
  int name;
};

int FindOption(size_t index, int family, FamilyOption* found) {
  if (index >= SocketOptionCount()) return UV_EINVAL;
  const SocketOption& option = SocketOptionAt(index);
  if (!option.available()) return UV_ENOTSUP;
  if (option.domain == OptionDomain::kTcp && family == AF_UNIX) return UV_ENOPROTOOPT;
  const KernelOption& kernel = option.kernel;
  const bool ipv6 = family == AF_INET6;
  *found = {&option, ipv6, ipv6 ? kernel.level_ipv6 : kernel.level,
            ipv6 ? kernel.name_ipv6 : kernel.name};
  return 0;
}

}  // namespace

int SetSocketOption(uv_os_sock_t fd, int family, size_t index, const OptionValue& value) {
  FamilyOption found;
  const int missing = FindOption(index, family, &found);
  if (missing != 0) return missing;
  const auto& [option, ipv6, level, name] = found;
  if (option->kind == OptionKind::kProtocol || !InRange(*option, value)) return UV_EINVAL;
  const KernelOption& kernel = option->kernel;

  switch (option->kind) {
    case OptionKind::kLinger: return SetLinger(fd, kernel, value.number);
    case OptionKind::kText: return SetRaw(fd, level, name, value.text.data(), value.text.size());
    case OptionKind::kInterface: {
      if (!InterfaceByIndex()) return SetRaw(fd, level, name, value.text.data(), value.text.size());
#ifdef _WIN32
      return UV_ENOTSUP;
#else
      int interface_index;
      const int status = InterfaceToIndex(value.text, &interface_index);
      return status != 0 ? status : SetInt(fd, level, name, interface_index);
#endif
    }
    default: break;
  }

  const int64_t amount = kernel.seconds ? SecondsUp(value.number) : value.number;
  // The kernel takes 32 bits; a mark also uses the sign bit.
  const int status = SetInt(fd, level, name, static_cast<int>(static_cast<uint32_t>(amount)));
#ifdef __linux__
  // An IPv6 socket with an IPv4-mapped peer sends IPv4 packets, to which the IPv4 options apply.
  // Sockets that are IPv6 only refuse these options.
  if (status == 0 && ipv6 && kernel.level == IPPROTO_IP) {
    (void)SetInt(fd, kernel.level, kernel.name, static_cast<int>(amount));
  }
#endif
  return status;
}

int GetSocketOption(uv_os_sock_t fd, int family, size_t index, OptionValue* value) {
  FamilyOption found;
  const int missing = FindOption(index, family, &found);
  if (missing != 0) return missing;
  const auto& [option, ipv6, level, name] = found;
  const KernelOption& kernel = option->kernel;

  switch (option->kind) {
    case OptionKind::kLinger: return GetLinger(fd, kernel, &value->number);
    case OptionKind::kProtocol: return GetMultipath(fd, &value->number);
    case OptionKind::kText: return GetText(fd, level, name, &value->text);
    case OptionKind::kInterface: {
      if (!InterfaceByIndex()) return GetText(fd, level, name, &value->text);
#ifdef _WIN32
      return UV_ENOTSUP;
#else
      int interface_index;
      const int status = GetInt(fd, level, name, &interface_index);
      return status != 0 ? status : InterfaceFromIndex(interface_index, &value->text);
#endif
    }
    default: break;
  }

  int raw;
  const int status = GetInt(fd, level, name, &raw);
  if (status != 0) return status;
  if (option->kind == OptionKind::kFlag) {
    value->number = raw != 0 ? 1 : 0;
  } else if (option->maximum > INT32_MAX) {
    value->number = static_cast<uint32_t>(raw);
  } else {
    value->number = static_cast<int64_t>(raw) * (kernel.seconds ? kMillisecondsPerSecond : 1);
  }
  return 0;
}

int ApplyOptions(uv_os_sock_t fd, int family, OptionStage stage, const OptionList& list,
                 size_t* failed) {
  for (size_t i = 0; i < list.size(); ++i) {
    const OptionStage due = ApplyStage(SocketOptionAt(list[i].option).stage);
    if (due == OptionStage::kCreate || (due != stage && stage != OptionStage::kAny)) continue;
    const int status = SetSocketOption(fd, family, list[i].option, list[i].value);
    if (status == 0) continue;
    *failed = i;
    return status;
  }
  return 0;
}

int OpenStreamSocket(int family, bool multipath, uv_os_sock_t* out) {
#if defined(__linux__)
  const int protocol = multipath ? IPPROTO_MPTCP : 0;
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) return LastSocketError();
  *out = fd;
  return 0;
#elif defined(_WIN32)
  if (multipath) return UV_ENOTSUP;
  const SOCKET fd = WSASocketW(family, SOCK_STREAM, 0, nullptr, 0,
                               WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (fd == INVALID_SOCKET) return LastSocketError();
  *out = fd;
  return 0;
#else
  if (multipath) return UV_ENOTSUP;
  const int fd = socket(family, SOCK_STREAM, 0);
  if (fd < 0) return LastSocketError();
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    const int status = LastSocketError();
    CloseSocket(fd);
    return status;
  }
#ifdef SO_NOSIGPIPE
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
  *out = fd;
  return 0;
#endif
}

void CloseSocket(uv_os_sock_t fd) {
#ifdef _WIN32
  closesocket(fd);
#else
  close(fd);
#endif
}

}  // namespace uvnet
