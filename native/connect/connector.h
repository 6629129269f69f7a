#ifndef UVNET_CONNECTOR_H_
#define UVNET_CONNECTOR_H_

#include <napi.h>
#include <uv.h>

#ifndef _WIN32
#include <sys/socket.h>
#endif

#include <cstdint>
#include <vector>

#include "connect/connect_race.h"
#include "env/environment.h"
#include "stream/stream.h"

namespace uvnet {

// The libuv part of connecting to one of several addresses. It drives a ConnectRace with one TCP
// handle for each running attempt, and with one timer, which exists only if it is needed.
//
// The `front` is the socket's stream, whose id JavaScript knows. It may serve as an attempt like
// any other, and it must outlive all attempts. If it must be closed during the race, or if another
// attempt wins, a different stream takes its identity (Stream::TakePlaceOf). JavaScript does not
// notice this. Closing the front ends the race.
//
// Life: made by Create, owns itself. It ends when the race is over, no connect request is in flight
// and the timer is closed. Until the race is over, the front points to it.
class Connector final : private ConnectRace::Host, private StreamAttachment {
 public:
  static int Create(Stream* front, const ConnectRace::Options& options);

  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  void Add(const sockaddr_storage& remote);
  // Every attempt of the family of `local` is bound to it first. If only the other family has a
  // local address, an attempt fails.
  void BindTo(const sockaddr_storage& local);
  // Starts the race, or continues it with new candidates. `complete` means that no more will be
  // added.
  void Run(bool complete);

  // Ends the race without a result. The front stays, and can connect again.
  void Cancel();

  // The connector whose front is this stream, until its race is over; or null.
  static Connector* Of(const Stream* front) {
    return static_cast<Connector*>(front->attachment(Role::kConnector));
  }

  // The local address of the last attempt that failed before it was in progress. It has no family
  // if the attempt did not even get a socket.
  const sockaddr* failed_local() const { return reinterpret_cast<const sockaddr*>(&failed_local_); }

 private:
  class Request;

  // Flags that are added to the type of an event for JavaScript.
  static constexpr int kInBind = 1 << 8;  // kAttemptFailed: bind failed, not connect
  static constexpr int kAtOnce = 1 << 9;  // kAttemptFailed: it failed immediately

  struct Attempt {
    sockaddr_storage remote;
    Stream* stream;
  };

  // Keeps the connector alive while one of its methods is on the stack.
  class Keep {
   public:
    explicit Keep(Connector* connector) : connector_(connector) { connector_->users_++; }
    // The analyzer cannot count users: see Request::OnDone.
    ~Keep() { connector_->Release(); }  // NOLINT(clang-analyzer-cplusplus.NewDelete)
    Keep(const Keep&) = delete;
    Keep& operator=(const Keep&) = delete;

   private:
    Connector* connector_;
  };

  Connector(Stream* front, const ConnectRace::Options& options);
  ~Connector() = default;

  // StreamAttachment: closing the front closes everything else.
  void StreamClosing() override;
  void SetRef(bool ref) override;

  // ConnectRace::Host
  uint64_t Now() override;
  void StartTimer(uint64_t ms) override;
  void StopTimer() override;
  int OpenAttempt(uint32_t candidate) override;
  void CloseAttempt(uint32_t candidate) override;
  void OnEvent(const ConnectRace::Event& event) override;

  int Bind(Stream* stream, int family);
  int Connect(Stream* stream, uint32_t candidate);
  void Discard(Stream* stream);
  void RaceOver();
  void Release();

  static void OnTimer(uv_timer_t* timer);
  static void OnTimerClosed(uv_handle_t* timer);

  Environment* const environment_;
  ConnectRace race_;
  Stream* front_;
  // Whether no attempt has used the front yet.
  bool front_is_free_ = true;
  bool ref_;
  bool timer_open_ = false;
  // Flags of the failure that will be reported next.
  int failure_flags_ = 0;
  // Number of users that keep it alive: the race, requests in flight, the timer, the stack.
  uint32_t users_ = 1;
  std::vector<Attempt> attempts_;
  sockaddr_storage local4_{};
  sockaddr_storage local6_{};
  sockaddr_storage failed_local_{};
  uv_timer_t timer_;
};

}  // namespace uvnet

#endif  // UVNET_CONNECTOR_H_
