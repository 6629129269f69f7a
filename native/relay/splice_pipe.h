#ifndef UVNET_SPLICE_PIPE_H_
#define UVNET_SPLICE_PIPE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "env/environment.h"

namespace uvnet {

// A pipe through which bytes go from one socket to another without being copied: splice(2), which
// only Linux has. Results are numbers of bytes or a libuv status.
class SplicePipe {
 public:
  // What one round asks for. The pipe has room for as many pages; where the system grants fewer,
  // rounds are smaller and nothing else changes.
  static constexpr size_t kSize = 256 * 1024;

  // Null where the system has none to give: no descriptors left, or no splice(2).
  static std::unique_ptr<SplicePipe> Open();
  ~SplicePipe();

  SplicePipe(const SplicePipe&) = delete;
  SplicePipe& operator=(const SplicePipe&) = delete;

  // Moves what has arrived at a socket into the pipe, which must be empty. 0: the socket has ended.
  int FillFrom(int socket);
  // Moves what the socket takes out of the pipe, which must not be empty.
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

// Empty pipes, to be used again. Bytes rest in a pipe only while their receiver takes no
// more, so that one pipe serves any number of connections that flow.
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
  // A pipe is two descriptors: a few are worth keeping, not as many as a crowd of slow receivers
  // has needed once.
  static constexpr size_t kKeep = 4;

  std::vector<std::unique_ptr<SplicePipe>> free_;
};

}  // namespace uvnet

#endif  // UVNET_SPLICE_PIPE_H_
