/*
 * One message to many: a control connection sends one byte, the server answers by sending --size
 * bytes to every other connection; when all have it, the next byte goes out. An operation is one
 * message delivered; the latency is that of a whole round.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

struct receiver {
  int fd;
  size_t received; /* of this round */
};

int main(int argc, char** argv) {
  static struct window window;
  static char buffer[64 * 1024];
  struct epoll_event events[256];
  struct options options;
  struct target target;

  parse_options(argc, argv, &options);
  resolve_target(&options, &target);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct receiver* receivers = calloc((size_t)options.connections, sizeof(*receivers));
  if (epoll < 0 || receivers == NULL) fail("cannot start");
  for (int i = 0; i < options.connections; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &receivers[i]};
    receivers[i].fd = connect_target(&target);
    epoll_ctl(epoll, EPOLL_CTL_ADD, receivers[i].fd, &event);
  }
  /* Connected last, so the server has accepted every receiver before it hears of a round. */
  int control = connect_target(&target);

  window_start(&window, &options);
  int waiting = 0;
  uint64_t round_started = 0;
  while (window_turn(&window)) {
    if (waiting == 0) {
      for (int i = 0; i < options.connections; i++) receivers[i].received = 0;
      waiting = options.connections;
      round_started = now_ns();
      if (send(control, "b", 1, 0) != 1) fail("send: %s", strerror(errno));
    }
    int ready = epoll_wait(epoll, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      struct receiver* receiver = events[i].data.ptr;
      ssize_t bytes = recv(receiver->fd, buffer, sizeof(buffer), 0);
      if (bytes < 0 && errno == EAGAIN) continue;
      if (bytes <= 0) fail("recv: %s", bytes == 0 ? "closed by the server" : strerror(errno));
      receiver->received += (size_t)bytes;
      if (receiver->received > options.size) fail("message too long");
      if (receiver->received < options.size) continue;
      window_count(&window, 1, options.size);
      if (--waiting == 0) window_latency(&window, round_started);
    }
  }
  window_report(&window);
  return 0;
}
