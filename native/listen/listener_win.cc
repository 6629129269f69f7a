#ifdef _WIN32

#include <utility>

#include "listen/listener.h"

namespace uvnet {

namespace {

// Accepts through uv_listen. The PROXY protocol is not implemented yet.
//
// Life: ends in Close, or after the libuv callback in which Close is called.
class WindowsListener final : public Listener {
 public:
  WindowsListener(Stream* server, AcceptPolicy* policy) : Listener(server, policy) {}

 private:
  int Listen(int backlog) override {
    if (policy_->proxy_mode != AcceptPolicy::ProxyMode::kOff) return UV_ENOTSUP;
    return uv_listen(server_->uv_stream(), backlog, OnConnection);
  }
  int ListenFed() override { return UV_ENOTSUP; }
  int SetBacklog(int backlog) override {
    return uv_listen(server_->uv_stream(), backlog, OnConnection);
  }
  int TakeDescriptor(int) override { return UV_ENOTSUP; }

  // It has no uv handles of its own.
  void SetRef(bool) override {}

  void Close() override {
    closing_ = true;
    if (!in_callback_) delete this;
  }

  static void OnConnection(uv_stream_t* stream, int status) {
    auto* const self =
        static_cast<WindowsListener*>(Listener::Of(static_cast<Stream*>(stream->data)));
    if (self == nullptr) return;
    self->in_callback_ = true;
    self->Accept(status);
    self->in_callback_ = false;
    if (self->closing_) delete self;
  }

  void Accept(int status) {
    Stream* client = nullptr;
    if (status == 0) client = NewClient(&status);
    if (status == UV_EAGAIN) return;
    if (status != 0) {
      ReportError(status);
      return;
    }

    Drop drop = {};
    drop.fd = -1;
    if (client->kind() == Handle::Kind::kTcp) {
      int size = sizeof drop.peer;
      // A peer that has already gone has no address, so no list and no limit applies to it.
      (void)uv_tcp_getpeername(client->uv_tcp(), reinterpret_cast<sockaddr*>(&drop.peer), &size);
    }
    Admission admission;
    drop.reason = policy_->Admit(reinterpret_cast<const sockaddr*>(&drop.peer), false, &admission);
    if (drop.reason == DropReason::kNone) {
      policy_->CountAccepted();
      client->Accepted(reinterpret_cast<const sockaddr*>(&drop.peer), std::move(admission));
      ReportConnection(client, nullptr);
      return;
    }
    policy_->CountDrop(drop.reason);
    if (client->kind() == Handle::Kind::kTcp) {
      int size = sizeof drop.local;
      (void)uv_tcp_getsockname(client->uv_tcp(), reinterpret_cast<sockaddr*>(&drop.local), &size);
    }
    client->Close();
    drops_.push_back(drop);
    ReportDrops();
  }

  // Returns null, with the reason in `*status`, if there is no connection.
  Stream* NewClient(int* status) {
    Stream* const client = Stream::New(environment_, server_->kind(), status);
    if (client == nullptr) return nullptr;
    *status = uv_accept(server_->uv_stream(), client->uv_stream());
    if (*status == 0) return client;
    client->Close();
    return nullptr;
  }

  bool in_callback_ = false;
};

}  // namespace

Listener* Listener::New(Stream* server, AcceptPolicy* policy) {
  return new WindowsListener(server, policy);
}

}  // namespace uvnet

#endif  // _WIN32
