#ifndef UVNET_PROXY_HANDSHAKE_H_
#define UVNET_PROXY_HANDSHAKE_H_

#ifndef _WIN32

#include <uv.h>

#include "listen/accept_policy.h"
#include "proxy/proxy_protocol.h"
#include "stream/accepted_socket.h"

namespace uvnet {

class Environment;
class ProxyHandshake;

// The owner of handshakes. It has the list of those that have not ended.
class ProxyHandshakeOwner {
 public:
  // Takes ownership of the descriptor. `header` is null if the peer sent none and none is required.
  // In that case, `head` has bytes of the application that were taken from the socket before this
  // was clear.
  virtual void HandshakeDone(AcceptedSocket socket, ProxyHeader* header,
                             const std::vector<uint8_t>& head) = 0;
  // Takes ownership of the descriptor, and closes it.
  virtual void HandshakeFailed(AcceptedSocket socket, DropReason reason) = 0;

 protected:
  ~ProxyHandshakeOwner() = default;

  // Ends all handshakes without reporting them, because the owner is going away.
  void AbandonHandshakes();

 private:
  friend class ProxyHandshake;
  ProxyHandshake* first_ = nullptr;
};

// Waits for the PROXY header of an accepted connection, and reads exactly the header. The following
// bytes stay in the kernel for the stream, which does not exist before the header is known.
//
// Usually, the header has arrived together with the connection, and nothing is allocated.
// Otherwise, a poll and a timer wait for the rest.
//
// Life: owns itself from Start until both its uv handles are closed.
class ProxyHandshake {
 public:
  // May call the owner before it returns.
  static void Start(Environment* environment, ProxyHandshakeOwner* owner, AcceptedSocket socket,
                    AcceptPolicy::ProxyMode mode, uint64_t timeout);

  ProxyHandshake(const ProxyHandshake&) = delete;
  ProxyHandshake& operator=(const ProxyHandshake&) = delete;

 private:
  friend class ProxyHandshakeOwner;

  ProxyHandshake(Environment* environment, ProxyHandshakeOwner* owner, AcceptedSocket socket,
                 AcceptPolicy::ProxyMode mode);
  ~ProxyHandshake() = default;

  static void OnReadable(uv_poll_t* poll, int status, int events);
  static void OnTimeout(uv_timer_t* timer);
  static void OnPartClosed(uv_handle_t* handle);

  // Reads the available bytes. Returns false while more are needed.
  bool Read();
  int Wait(uint64_t timeout);
  // Reports the result to the owner. The uv handles are closed first, because libuv accepts a
  // descriptor only once.
  void Finish();
  void Close();

  Environment* environment_;
  ProxyHandshakeOwner* owner_;
  ProxyHandshake* previous_ = nullptr;
  ProxyHandshake* next_ = nullptr;
  AcceptedSocket socket_;
  const bool optional_;
  ProxyParser parser_;
  ProxyParser::Status status_ = ProxyParser::Status::kNeedMore;
  DropReason reason_ = DropReason::kProxyHeader;
  uv_poll_t poll_;
  uv_timer_t timer_;
  int open_parts_ = 0;
};

}  // namespace uvnet

#endif  // _WIN32

#endif  // UVNET_PROXY_HANDSHAKE_H_
