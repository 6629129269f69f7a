#ifndef UVNET_LISTENER_H_
#define UVNET_LISTENER_H_

#include <napi.h>
#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "listen/accept_policy.h"
#include "proxy/proxy_protocol.h"
#include "stream/stream.h"

namespace uvnet {

// Gets a listener's connections in place of Callback::kConnection, except for those that a
// PROXY header came with (Listener::Proxied).
class ConnectionConsumer {
 public:
  // The stream has its id.
  virtual void OnConnection(Stream* client) = 0;
  // No connection follows. The last call.
  virtual void OnListenerClosed() = 0;

 protected:
  ~ConnectionConsumer() = default;
};

// Accepts connections for a bound stream, and asks its policy about each before anything else is
// made for it. How connections are accepted is the platform's: listener_posix.cc, listener_win.cc.
//
// Connections that are not let in are reported together, in one call, and closed after it:
// JavaScript asks for what it wants to know about them (their addresses) only where somebody
// listens.
//
// Life: made by Start, owned by itself. Close begins its end.
class Listener : private StreamAttachment {
 public:
  // `policy` may be null: everybody is let in. On a TCP handle that listens already, the backlog
  // and the policy replace those it has, and its ConnectionConsumer leaves. A pipe that listens
  // already is UV_EALREADY.
  static int Start(Stream* server, int backlog, AcceptPolicy* policy);
  // The same where another process accepts and passes on what it has accepted: `server` has no
  // descriptor.
  static int StartFed(Stream* server, AcceptPolicy* policy);
  // Takes ownership of the descriptor of an accepted connection, whatever the result; `self` may be
  // null. Instead of a descriptor, the status of an accept that failed.
  static int Feed(Listener* self, int fd);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The listener of a stream, or null.
  static Listener* Of(const Stream* server) {
    return static_cast<Listener*>(server->attachment(Role::kListener));
  }

  // Null for Callback::kConnection. The one before it leaves.
  void SetConsumer(ConnectionConsumer* consumer);

  // What came before the first byte of the connection, during Callback::kConnection.
  struct Proxied {
    const ProxyHeader* header;  // may be null
    const std::vector<uint8_t>* head;
  };
  const Proxied* proxied() const { return proxied_; }

  // From now on async_hooks see the running callback as the origin of the connections.
  void CaptureOrigin();

  // A connection that was not let in, during Callback::kDrop.
  struct Drop {
    DropReason reason;
    sockaddr_storage peer;
    sockaddr_storage local;  // where `fd` is -1
    int fd;                  // -1 where the connection is closed already
  };
  const Drop* drop(size_t index) const { return index < drops_.size() ? &drops_[index] : nullptr; }

 protected:
  Listener(Stream* server, AcceptPolicy* policy);
  virtual ~Listener();

  // The platform's part -------------------------------------------------------
  virtual int Listen(int backlog) = 0;
  virtual int ListenFed() = 0;
  // Changes the backlog of one that listens.
  virtual int SetBacklog(int backlog) = 0;
  // Takes ownership of a descriptor that another process has accepted.
  virtual int TakeDescriptor(int fd) = 0;
  // Sets `closing_`. Deletes the listener, as soon as nothing of it is in use any more.
  virtual void Close() = 0;

  // Registers the client and reports it. User code may close the listener.
  void ReportConnection(Stream* client, const Proxied* proxied);
  void ReportError(int status);
  // Reports all drops, and closes their descriptors.
  void ReportDrops();

  Environment* const environment_;
  Stream* const server_;
  AcceptPolicy* policy_;
  std::vector<Drop> drops_;
  bool closing_ = false;

 private:
  // A listener of this platform.
  static Listener* New(Stream* server, AcceptPolicy* policy);
  static int Start(Stream* server, AcceptPolicy* policy, bool fed, int backlog);
  int ListenAnew(int backlog, AcceptPolicy* policy);

  void StreamClosing() override { Close(); }

  const char* client_type() const {
    return server_->kind() == Handle::Kind::kTcp ? "TCPWRAP" : "PIPEWRAP";
  }
  void AttachClient(Stream* client);

  // Of all connections, where they may share one; else what each one's is made in.
  std::shared_ptr<AsyncContext> origin_;
  ConnectionConsumer* consumer_ = nullptr;
  const Proxied* proxied_ = nullptr;
};

}  // namespace uvnet

#endif  // UVNET_LISTENER_H_
