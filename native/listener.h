#ifndef UVNET_LISTENER_H_
#define UVNET_LISTENER_H_

#include <napi.h>
#include <uv.h>

#include "environment.h"

namespace uvnet {

class Stream;

// Accepts connections for a bound stream.
//
// On POSIX it polls the listening descriptor and accepts by itself: the peer's
// address comes with the call, errors are seen and not swallowed (libuv ≥ 1.45
// reports none), and one wake-up may take many connections. Windows accepts
// through uv_listen.
//
// Life: made by Start, owned by itself, ends when both its uv handles are closed.
class Listener {
 public:
  static int Start(Stream* server, int backlog);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void Close();
  void SetRef(bool ref);

 private:
  explicit Listener(Stream* server);
  ~Listener() = default;

  int Listen(int backlog);
  void Report(int status, Stream* client);

#ifdef _WIN32
  static void OnConnection(uv_stream_t* stream, int status);
#else
  // The most connections taken in one wake-up, so that a flood of connections
  // cannot starve the connections that are open.
  static constexpr int kMaxBurst = 64;
  // Go's http.Server has the same bounds, in milliseconds.
  static constexpr uint64_t kMinRetryDelay = 5;
  static constexpr uint64_t kMaxRetryDelay = 1000;

  static void OnReadable(uv_poll_t* poll, int status, int events);
  static void OnRetry(uv_timer_t* timer);
  static void OnPartClosed(uv_handle_t* handle);
  bool AcceptOne();
  void BackOff(int status);
  int Poll();

  uv_os_fd_t fd_ = -1;
  uv_poll_t poll_;
  uv_timer_t retry_;
  uint64_t retry_delay_ = 0;
  // How many accepts to try in the next wake-up: an accept that finds nothing is
  // a wasted system call, so the number grows only while the queue proves long.
  int burst_ = 1;
  int full_bursts_ = 0;
  int open_parts_ = 0;
  bool ref_ = true;
#endif

  Environment* environment_;
  Stream* server_;
  bool closing_ = false;
};

void InitListener(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_LISTENER_H_
