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

// The libuv half of connecting to one of several addresses: drives a ConnectRace with one TCP
// handle for each running attempt and one timer, which exists only where time matters.
//
// The socket's stream, the one whose id JavaScript knows, is the `front`: it may
// serve as an attempt like any other, and it must outlive all of them. So when
// it has to be closed while the race goes on, or when another attempt wins, a
// different stream gets its identity (Stream::TakePlaceOf), unseen by
// JavaScript. Closing the front ends the race.
//
// Life: made by Create, owns itself. It ends when the race is over, no connect
// request is in flight and the timer is closed. Until the race is over the front
// points here.
class Connector final : private ConnectRace::Host, private StreamAttachment {
 public:
  static int Create(Stream* front, const ConnectRace::Options& options);

  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  void Add(const sockaddr_storage& remote);
  // Every attempt of the family of `local` is bound to it first; one of a family
  // that has none, where the other one has, fails.
  void BindTo(const sockaddr_storage& local);
  // Starts the race, or goes on with what was added since. `complete` says that
  // nothing more will be added.
  void Run(bool complete);

  // Ends the race without an outcome. The front stays, and can connect anew.
  void Cancel();

  // The connector that a stream is the front of, until its race is over; or null.
  static Connector* Of(const Stream* front) {
    return static_cast<Connector*>(front->attachment(Role::kConnector));
  }

  // The local end of the last attempt that failed before it was under way; of
  // no family where it did not even get a socket.
  const sockaddr* failed_local() const { return reinterpret_cast<const sockaddr*>(&failed_local_); }

 private:
  class Request;

  // Flags beside the type of an event for JavaScript.
  static constexpr int kInBind = 1 << 8;  // kAttemptFailed: in bind, not in connect
  static constexpr int kAtOnce = 1 << 9;  // kAttemptFailed: it never was under way

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

  // StreamAttachment: when the front is closed everything else is closed with it.
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
  // The front has not been used by any attempt yet.
  bool front_is_free_ = true;
  bool ref_;
  bool timer_open_ = false;
  // Flags of the failure that is about to be reported.
  int failure_flags_ = 0;
  // What keeps it alive: the race, requests in flight, the timer, the stack.
  uint32_t users_ = 1;
  std::vector<Attempt> attempts_;
  sockaddr_storage local4_{};
  sockaddr_storage local6_{};
  sockaddr_storage failed_local_{};
  uv_timer_t timer_;
};

}  // namespace uvnet

#endif  // UVNET_CONNECTOR_H_
