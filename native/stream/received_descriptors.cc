#include "stream/received_descriptors.h"

#ifndef _WIN32
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif

#include <cstring>
#include <vector>

#include "env/held_descriptors.h"
#include "env/js_call.h"
#include "memory/piece.h"
#include "memory/receive_buffer.h"
#include "stream/descriptor_holder.h"
#include "stream/stream.h"

namespace uvnet {

#ifndef _WIN32

int ReceiveDescriptors(Stream* stream, bool receive) {
  if (stream->kind() != Handle::Kind::kPipe) return UV_ENOTSUP;
  // The flag that uv_pipe_init takes. On Unix libuv looks at it before each read
  // and each write and nowhere else, so it may change in between.
  stream->uv_pipe()->ipc = receive ? 1 : 0;
  return 0;
}

namespace {

std::vector<int> TakeDescriptors(Stream* stream) {
  std::vector<int> taken;
  uv_pipe_t* pipe = stream->uv_pipe();
  while (uv_pipe_pending_count(pipe) > 0) {
    int status;
    DescriptorHolder* holder = DescriptorHolder::New(stream->environment(), &status);
    if (holder == nullptr) break;
    // What cannot be taken libuv closes, here or with the stream.
    status = uv_accept(stream->uv_stream(), holder->stream());
    const int fd = status == 0 ? holder->Duplicate() : status;
    holder->Close();
    if (fd >= 0) taken.push_back(fd);
  }
  return taken;
}

// Hands descriptors to JavaScript. False where the stream was closed meanwhile.
bool ReportDescriptors(Stream* stream, const std::vector<int>& descriptors, const uv_buf_t& bytes) {
  stream->SetUndelivered(bytes);
  for (const int fd : descriptors) {
    JsCall call(stream);
    if (!stream->alive() || !call.possible()) {
      close(fd);
      continue;
    }
    napi_value position = nullptr;
    if (napi_create_double(stream->environment()->env(),
                           static_cast<double>(stream->bytes_read() + bytes.len),
                           &position) != napi_ok) {
      close(fd);
      continue;
    }
    HeldDescriptors::Of(stream->environment()).Hold(fd);
    call.Int(stream->id()).Int(fd).Value(position).Run(Callback::kDescriptor);
  }
  stream->SetUndelivered(uv_buf_init(nullptr, 0));
  return stream->alive();
}

// As many as the kernel lets into one message.
constexpr size_t kMaxDescriptors = 253;

constexpr int kMaxRounds = 32;

bool HungUp(int fd) {
  pollfd poll_fd{fd, 0, 0};
  return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP) != 0;
}

// As recvmsg(2), with all descriptors of the message.
ssize_t Receive(int fd, const uv_buf_t& buffer, std::vector<int>* descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
  iovec bytes{buffer.base, buffer.len};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t nread;
  do {
#ifdef MSG_CMSG_CLOEXEC
    nread = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
#else
    nread = recvmsg(fd, &message, MSG_DONTWAIT);
#endif
  } while (nread < 0 && errno == EINTR);
  if (nread < 0) return nread;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int found;
      std::memcpy(&found, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
#ifndef MSG_CMSG_CLOEXEC
      (void)fcntl(found, F_SETFD, FD_CLOEXEC);
#endif
      descriptors->push_back(found);
    }
  }
  return nread;
}

}  // namespace

bool DeliverDescriptors(Stream* stream, const uv_buf_t& bytes) {
  // All at once: a listener may stop the reading, and uv_accept would start
  // polling again.
  return ReportDescriptors(stream, TakeDescriptors(stream), bytes);
}

// A descriptor ends a read, however much follows. libuv takes a read that did not
// fill its buffer for the last one, and where the other end has closed already it
// reports the end at once: what follows would be lost. So it is read here.
void Stream::ReadOn() {
  for (int round = 0; alive() && reading_; ++round) {
    // Enough for one turn, unless nothing but the end is to come.
    if (round >= kMaxRounds && !HungUp(fd())) return;
    uv_buf_t buffer;
    OnAllocate(uv_handle(), ReceiveBuffer::kAreaSize, &buffer);
    if (buffer.len == 0) return;
    std::vector<int> descriptors;
    const ssize_t nread = Receive(fd(), buffer, &descriptors);
    // Nothing left, the end or an error: libuv is told of those as well.
    if (nread <= 0) return;
    const auto size = static_cast<size_t>(nread);
    if (!ReportDescriptors(this, descriptors, Piece(buffer.base, size))) return;
    DeliverBytes(buffer.base, size);
  }
}

#else

int ReceiveDescriptors(Stream*, bool) { return UV_ENOTSUP; }

bool DeliverDescriptors(Stream*, const uv_buf_t&) { return true; }

void Stream::ReadOn() {}

#endif  // _WIN32

}  // namespace uvnet
