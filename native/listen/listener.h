#ifndef UVNET_LISTENER_H_
#define UVNET_LISTENER_H_

#include <napi.h>
#include <uv.h>

#include <vector>

#include "env/environment.h"
#include "env/handle.h"
#include "listen/accept_policy.h"
#include "listen/proxy_handshake.h"
#include "proxy/proxy_protocol.h"
#include "stream/stream.h"

namespace uvnet {

// Who gets a listener's connections in place of Callback::kConnection, except for those that have
// more to tell than themselves (Listener::Proxied).
class ConnectionTaker {
 public:
  // The stream has its id.
  virtual void TakeConnection(Stream* client) = 0;
  // No connection follows. The last call.
  virtual void ListenerClosed() = 0;

 protected:
  ~ConnectionTaker() = default;
};

// Accepts connections for a bound stream, and asks its policy about each before anything else is
// made for it.
//
// On POSIX it polls the listening descriptor and accepts by itself: the peer's address comes with
// the call, errors are seen and not swallowed (libuv from 1.45 on reports none), and one wake-up
// may take many connections. Windows accepts through uv_listen.
//
// Connections that are not let in are reported together at the end of a wake-up, in one call, and
// closed after it: JavaScript asks for what it wants to know about them (their addresses) only
// where somebody listens.
//
// Life: made by Start, owned by itself, ends when both its uv handles are closed.
class Listener final : private StreamAttachment
#ifndef _WIN32
    ,
                       private ProxyHandshakeOwner
#endif
{
 public:
  // `policy` may be null: everybody is let in. On a TCP handle that listens already the backlog and
  // the policy take the place of those it has: somebody else has its connections from now on. A
  // pipe's stays with whom it is: UV_EALREADY.
  static int Start(Stream* server, int backlog, AcceptPolicy* policy);
  // The same where another process accepts, and hands over what it has accepted: `server` has no
  // descriptor.
  static int StartFed(Stream* server, AcceptPolicy* policy);
  // Takes the descriptor of an accepted connection over, whatever the answer; `self` may be null.
  // Instead of a descriptor, the status of an accept that failed.
  static int Feed(Listener* self, int fd);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The listener of a stream, or null.
  static Listener* Of(const Stream* server) {
    return static_cast<Listener*>(server->attachment(Role::kListener));
  }

  void GiveTo(ConnectionTaker* taker);

  // What came before the first byte of the connection, during Callback::kConnection.
  struct Proxied {
    const ProxyHeader* header;  // may be null
    const std::vector<uint8_t>* head;
  };
  const Proxied* proxied() const { return proxied_; }

  // Takes the callback that is running for where connections come from, as async_hooks see it.
  void AdoptOrigin();

  // A connection that was not let in, during Callback::kDrop.
  struct Drop {
    DropReason reason;
    sockaddr_storage peer;
    sockaddr_storage local;  // Windows; elsewhere the descriptor is asked
    int fd;
  };
  const Drop* drop(size_t index) const { return index < drops_.size() ? &drops_[index] : nullptr; }

 private:
  void StreamClosing() override { Close(); }
  void SetRef(bool ref) override;
  void Close();

  void HandOver(Stream* client, const Proxied* proxied);
  void AttachClient(Stream* client);
  Listener(Stream* server, AcceptPolicy* policy);
  ~Listener();

  static int Start(Stream* server, AcceptPolicy* policy, bool fed, int backlog);
  int Listen(int backlog);
  int ListenAnew(int backlog, AcceptPolicy* policy);
  int InitTimer();
  void ReportError(int status);
  void ReportDrops();

#ifdef _WIN32
  static void OnConnection(uv_stream_t* stream, int status);
#else
  // The most connections taken in one wake-up, so that a flood of connections cannot starve the
  // connections that are open.
  static constexpr int kMaxBurst = 64;
  // Go's http.Server has the same bounds, in milliseconds.
  static constexpr uint64_t kMinRetryDelay = 5;
  static constexpr uint64_t kMaxRetryDelay = 1000;

  static void OnReadable(uv_poll_t* poll, int status, int events);
  static void OnRetry(uv_timer_t* timer);
  static void OnPartClosed(uv_handle_t* handle);
  bool AcceptOne();
  void Take(AcceptedSocket socket);
  // Makes the stream and hands it to JavaScript. False where libuv does not take the descriptor.
  bool Deliver(AcceptedSocket socket, const ProxyHeader* header, const std::vector<uint8_t>& head);
  void Refuse(int fd, const sockaddr_storage& peer, DropReason reason);
  void BackOff(int status);
  int Poll();

  void HandshakeDone(AcceptedSocket socket, ProxyHeader* header,
                     const std::vector<uint8_t>& head) override;
  void HandshakeFailed(AcceptedSocket socket, DropReason reason) override;

  uv_os_fd_t fd_ = -1;  // -1 where another process accepts, and there is no poll
  uv_poll_t poll_;
  uv_timer_t retry_;
  uint64_t retry_delay_ = 0;
  // How many accepts to try in the next wake-up: an accept that finds nothing is a wasted system
  // call, so the number grows only while the queue proves long.
  int burst_ = 1;
  int full_bursts_ = 0;
  int open_parts_ = 0;
  // In a wake-up, whose end reports the drops.
  bool accepting_ = false;
#endif

  const char* client_type() const {
    return server_->kind() == Handle::Kind::kTcp ? "TCPWRAP" : "PIPEWRAP";
  }

  // Of all connections, where they may share one; else what each one's is made in.
  std::shared_ptr<AsyncContext> origin_;
  ConnectionTaker* taker_ = nullptr;

  Environment* environment_;
  Stream* server_;
  AcceptPolicy* policy_;
  const Proxied* proxied_ = nullptr;
  std::vector<Drop> drops_;
  bool closing_ = false;
};

void InitListener(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_LISTENER_H_
