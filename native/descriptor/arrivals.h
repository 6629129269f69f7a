#ifndef UVNET_ARRIVALS_H_
#define UVNET_ARRIVALS_H_

#ifndef _WIN32

#include <cstddef>

namespace uvnet {

// Waiting for bytes that stay in the kernel.
//
// A descriptor with unread bytes stays readable, so an ordinary poll would spin. A watcher is a
// descriptor of its own: an edge-triggered epoll, or a kqueue. It becomes readable once for each
// arrival at the descriptors that it watches, and a loop can poll it.

struct Arrival {
  void* data;    // as given to WatchArrivals
  bool is_last;  // no more bytes will arrive
};

// Returns a watcher, which the caller closes, or a status.
int OpenWatcher();

// Reports what is there already, too. Returns a status.
int WatchArrivals(int watcher, int fd, void* data);

// Closing the descriptor would not be enough if another one refers to the same connection.
void UnwatchArrivals(int watcher, int fd);

// How many arrivals are taken at once, so that a flood cannot starve the rest of the loop.
constexpr int kMaxArrivals = 64;

// Takes up to kMaxArrivals. Returns their number, or a negative one.
int TakeArrivals(int watcher, Arrival* arrivals);

// Copies bytes that have arrived, and leaves them in the kernel (MSG_PEEK). Returns their number,
// or a status; UV_EAGAIN if there are none yet.
int CopyWaiting(int fd, void* to, size_t size);

}  // namespace uvnet

#endif  // _WIN32

#endif  // UVNET_ARRIVALS_H_
