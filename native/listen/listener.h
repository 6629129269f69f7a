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
#include "sniff/protocol.h"
#include "stream/admission.h"
#include "stream/stream.h"

namespace uvnet {

// Gets the connections of a listener instead of Callback::kConnection, except those with a PROXY
// header (Listener::Proxied).
class ConnectionConsumer {
 public:
  // The stream already has its id.
  virtual void OnConnection(Stream* client) = 0;
  // The last call: no more connections follow.
  virtual void OnListenerClosed() = 0;

 protected:
  ~ConnectionConsumer() = default;
};

// Accepts connections for a bound stream. Its policy checks each before anything is allocated for
// it. The platform-specific accept is in listener_posix.cc and listener_win.cc.
//
// Refused connections are reported together, in one call, and closed after it. JavaScript requests
// their details (the addresses) only if the event has a listener.
//
// Life: made by Start, owns itself. Close starts its end.
class Listener : private StreamAttachment {
 public:
  // `policy` may be null: all connections are accepted. If a TCP handle already listens, the new
  // backlog and policy replace the old ones, and its ConnectionConsumer leaves. If a pipe already
  // listens, the result is UV_EALREADY.
  static int Start(Stream* server, int backlog, AcceptPolicy* policy);
  // The same if another process accepts and passes its connections on: `server` has no descriptor.
  static int StartFed(Stream* server, AcceptPolicy* policy);
  // Takes ownership of the descriptor of an accepted connection, even on failure. `self` may be
  // null. Instead of a descriptor, `fd` can be the status of an accept that failed.
  static int Feed(Listener* self, int fd);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The listener of a stream, or null.
  static Listener* Of(const Stream* server) {
    return static_cast<Listener*>(server->attachment(Role::kListener));
  }

  // Null for Callback::kConnection. The previous consumer leaves.
  void SetConsumer(ConnectionConsumer* consumer);

  // From now on, JavaScript gets the descriptors of accepted connections (Callback::kSocket), and
  // no streams are made for them. UV_ENOTSUP on Windows.
  int TransferSockets();

  // What is known of a connection when it is reported.
  struct Proxied {
    const ProxyHeader* header;  // may be null
    // Bytes of the application that were taken from the kernel in search of a header.
    const std::vector<uint8_t>* head;
    const Sniffed* sniffed;  // null if nobody looked

    bool is_proxied() const { return header != nullptr || !head->empty(); }
  };
  // During Callback::kSocket. Null if nobody looked.
  const Sniffed* sniffed() const { return sniffed_; }

  // While it is paused, connections wait in the queue of the kernel. It has no effect on platforms
  // that cannot leave them there.
  virtual void SetPaused(bool) {}

  // Makes the running callback the origin of the connections for async_hooks.
  void CaptureOrigin();

  // A refused connection, during Callback::kDrop.
  struct Drop {
    DropReason reason;
    sockaddr_storage peer;
    sockaddr_storage local;  // if `fd` is -1
    int fd;                  // -1 if the connection is already closed
  };
  const Drop* drop(size_t index) const { return index < drops_.size() ? &drops_[index] : nullptr; }

 protected:
  Listener(Stream* server, AcceptPolicy* policy);
  virtual ~Listener();

  // The platform's part -------------------------------------------------------
  virtual int Listen(int backlog) = 0;
  virtual int ListenFed() = 0;
  // Changes the backlog of a listening descriptor.
  virtual int SetBacklog(int backlog) = 0;
  // Takes ownership of a descriptor that another process has accepted.
  virtual int TakeDescriptor(int fd) = 0;
  // Sets `closing_`. Deletes the listener as soon as nothing uses it.
  virtual void Close() = 0;

  bool transfers() const { return transfers_; }
  // Takes ownership of the descriptor. User code may close the listener.
  void Transfer(int fd, Admission admission, const Proxied& proxied);
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
  // Makes a listener for this platform.
  static Listener* New(Stream* server, AcceptPolicy* policy);
  static int Start(Stream* server, AcceptPolicy* policy, bool fed, int backlog);
  int ListenAnew(int backlog, AcceptPolicy* policy);

  void StreamClosing() override { Close(); }

  const char* client_type() const {
    return server_->kind() == Handle::Kind::kTcp ? "TCPWRAP" : "PIPEWRAP";
  }
  void AttachClient(Stream* client);

  // The context that all connections share, if they may; otherwise the one in which theirs are
  // made.
  std::shared_ptr<AsyncContext> origin_;
  // Made outside any callback, for Transfer.
  std::shared_ptr<AsyncContext> outside_;
  ConnectionConsumer* consumer_ = nullptr;
  bool transfers_ = false;
  const Sniffed* sniffed_ = nullptr;
};

}  // namespace uvnet

#endif  // UVNET_LISTENER_H_
