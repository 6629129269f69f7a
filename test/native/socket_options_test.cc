// Socket options on raw sockets, read back past our own code with the kernel's constants.
//
// Links: native/options/socket_options.cc native/options/socket_option_table.cc native/info/tcp_info.cc native/info/tcp_info_linux.cc native/info/tcp_info_darwin.cc native/info/peer_credentials.cc

#include "../../native/options/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "../../native/info/peer_credentials.h"
#include "../../native/info/tcp_info.h"
#include "check.h"

namespace {

using uvnet::GetSocketOption;
using uvnet::OptionKind;
using uvnet::OptionList;
using uvnet::OptionServer;
using uvnet::OptionStage;
using uvnet::OptionValue;
using uvnet::SetSocketOption;
using uvnet::SocketOptionAt;
using uvnet::SocketOptionCount;

constexpr size_t kNone = SIZE_MAX;

// The row of a name; of two rows under one name the one that connects, or not.
size_t Row(const char* name, bool connects = true) {
  for (size_t row = 0; row < SocketOptionCount(); ++row) {
    const bool listens = SocketOptionAt(row).server == OptionServer::kOnlyListener;
    if (std::strcmp(SocketOptionAt(row).name, name) != 0) continue;
    if (std::strcmp(name, "fastOpen") == 0 && listens == connects) continue;
    return row;
  }
  return kNone;
}

OptionValue Number(int64_t number) {
  OptionValue value;
  value.number = number;
  return value;
}

#ifdef __linux__
OptionValue Text(const std::string& text) {
  OptionValue value;
  value.text = text;
  return value;
}
#endif

class Socket {
 public:
  explicit Socket(int family, int type = SOCK_STREAM) : family_(family) {
    fd_ = socket(family, type, 0);
    CHECK(fd_ >= 0);
  }
  explicit Socket(uv_os_sock_t fd, int family, bool) : fd_(fd), family_(family) {}
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }
  int family() const { return family_; }
  int Set(const char* name, const OptionValue& value) const {
    return SetSocketOption(fd_, family_, Row(name), value);
  }
  int Get(const char* name, OptionValue* value) const {
    return GetSocketOption(fd_, family_, Row(name), value);
  }
  int Kernel(int level, int name) const {
    int value = -1;
    socklen_t size = sizeof(value);
    CHECK_EQ(getsockopt(fd_, level, name, &value, &size), 0);
    return value;
  }

 private:
  int fd_;
  int family_;
};

struct Case {
  const char* name;
  int64_t value;
  int level;
  int constant;
  int kernel;         // what the kernel then says
  int64_t read_back;  // what GetSocketOption then says
};

}  // namespace

TEST(EveryRowIsSound) {
  for (size_t row = 0; row < SocketOptionCount(); ++row) {
    const auto& option = SocketOptionAt(row);
    CHECK(option.minimum <= option.maximum);
    CHECK(option.name[0] >= 'a' && option.name[0] <= 'z');
    if (option.kind == OptionKind::kFlag) CHECK_EQ(option.maximum, 1);
  }
}

#ifdef __linux__

