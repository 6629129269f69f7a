#ifndef UVNET_SNIFF_QUEUE_H_
#define UVNET_SNIFF_QUEUE_H_

#ifndef _WIN32

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "proxy/proxy_protocol.h"
#include "sniff/protocol.h"
#include "stream/accepted_socket.h"

namespace uvnet {

class Environment;

// An accepted connection whose protocol is not known yet.
struct Candidate {
  AcceptedSocket socket;
  // The PROXY header, or null, and bytes that were taken from the socket in search of one.
  std::unique_ptr<ProxyHeader> header;
  std::vector<uint8_t> head;
  Sniffed sniffed;

  enum class State : uint8_t {
    kUndecided,
    kDecided,
    kEnded,  // the peer has ended the connection without a byte, or has reset it
  };
  // Looks at the bytes that have arrived. They stay in the kernel (MSG_PEEK) for the owner of the
  // connection. `is_last`: no more bytes will come. `*wanted` is as in Sniff: with fewer bytes,
  // this does not look at all.
  State Look(bool is_last, size_t* wanted);
};

enum class SniffFailure : uint8_t {
  kTimeout,
  kEnded,  // Candidate::State::kEnded
};

// Waits for the first bytes of connections.
//
// The bytes stay in the kernel, and one watcher (descriptor/arrivals.h) reports their arrivals. No
// connection needs a uv handle, and all share one timer.
//
// Life: owns itself from New until both its uv handles are closed. Close ends all waits without a
// report, and closes the descriptors.
class SniffQueue {
 public:
  class Owner {
   public:
    // Both take ownership of the descriptor, and may close the queue.
    virtual void SniffDone(Candidate candidate) = 0;
    virtual void SniffFailed(Candidate candidate, SniffFailure failure) = 0;

   protected:
    ~Owner() = default;
  };

  // Returns null, with an error in `*status`, if there are no descriptors or no memory.
  static SniffQueue* New(Environment* environment, Owner* owner, int* status);

  SniffQueue(const SniffQueue&) = delete;
  SniffQueue& operator=(const SniffQueue&) = delete;

  // `wanted` is the result of a Look that did not decide. If this fails, the caller still owns the
  // candidate.
  int Add(Candidate* candidate, size_t wanted, uint64_t timeout);
  void Close();

 private:
  struct Waiting;
  using Queue = std::list<std::unique_ptr<Waiting>>;  // ordered by deadline
  struct Waiting {
    Candidate candidate;
    size_t wanted;
    uint64_t deadline;
    Queue::iterator place;
  };

  SniffQueue(Environment* environment, Owner* owner) : environment_(environment), owner_(owner) {}
  ~SniffQueue() = default;

  static void OnArrivals(uv_poll_t* poll, int status, int events);
  static void OnTimeout(uv_timer_t* timer);
  static void OnPartClosed(uv_handle_t* handle);

  void Arrived(Waiting* waiting, bool is_last);
  void StartTimer();
  Candidate Remove(Waiting* waiting);

  Environment* const environment_;
  Owner* owner_;  // null: closed
  Queue queue_;
  int watcher_ = -1;
  uv_poll_t poll_;
  uv_timer_t timer_;
  int open_parts_ = 0;
};

}  // namespace uvnet

#endif  // _WIN32

#endif  // UVNET_SNIFF_QUEUE_H_
