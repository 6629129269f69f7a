#include "listener.h"

#include <cerrno>

#ifndef _WIN32
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#include "arguments.h"
#include "js_call.h"
#include "stream.h"

namespace uvnet {

Listener::Listener(Stream* server) : environment_(server->environment()), server_(server) {}

int Listener::Start(Stream* server, int backlog) {
  if (server->listener() != nullptr) return UV_EALREADY;
  auto* self = new Listener(server);
  const int status = self->Listen(backlog);
  if (status == 0) {
    server->Listen(self);
  } else {
    self->Close();
  }
  return status;
}

void Listener::Report(int status, Stream* client) {
  JsCall call(server_);
  call.Int(server_->id()).Int(status);
  if (client != nullptr) {
    // The async context is made here and not by the JavaScript object of the
    // connection, since it must not inherit that of the listener: in node:net,
    // too, AsyncLocalStorage has nothing to tell in a 'data' event of a server.
    const bool tcp = client->kind() == Handle::Kind::kTcp;
    if (call.possible()) client->Attach(nullptr, tcp ? "TCPWRAP" : "PIPEWRAP");
    call.Int(client->Register());
  }
  call.Run(Callback::kConnection);
}

#ifdef _WIN32

int Listener::Listen(int backlog) {
  return uv_listen(server_->uv_stream(), backlog, OnConnection);
}

void Listener::OnConnection(uv_stream_t* stream, int status) {
  auto* server = static_cast<Stream*>(stream->data);
  Listener* self = server->listener();
  if (self == nullptr || self->closing_) return;
  Stream* client = nullptr;
  if (status == 0) {
    client = server->kind() == Handle::Kind::kTcp
                 ? Stream::NewTcp(self->environment_, AF_UNSPEC, &status)
                 : Stream::NewPipe(self->environment_, false, &status);
    if (client != nullptr) {
      status = uv_accept(stream, client->uv_stream());
      if (status != 0) {
        client->Close();
        client = nullptr;
      }
    }
  }
  if (status != UV_EAGAIN) self->Report(status, client);
}

void Listener::Close() { delete this; }

void Listener::SetRef(bool) {}

#else

int Listener::Listen(int backlog) {
  // An address in use shows here at last: uv_tcp_bind keeps it to itself.
  if (server_->kind() == Handle::Kind::kTcp) {
    sockaddr_storage name;
    int size = sizeof name;
    int status =
        uv_tcp_getsockname(server_->uv_tcp(), reinterpret_cast<sockaddr*>(&name), &size);
    if (status == UV_EBADF) {
      // Never bound: any port of any IPv4 address, as the system call does it.
      sockaddr_in any;
      status = uv_ip4_addr("0.0.0.0", 0, &any);
      if (status == 0) {
        status = uv_tcp_bind(server_->uv_tcp(), reinterpret_cast<sockaddr*>(&any), 0);
      }
    }
    if (status != 0) return status;
  }
  int status = uv_fileno(server_->uv_handle(), &fd_);
  if (status != 0) return status;
  if (listen(fd_, backlog) != 0) return uv_translate_sys_error(errno);

  status = uv_timer_init(environment_->loop(), &retry_);
  if (status != 0) return status;
  retry_.data = this;
  ++open_parts_;
  environment_->HandleOpened();
  uv_unref(reinterpret_cast<uv_handle_t*>(&retry_));

  status = uv_poll_init(environment_->loop(), &poll_, fd_);
  if (status != 0) return status;
  poll_.data = this;
  ++open_parts_;
  environment_->HandleOpened();
  SetRef(server_->HasRef());
  return Poll();
}

int Listener::Poll() { return uv_poll_start(&poll_, UV_READABLE, OnReadable); }

void Listener::SetRef(bool ref) {
  ref_ = ref;
  // While it backs off the timer stands in for the poll.
  for (auto* part : {reinterpret_cast<uv_handle_t*>(&poll_), reinterpret_cast<uv_handle_t*>(&retry_)}) {
    if (ref) {
      uv_ref(part);
    } else {
      uv_unref(part);
    }
  }
}

void Listener::Close() {
  if (closing_) return;
  closing_ = true;
  if (open_parts_ == 0) {
    delete this;
    return;
  }
  // In the order in which Listen made them, which may have stopped in between.
  const int parts = open_parts_;
  if (parts >= 1) uv_close(reinterpret_cast<uv_handle_t*>(&retry_), OnPartClosed);
  if (parts >= 2) uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnPartClosed);
}