TEST(NumbersReachTheKernel) {
  const Case cases[] = {
      {"reuseAddr", 1, SOL_SOCKET, SO_REUSEADDR, 1, 1},
      {"reusePort", 1, SOL_SOCKET, SO_REUSEPORT, 1, 1},
      {"freeBind", 1, IPPROTO_IP, IP_FREEBIND, 1, 1},
      {"typeOfService", 0xb8, IPPROTO_IP, IP_TOS, 0xb8, 0xb8},
      {"priority", 5, SOL_SOCKET, SO_PRIORITY, 5, 5},
      {"ttl", 33, IPPROTO_IP, IP_TTL, 33, 33},
      {"sendBufferSize", 20000, SOL_SOCKET, SO_SNDBUF, 40000, 40000},
      {"recvBufferSize", 20000, SOL_SOCKET, SO_RCVBUF, 40000, 40000},
      {"maxSegment", 700, IPPROTO_TCP, TCP_MAXSEG, 700, 700},
      {"noDelay", 1, IPPROTO_TCP, TCP_NODELAY, 1, 1},
      {"keepAlive", 1, SOL_SOCKET, SO_KEEPALIVE, 1, 1},
      {"keepAliveInitialDelay", 11000, IPPROTO_TCP, TCP_KEEPIDLE, 11, 11000},
      {"keepAliveInterval", 1, IPPROTO_TCP, TCP_KEEPINTVL, 1, 1000},
      {"keepAliveInterval", 2001, IPPROTO_TCP, TCP_KEEPINTVL, 3, 3000},
      {"keepAliveCount", 4, IPPROTO_TCP, TCP_KEEPCNT, 4, 4},
      {"userTimeout", 4321, IPPROTO_TCP, TCP_USER_TIMEOUT, 4321, 4321},
      {"notSentLowWater", 16384, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384, 16384},
      {"incomingCpu", 0, SOL_SOCKET, SO_INCOMING_CPU, 0, 0},
      {"oobInline", 1, SOL_SOCKET, SO_OOBINLINE, 1, 1},
      // Counted in retransmissions of the handshake: 1 + 2 + 4 seconds.
      {"deferAccept", 5000, IPPROTO_TCP, TCP_DEFER_ACCEPT, 7, 7000},
      {"quickAck", 0, IPPROTO_TCP, TCP_QUICKACK, 0, 0},
  };
  for (const Case& one : cases) {
    const Socket socket(AF_INET);
    CHECK_EQ(socket.Set(one.name, Number(one.value)), 0);
    // Setting is not what makes quickAck last: see the table.
    if (std::strcmp(one.name, "quickAck") == 0) continue;
    CHECK_EQ(socket.Kernel(one.level, one.constant), one.kernel);
    OptionValue value;
    CHECK_EQ(socket.Get(one.name, &value), 0);
    CHECK_EQ(value.number, one.read_back);
  }
}

TEST(Ipv6SocketsUseTheIpv6OptionsAndKeepBothInStep) {
  const Socket socket(AF_INET6);
  CHECK_EQ(socket.Set("typeOfService", Number(0x88)), 0);
  CHECK_EQ(socket.Kernel(IPPROTO_IPV6, IPV6_TCLASS), 0x88);
  CHECK_EQ(socket.Kernel(IPPROTO_IP, IP_TOS), 0x88);
  CHECK_EQ(socket.Set("ttl", Number(9)), 0);
  CHECK_EQ(socket.Kernel(IPPROTO_IPV6, IPV6_UNICAST_HOPS), 9);
  CHECK_EQ(socket.Set("ipv6Only", Number(1)), 0);
  CHECK_EQ(socket.Kernel(IPPROTO_IPV6, IPV6_V6ONLY), 1);
  OptionValue value;
  CHECK_EQ(socket.Get("typeOfService", &value), 0);
  CHECK_EQ(value.number, 0x88);
}

TEST(LingerIsRoundedUpAndCanBeOff) {
  const Socket socket(AF_INET);
  OptionValue value;
  CHECK_EQ(socket.Get("linger", &value), 0);
  CHECK_EQ(value.number, OptionValue::kLingerOff);
  for (const auto& [set, read] :
       {std::pair{0, 0}, {1, 1000}, {1000, 1000}, {1001, 2000}, {-1, -1}}) {
    CHECK_EQ(socket.Set("linger", Number(set)), 0);
    CHECK_EQ(socket.Get("linger", &value), 0);
    CHECK_EQ(value.number, read);
  }
}

TEST(TextOptions) {
  const Socket socket(AF_INET);
  OptionValue value;
  CHECK_EQ(socket.Set("congestion", Text("reno")), 0);
  CHECK_EQ(socket.Get("congestion", &value), 0);
  CHECK_EQ(value.text, "reno");
  CHECK_EQ(socket.Set("congestion", Text("nosuch")), UV_ENOENT);
  CHECK_EQ(socket.Set("bindToDevice", Text("lo")), 0);
  CHECK_EQ(socket.Get("bindToDevice", &value), 0);
  CHECK_EQ(value.text, "lo");
  CHECK_EQ(socket.Set("bindToDevice", Text("nosuch")), UV_ENODEV);
}

