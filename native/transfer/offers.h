#ifndef UVNET_OFFERS_H_
#define UVNET_OFFERS_H_

#include <map>
#include <mutex>
#include <string>

namespace uvnet {

// What one environment offers and another may take: a descriptor, and the name
// that libuv is to unlink when the pipe bound to it is closed.
struct Offer {
  int fd = -1;
  // Allocated by libuv, which alone can free it: it goes on to the pipe that
  // takes the descriptor. Null for all but bound pipes.
  const char* name = nullptr;
  // Never dereferenced: the environment whose end is the end of its offers.
  const void* owner = nullptr;
};

// The offers of all environments of the process. They belong to no environment,
// because two of them have to meet somewhere; everything here is guarded by one
// mutex, nothing refers to JavaScript or to a loop. POSIX only.
//
// An offer ends in one of three ways: it is taken, it is withdrawn (its time is
// up), or the environment that made it ends. So a descriptor cannot outlive all
// that know of it. Keys come from the system's random source: without one nobody
// can take what another thread offers.
class Offers {
 public:
  static Offers& Shared();

  // 0 and the key, or a status; the offer is the caller's then.
  int Add(const Offer& offer, std::string* key);
  // False where there is no such offer (any more). The offer is the caller's.
  bool Take(const std::string& key, Offer* offer);
  // Discards all that `owner` has offered and nobody took.
  void End(const void* owner);

  // Closes the descriptor and removes the name.
  static void Discard(const Offer& offer);

 private:
  std::mutex mutex_;
  std::map<std::string, Offer> offers_;
};

}  // namespace uvnet

#endif  // UVNET_OFFERS_H_
