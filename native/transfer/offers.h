#ifndef UVNET_OFFERS_H_
#define UVNET_OFFERS_H_

#include <map>
#include <mutex>
#include <string>

namespace uvnet {

// An offer of one environment that another may take: a descriptor, and the name that libuv must
// unlink when the pipe bound to it is closed.
struct Offer {
  int fd = -1;
  // Allocated by libuv, and only libuv can free it. The pipe that takes the descriptor gets it.
  // Null for all but bound pipes.
  const char* name = nullptr;
  // The environment that made the offer. It is never dereferenced.
  const void* owner = nullptr;
};

// The offers of all environments of the process. They belong to no environment, because two
// environments must share them. One mutex guards everything. Nothing refers to JavaScript or to a
// loop. POSIX only.
//
// An offer ends in one of three ways: it is taken, it is withdrawn (its time is over), or the
// environment that made it ends. So no descriptor can leak. Keys come from the system's random
// source, so a thread needs the key to take an offer.
class Offers {
 public:
  static Offers& Shared();

  // Returns 0 and the key, or a status. On failure, the caller still owns the offer.
  int Add(const Offer& offer, std::string* key);
  // Returns false if there is no such offer (any more). On success, the caller owns the offer.
  bool Take(const std::string& key, Offer* offer);
  // Discards all remaining offers of `owner`.
  void End(const void* owner);

  // Closes the descriptor and removes the name.
  static void Discard(const Offer& offer);

 private:
  std::mutex mutex_;
  std::map<std::string, Offer> offers_;
};

}  // namespace uvnet

#endif  // UVNET_OFFERS_H_