TEST(FastOpenIsTwoOptions) {
  const Socket connecting(AF_INET);
  CHECK_EQ(SetSocketOption(connecting.fd(), AF_INET, Row("fastOpen", true), Number(1)), 0);
  CHECK_EQ(connecting.Kernel(IPPROTO_TCP, TCP_FASTOPEN_CONNECT), 1);
  const Socket listening(AF_INET);
  CHECK_EQ(SetSocketOption(listening.fd(), AF_INET, Row("fastOpen", false), Number(16)), 0);
  CHECK_EQ(listening.Kernel(IPPROTO_TCP, TCP_FASTOPEN), 16);
}

TEST(RootOnlyOptions) {
  if (geteuid() != 0) {
    const Socket socket(AF_INET);
    CHECK_EQ(socket.Set("mark", Number(7)), UV_EPERM);
    CHECK_EQ(socket.Set("transparent", Number(1)), UV_EPERM);
    CHECK_EQ(socket.Set("priority", Number(7)), UV_EPERM);
    return;
  }
  const Socket socket(AF_INET);
  CHECK_EQ(socket.Set("mark", Number(4294967295)), 0);
  OptionValue value;
  CHECK_EQ(socket.Get("mark", &value), 0);
  CHECK_EQ(value.number, 4294967295);
  CHECK_EQ(socket.Set("transparent", Number(1)), 0);
  CHECK_EQ(socket.Kernel(IPPROTO_IP, IP_TRANSPARENT), 1);
  CHECK_EQ(socket.Set("priority", Number(100)), 0);
  CHECK_EQ(socket.Kernel(SOL_SOCKET, SO_PRIORITY), 100);
  CHECK_EQ(socket.Set("busyPoll", Number(50)), 0);
  CHECK_EQ(socket.Kernel(SOL_SOCKET, SO_BUSY_POLL), 50);
}

TEST(MultipathIsAChoiceOfProtocol) {
  uv_os_sock_t fd;
  const int status = uvnet::OpenStreamSocket(AF_INET, true, &fd);
  // A kernel without MPTCP says so.
  if (status != 0) {
    CHECK(status == UV_EPROTONOSUPPORT || status == UV_ENOPROTOOPT);
    return;
  }
  const Socket socket(fd, AF_INET, true);
  OptionValue value;
  CHECK_EQ(socket.Get("multipath", &value), 0);
  CHECK_EQ(value.number, 1);
  CHECK_EQ(socket.Set("multipath", Number(1)), UV_EINVAL);
  const Socket plain(AF_INET);
  CHECK_EQ(plain.Get("multipath", &value), 0);
  CHECK_EQ(value.number, 0);
}

TEST(AppliesListsInStages) {
  const Socket socket(AF_INET);
  const OptionList list = {
      {Row("multipath"), Number(1)},
      {Row("reuseAddr"), Number(1)},
      {Row("userTimeout"), Number(5000)},
      {Row("quickAck"), Number(1)},
  };
  size_t failed = kNone;
  CHECK_EQ(uvnet::ApplyOptions(socket.fd(), AF_INET, OptionStage::kBind, list, &failed), 0);
  CHECK_EQ(socket.Kernel(IPPROTO_TCP, TCP_USER_TIMEOUT), 5000);
  CHECK_EQ(socket.Kernel(SOL_SOCKET, SO_REUSEADDR), 0);
  CHECK_EQ(uvnet::ApplyOptions(socket.fd(), AF_INET, OptionStage::kBound, list, &failed), 0);
  CHECK_EQ(socket.Kernel(SOL_SOCKET, SO_REUSEADDR), 1);
  CHECK_EQ(failed, kNone);

  const OptionList refused = {{Row("noDelay"), Number(1)}, {Row("congestion"), Text("nosuch")}};
  CHECK_EQ(uvnet::ApplyOptions(socket.fd(), AF_INET, OptionStage::kBind, refused, &failed),
           UV_ENOENT);
  CHECK_EQ(failed, 1u);

  const Socket accepted(AF_INET);
  CHECK_EQ(uvnet::ApplyOptions(accepted.fd(), AF_INET, OptionStage::kAny, list, &failed), 0);
  CHECK_EQ(accepted.Kernel(IPPROTO_TCP, TCP_USER_TIMEOUT), 5000);
  CHECK_EQ(accepted.Kernel(SOL_SOCKET, SO_REUSEADDR), 1);
}