void Listener::OnPartClosed(uv_handle_t* handle) {
  auto* self = static_cast<Listener*>(handle->data);
  Environment* environment = self->environment_;
  if (--self->open_parts_ == 0) delete self;
  environment->HandleClosed();
}

void Listener::OnReadable(uv_poll_t* poll, int status, int) {
  auto* self = static_cast<Listener*>(poll->data);
  if (status < 0) {
    self->BackOff(status);
    return;
  }
  const int budget = self->burst_;
  int taken = 0;
  while (taken < budget && !self->closing_ && self->AcceptOne()) ++taken;
  if (self->closing_) return;
  if (taken < budget) {
    self->burst_ = 1;
    self->full_bursts_ = 0;
  } else if (++self->full_bursts_ >= 3 && self->burst_ < kMaxBurst) {
    self->burst_ *= 2;
    self->full_bursts_ = 0;
  }
}

// False when the queue is empty or nothing can be taken for now.
bool Listener::AcceptOne() {
  sockaddr_storage address;
  socklen_t size = sizeof address;
  int fd;
  do {
#ifdef __linux__
    fd = accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    fd = accept(fd_, reinterpret_cast<sockaddr*>(&address), &size);
#endif
  } while (fd < 0 && errno == EINTR);

  if (fd < 0) {
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) return false;
    // The peer gave up while it waited in the queue: nothing to report.
    if (error == ECONNABORTED || error == EPROTO) return true;
    BackOff(uv_translate_sys_error(error));
    return false;
  }
#ifndef __linux__
  fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif

  int status;
  Stream* client;
  if (server_->kind() == Handle::Kind::kTcp) {
    client = Stream::NewTcp(environment_, AF_UNSPEC, &status);
    if (client != nullptr) {
      status = uv_tcp_open(client->uv_tcp(), fd);
      client->SetPeer(reinterpret_cast<sockaddr*>(&address));
    }
  } else {
    client = Stream::NewPipe(environment_, false, &status);
    if (client != nullptr) status = uv_pipe_open(client->uv_pipe(), fd);
  }
  if (status != 0) {
    close(fd);
    if (client != nullptr) client->Close();
    BackOff(status);
    return false;
  }
  retry_delay_ = 0;
  Report(0, client);
  return true;
}

// Descriptors or memory are used up. The connections stay in the kernel's queue;
// polling on would spin, so the listener rests and tries again.
void Listener::BackOff(int status) {
  uv_poll_stop(&poll_);
  retry_delay_ = retry_delay_ == 0 ? kMinRetryDelay : retry_delay_ * 2;
  if (retry_delay_ > kMaxRetryDelay) retry_delay_ = kMaxRetryDelay;
  uv_timer_start(&retry_, OnRetry, retry_delay_, 0);
  Report(status, nullptr);
}

void Listener::OnRetry(uv_timer_t* timer) {
  auto* self = static_cast<Listener*>(timer->data);
  if (!self->closing_) self->Poll();
}

#endif  // _WIN32

namespace {

napi_value Listen(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Stream* stream = arguments.stream();
  if (stream == nullptr) return arguments.Return(UV_EBADF);
  return arguments.Return(Listener::Start(stream, arguments.Int(1)));
}

}  // namespace

void InitListener(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "listen", Listen);
}

}  // namespace uvnet
