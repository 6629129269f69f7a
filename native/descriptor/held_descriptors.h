#ifndef UVNET_HELD_DESCRIPTORS_H_
#define UVNET_HELD_DESCRIPTORS_H_

#ifndef _WIN32
#include <unistd.h>
#endif

#include <set>

#include "env/environment.h"

namespace uvnet {

// The descriptors that JavaScript holds as plain numbers: duplicates that will get a new owner, and
// those that a peer has sent. A worker may be terminated while it holds some, without running any
// more code. So the environment closes the remaining ones.
//
// A descriptor is either here or has another owner. A new owner calls Release in the same native
// call that makes it the owner, before JavaScript can be interrupted.
class HeldDescriptors final : public EnvironmentPart {
 public:
  explicit HeldDescriptors(Environment*) {}
  static HeldDescriptors& Of(Environment* environment) {
    return environment->Use<HeldDescriptors>(Part::kHeldDescriptors);
  }

  // Also accepts a status instead of a descriptor, and returns it unchanged.
  int Hold(int fd) {
    if (fd >= 0) held_.insert(fd);
    return fd;
  }
  // Returns false if it is not held here.
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
