#include "options/initial_options.h"

#include <utility>

#include "stream/stream.h"

namespace uvnet {

namespace {

// Life: made by the first call of one of its setters, ends with the stream.
class OptionState final : public StreamAttachment {
 public:
  static const OptionState* Of(const Stream* stream) {
    return static_cast<OptionState*>(stream->attachment(Role::kOptions));
  }
  static OptionState& Make(Stream* stream) {
    if (stream->attachment(Role::kOptions) == nullptr) {
      stream->SetAttachment(Role::kOptions, new OptionState);
    }
    return static_cast<OptionState&>(*stream->attachment(Role::kOptions));
  }

  std::shared_ptr<const InitialOptions> initial;
  int refused = -1;

 private:
  ~OptionState() = default;

  void StreamClosing() override { delete this; }
  void SetRef(bool) override {}
};

const InitialOptions* Find(const Stream* stream) {
  const OptionState* const state = OptionState::Of(stream);
  return state == nullptr ? nullptr : state->initial.get();
}

}  // namespace

void SetInitialOptions(Stream* stream, std::shared_ptr<const InitialOptions> options) {
  if (options != nullptr || Find(stream) != nullptr) {
    OptionState::Make(stream).initial = std::move(options);
  }
}

std::shared_ptr<const InitialOptions> InitialOptionsOf(const Stream* stream) {
  const OptionState* const state = OptionState::Of(stream);
  return state == nullptr ? nullptr : state->initial;
}

void SetRefusedOption(Stream* stream, int option) {
  if (option != RefusedOption(stream)) OptionState::Make(stream).refused = option;
}

int RefusedOption(const Stream* stream) {
  const OptionState* const state = OptionState::Of(stream);
  return state == nullptr ? -1 : state->refused;
}

int SocketOf(Stream* stream, uv_os_sock_t* fd) {
  if (stream == nullptr) return UV_EBADF;
#ifdef _WIN32
  // A named pipe is not a socket.
  if (stream->kind() != Handle::Kind::kTcp) return UV_ENOTSUP;
#endif
  uv_os_fd_t found;
  const int status = uv_fileno(stream->uv_handle(), &found);
  if (status != 0) return status;
#ifdef _WIN32
  *fd = reinterpret_cast<uv_os_sock_t>(found);
#else
  *fd = found;
#endif
  return 0;
}

int EnsureSocket(Stream* stream, int family) {
  uv_os_fd_t present;
  if (uv_fileno(stream->uv_handle(), &present) == 0) return 0;
  const InitialOptions* const initial = Find(stream);
  auto fd = static_cast<uv_os_sock_t>(-1);
  const int protocol = initial != nullptr ? initial->protocol : InitialOptions::kDefaultProtocol;
  int status = OpenStreamSocket(family, protocol != InitialOptions::kDefaultProtocol, &fd);
  if (status != 0) {
    SetRefusedOption(stream, protocol);
    return status;
  }
  status = uv_tcp_open(stream->uv_tcp(), fd);
  if (status != 0) {
    CloseSocket(fd);
    return status;
  }
  return ApplyInitialOptions(stream, OptionStage::kBind);
}

int PrepareSocket(Stream* stream, int family) {
  return Find(stream) == nullptr ? 0 : EnsureSocket(stream, family);
}

int ApplyInitialOptions(Stream* stream, OptionStage stage) {
  const InitialOptions* const initial = Find(stream);
  if (initial == nullptr) return 0;
  uv_os_sock_t fd;
  int status = SocketOf(stream, &fd);
  if (status != 0) return status;
  const int family = SocketFamily(fd);
  if (family < 0) return family;
  size_t failed = 0;
  status = ApplyOptions(fd, family, stage, initial->list, &failed);
  if (status != 0) SetRefusedOption(stream, static_cast<int>(initial->list[failed].option));
  return status;
}

}  // namespace uvnet
