#ifndef UVNET_SPLICE_PIPE_H_
#define UVNET_SPLICE_PIPE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "env/environment.h"

namespace uvnet {

// A pipe that moves bytes from one socket to another without copying them: splice(2), which only
// Linux has. Results are numbers of bytes or a libuv status.
class SplicePipe {
 public:
  // The number of bytes requested in one round. The pipe has room for as many pages. If the system
  // grants fewer, rounds are smaller, and nothing else changes.
  static constexpr size_t kSize = 256 * 1024;

  // Returns null if there are no descriptors left, or if there is no splice(2).
  static std::unique_ptr<SplicePipe> Open();
  ~SplicePipe();

  SplicePipe(const SplicePipe&) = delete;
  SplicePipe& operator=(const SplicePipe&) = delete;

  // Moves the bytes that have arrived at a socket into the pipe, which must be empty. 0: the socket
  // has ended.
  int FillFrom(int socket);
  // Moves as many bytes as the socket accepts out of the pipe, which must not be empty.
  int DrainTo(int socket);
  // Copies bytes out of the pipe, which must hold as many.
  int Read(char* to, size_t size);

  size_t used() const { return used_; }

 private:
#ifdef __linux__
  SplicePipe(int out, int in) : out_(out), in_(in) {}

  int out_;
  int in_;
#endif
  size_t used_ = 0;
};

// Empty pipes for reuse. Bytes stay in a pipe only while their receiver accepts no more, so one
// pipe serves any number of flowing connections.
class SplicePipePool final : public EnvironmentPart {
 public:
  static SplicePipePool& Of(Environment* environment) {
    return environment->Use<SplicePipePool>(Part::kSplicePipes);
  }
  explicit SplicePipePool(Environment*) {}

  std::unique_ptr<SplicePipe> Take() {
    if (free_.empty()) return SplicePipe::Open();
    std::unique_ptr<SplicePipe> pipe = std::move(free_.back());
    free_.pop_back();
    return pipe;
  }
  void Give(std::unique_ptr<SplicePipe> pipe) {
    if (pipe->used() == 0 && free_.size() < kKeep) free_.push_back(std::move(pipe));
  }

 private:
  // A pipe has two descriptors. Only a few are kept, and not as many as a crowd of slow receivers
  // has needed at some time.
  static constexpr size_t kKeep = 4;

  std::vector<std::unique_ptr<SplicePipe>> free_;
};

}  // namespace uvnet

#endif  // UVNET_SPLICE_PIPE_H_
