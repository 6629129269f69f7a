#include "relay/splice_pipe.h"

#include <uv.h>

#ifdef __linux__
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace uvnet {

#ifdef __linux__

namespace {

constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

int Move(int from, int to, size_t size) {
  ssize_t moved;
  do {
    moved = splice(from, nullptr, to, nullptr, size, kFlags);
  } while (moved < 0 && errno == EINTR);
  return moved < 0 ? -errno : static_cast<int>(moved);
}

}  // namespace

std::unique_ptr<SplicePipe> SplicePipe::Open() {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  // It is refused if the user already has many pages in pipes. The default size is sufficient.
  (void)fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kSize));
  return std::unique_ptr<SplicePipe>(new SplicePipe(ends[0], ends[1]));
}

SplicePipe::~SplicePipe() {
  close(out_);
  close(in_);
}

int SplicePipe::FillFrom(int socket) {
  const int moved = Move(socket, in_, kSize);
  if (moved > 0) used_ = static_cast<size_t>(moved);
  return moved;
}

int SplicePipe::DrainTo(int socket) {
  const int moved = Move(out_, socket, used_);
  if (moved > 0) used_ -= static_cast<size_t>(moved);
  return moved;
}

int SplicePipe::Read(char* to, size_t size) {
  ssize_t copied;
  do {
    copied = read(out_, to, size);
  } while (copied < 0 && errno == EINTR);
  if (copied < 0) return -errno;
  used_ -= static_cast<size_t>(copied);
  return static_cast<int>(copied);
}

#else

std::unique_ptr<SplicePipe> SplicePipe::Open() { return nullptr; }
SplicePipe::~SplicePipe() = default;
int SplicePipe::FillFrom(int) { return UV_ENOSYS; }
int SplicePipe::DrainTo(int) { return UV_ENOSYS; }
int SplicePipe::Read(char*, size_t) { return UV_ENOSYS; }

#endif

}  // namespace uvnet