TEST(ReadsTheStateOfAConnection) {
  const Socket listener(AF_INET);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  CHECK_EQ(bind(listener.fd(), any, size), 0);
  CHECK_EQ(listen(listener.fd(), 1), 0);
  CHECK_EQ(getsockname(listener.fd(), any, &size), 0);
  const Socket client(AF_INET);
  CHECK_EQ(connect(client.fd(), any, size), 0);
  const Socket accepted(accept(listener.fd(), nullptr, nullptr), AF_INET, true);
  CHECK_EQ(send(client.fd(), "12345", 5, 0), 5);
  char byte;
  CHECK_EQ(recv(accepted.fd(), &byte, 1, MSG_PEEK), 1);

  uvnet::TcpInfo info;
  CHECK_EQ(uvnet::ReadTcpInfo(accepted.fd(), &info), 0);
  CHECK_EQ(uvnet::ReadQueueDepths(accepted.fd(), &info), 0);
  CHECK_EQ(info.state, uvnet::TcpInfo::kEstablished);
  CHECK_EQ(info.numbers[uvnet::TcpInfo::kReceiveQueueBytes], 5);
  CHECK_EQ(info.numbers[uvnet::TcpInfo::kBytesReceived], 5);
  CHECK(info.numbers[uvnet::TcpInfo::kCongestionWindow] > 0);
  CHECK(info.numbers[uvnet::TcpInfo::kRttMs] >= 0);
  CHECK(info.raw.size() > 30);

  uvnet::TcpInfo listening;
  CHECK_EQ(uvnet::ReadTcpInfo(listener.fd(), &listening), 0);
  CHECK_EQ(listening.state, uvnet::TcpInfo::kListen);
}

#endif  // __linux__

TEST(RefusesWhatCannotBe) {
  const Socket socket(AF_INET);
  CHECK_EQ(SetSocketOption(socket.fd(), AF_INET, SocketOptionCount(), Number(1)), UV_EINVAL);
  CHECK_EQ(socket.Set("keepAliveCount", Number(0)), UV_EINVAL);
  CHECK_EQ(socket.Set("keepAliveCount", Number(128)), UV_EINVAL);
  CHECK_EQ(socket.Set("linger", Number(-2)), UV_EINVAL);
  CHECK_EQ(SetSocketOption(-1, AF_INET, Row("noDelay"), Number(1)), UV_EBADF);
#ifdef __linux__
  CHECK_EQ(socket.Set("congestion", Text("")), UV_EINVAL);
  CHECK_EQ(socket.Set("congestion", Text("sixteen characters")), UV_EINVAL);
  CHECK_EQ(socket.Set("bindToDevice", Text(std::string("l\0o", 3))), UV_EINVAL);
#endif
  const Socket local(AF_UNIX);
  CHECK_EQ(local.Set("noDelay", Number(1)), UV_ENOPROTOOPT);
  CHECK_EQ(local.Set("sendBufferSize", Number(20000)), 0);
  CHECK_EQ(uvnet::SocketFamily(local.fd()), AF_UNIX);
  CHECK_EQ(uvnet::SocketFamily(socket.fd()), AF_INET);
}

TEST(KnowsThePeerOfAUnixSocket) {
  int pair[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const Socket one(pair[0], AF_UNIX, true);
  const Socket other(pair[1], AF_UNIX, true);
  uvnet::PeerCredentials peer;
  CHECK_EQ(uvnet::ReadPeerCredentials(one.fd(), &peer), 0);
  CHECK_EQ(peer.pid, getpid());
  CHECK_EQ(peer.uid, static_cast<int64_t>(geteuid()));
  CHECK_EQ(peer.gid, static_cast<int64_t>(getegid()));

  uvnet::TcpInfo info;
  CHECK_EQ(write(other.fd(), "abc", 3), 3);
  CHECK_EQ(uvnet::ReadQueueDepths(one.fd(), &info), 0);
  CHECK_EQ(info.numbers[uvnet::TcpInfo::kReceiveQueueBytes], 3);
}

int main() { return check::RunTests(); }
