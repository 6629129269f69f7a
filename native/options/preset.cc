#include "options/preset.h"

#include "stream/stream.h"

namespace uvnet {

int SocketOf(Stream* stream, uv_os_sock_t* fd) {
  if (stream == nullptr) return UV_EBADF;
#ifdef _WIN32
  // A named pipe is no socket.
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
  const SocketPreset* preset = stream->preset();
  auto fd = static_cast<uv_os_sock_t>(-1);
  const int protocol = preset != nullptr ? preset->protocol : SocketPreset::kDefaultProtocol;
  int status = OpenStreamSocket(family, protocol != SocketPreset::kDefaultProtocol, &fd);
  if (status != 0) {
    stream->SetRefusedOption(protocol);
    return status;
  }
  status = uv_tcp_open(stream->uv_tcp(), fd);
  if (status != 0) {
    CloseSocket(fd);
    return status;
  }
  return ApplyPreset(stream, OptionStage::kBind);
}

int PrepareSocket(Stream* stream, int family) {
  return stream->preset() == nullptr ? 0 : EnsureSocket(stream, family);
}

int ApplyPreset(Stream* stream, OptionStage stage) {
  const SocketPreset* preset = stream->preset();
  if (preset == nullptr) return 0;
  uv_os_sock_t fd;
  int status = SocketOf(stream, &fd);
  if (status != 0) return status;
  const int family = SocketFamily(fd);
  if (family < 0) return family;
  size_t failed = 0;
  status = ApplyOptions(fd, family, stage, preset->list, &failed);
  if (status != 0) stream->SetRefusedOption(static_cast<int>(preset->list[failed].option));
  return status;
}

}  // namespace uvnet
