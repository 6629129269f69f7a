#ifndef UVNET_HELD_DESCRIPTORS_H_
#define UVNET_HELD_DESCRIPTORS_H_

#ifndef _WIN32
#include <unistd.h>
#endif

#include <set>

#include "env/environment.h"

namespace uvnet {

// The descriptors that JavaScript holds as mere numbers: duplicates on their way to somebody, and
// those that a peer has sent. A worker may be terminated while it holds some, with no code of its
// own to run any more, so the environment closes what is left.
//
// A descriptor is here or has another owner, never both: a new owner calls Release in the native
// call that makes it the owner, before JavaScript could be interrupted.
class HeldDescriptors final : public EnvironmentPart {
 public:
  explicit HeldDescriptors(Environment*) {}
  static HeldDescriptors& Of(Environment* environment) {
    return environment->Use<HeldDescriptors>(Part::kHeldDescriptors);
  }

  // Also takes a status, which is no descriptor and is given back as it is.
  int Hold(int fd) {
    if (fd >= 0) held_.insert(fd);
    return fd;
  }
  // False where it is not held here.
  bool Release(int fd) { return held_.erase(fd) != 0; }
  bool Holds(int fd) const { return held_.count(fd) != 0; }

  void Close() override {
#ifndef _WIN32
    for (const int fd : held_) close(fd);
#endif
    held_.clear();
  }

 private:
  std::set<int> held_;
};

}  // namespace uvnet

#endif  // UVNET_HELD_DESCRIPTORS_H_
