// Links: native/env/terminate_handler.cc
// Options: -static-libstdc++ -Wno-unused-command-line-argument

#include <string>

#include "check.h"

// As in the release build, the runtime must be linked in.
#if defined(__GLIBCXX__) && !defined(_WIN32)

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace {

struct Ending {
  std::string printed;
  int signal;
};

// What a process prints and how it ends after `body`.
template <typename Body>
Ending EndOf(Body body) {
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  // What waits to be printed must not be printed twice.
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  close(ends[1]);
  Ending ending{};
  char bytes[256];
  for (ssize_t count; (count = read(ends[0], bytes, sizeof bytes)) > 0;) {
    ending.printed.append(bytes, static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) ending.signal = WTERMSIG(status);
  return ending;
}

}  // namespace

TEST(AnExceptionOfTheRuntimeEndsTheProcessWithItsType) {
  const Ending ending = EndOf([] { std::__throw_length_error("too long"); });
  CHECK_EQ(ending.signal, SIGABRT);
  CHECK_EQ(ending.printed,
           std::string("uvnet: a C++ exception ends the process: St12length_error\n"));
}

TEST(AnEndWithoutAnExceptionSaysSo) {
  const Ending ending = EndOf([] { std::terminate(); });
  CHECK_EQ(ending.signal, SIGABRT);
  CHECK_EQ(ending.printed, std::string("uvnet: a C++ exception ends the process\n"));
}

#else

// The runner expects a test of each program.
TEST(ThisSystemHasNoSuchRuntime) {}

#endif

int main() { return check::RunTests(); }
