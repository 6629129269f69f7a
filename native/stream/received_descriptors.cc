#include "stream/received_descriptors.h"

#ifndef _WIN32
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif

#include <cstring>
#include <vector>

#include "descriptor/descriptor_holder.h"
#include "descriptor/held_descriptors.h"
#include "env/js_call.h"
#include "memory/buffer.h"
#include "memory/receive_buffer.h"
#include "stream/stream.h"

namespace uvnet {

#ifndef _WIN32

int ReceiveDescriptors(Stream* stream, bool receive) {
  if (stream->kind() != Handle::Kind::kPipe) return UV_ENOTSUP;
  // The flag of uv_pipe_init. On Unix, libuv checks it only before each read and write, so it may
  // change in between.
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
    // libuv closes descriptors that cannot be taken, here or with the stream.
    status = uv_accept(stream->uv_stream(), holder->stream());
    const int fd = status == 0 ? holder->Duplicate() : status;
    holder->Close();
    if (fd >= 0) taken.push_back(fd);
  }
  return taken;
}

// The bytes that are delivered after the descriptors that came with them.
class Undelivered final : public StreamAttachment {
 public:
  Undelivered(Stream* stream, const uv_buf_t& bytes) : stream_(stream), bytes_(bytes) {
    stream->SetAttachment(Role::kUndelivered, this);
  }
  ~Undelivered() { stream_->SetAttachment(Role::kUndelivered, nullptr); }
  Undelivered(const Undelivered&) = delete;
  Undelivered& operator=(const Undelivered&) = delete;

  const uv_buf_t& bytes() const { return bytes_; }

 private:
  void StreamClosing() override {}
  void SetRef(bool) override {}

  Stream* const stream_;
  const uv_buf_t bytes_;
};

// Passes descriptors to JavaScript. Returns false if the stream was closed in the meantime.
bool ReportDescriptors(Stream* stream, const std::vector<int>& descriptors, const uv_buf_t& bytes) {
  const Undelivered undelivered(stream, bytes);
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
  return stream->alive();
}

// The most that one message can carry: 253 on Linux, 254 on macOS.
constexpr size_t kMaxDescriptors = 254;

// musl's macro compares signed with unsigned numbers, which causes a warning of clang.
cmsghdr* NextPart(msghdr* message, cmsghdr* part) {
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wsign-compare"
#endif
  return CMSG_NXTHDR(message, part);
#ifdef __clang__
#pragma clang diagnostic pop
#endif
}

// Like recvmsg(2), but with all descriptors of the message.
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
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = NextPart(&message, part)) {
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
  // All at once: a listener may stop the reading, and uv_accept would start polling again.
  return ReportDescriptors(stream, TakeDescriptors(stream), bytes);
}

ssize_t ReadDescriptors(Stream* stream, const uv_buf_t& buffer) {
  std::vector<int> descriptors;
  const ssize_t nread = Receive(stream->fd(), buffer, &descriptors);
  if (nread <= 0) return nread;
  const uv_buf_t bytes = MakeBuffer(buffer.base, static_cast<size_t>(nread));
  if (!ReportDescriptors(stream, descriptors, bytes)) return UV_ECANCELED;
  return nread;
}

uv_buf_t UndeliveredBytes(const Stream* stream) {
  using Role = StreamAttachment::Role;
  const auto* undelivered = static_cast<Undelivered*>(stream->attachment(Role::kUndelivered));
  return undelivered == nullptr ? MakeBuffer(nullptr, 0) : undelivered->bytes();
}

#else

int ReceiveDescriptors(Stream*, bool) { return UV_ENOTSUP; }

bool DeliverDescriptors(Stream*, const uv_buf_t&) { return true; }

ssize_t ReadDescriptors(Stream*, const uv_buf_t&) { return UV_ENOTSUP; }

uv_buf_t UndeliveredBytes(const Stream*) { return MakeBuffer(nullptr, 0); }

#endif  // _WIN32

}  // namespace uvnet
