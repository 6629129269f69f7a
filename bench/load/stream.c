/*
 * One-way traffic at full speed.
 *   --kind send      writes --size bytes at a time into every connection (the server reads)
 *   --kind receive   reads whatever comes (the server writes)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

#define RECEIVE_BYTES (256 * 1024)

int main(int argc, char** argv) {
  static struct window window;
  struct epoll_event events[64];
  struct options options;
  struct target target;

  parse_options(argc, argv, &options);
  resolve_target(&options, &target);
  bool sends = strcmp(options.kind, "send") == 0;
  if (!sends && strcmp(options.kind, "receive") != 0) fail("unknown --kind %s", options.kind);
  size_t buffer_bytes = sends ? options.size : RECEIVE_BYTES;
  char* buffer = malloc(buffer_bytes);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (buffer == NULL || epoll < 0) fail("cannot start");
  memset(buffer, 'x', buffer_bytes);

  for (int i = 0; i < options.connections; i++) {
    int fd = connect_target(&target);
    struct epoll_event event = {.events = sends ? EPOLLOUT : EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  window_start(&window, &options);
  while (window_turn(&window)) {
    int ready = epoll_wait(epoll, events, 64, 100);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      ssize_t bytes = sends ? send(fd, buffer, buffer_bytes, 0) : recv(fd, buffer, buffer_bytes, 0);
      if (bytes < 0 && errno == EAGAIN) continue;
      if (bytes < 0) fail("%s: %s", options.kind, strerror(errno));
      if (bytes == 0) fail("server closed the connection");
      window_count(&window, 0, (uint64_t)bytes);
    }
  }
  window_report(&window);
  return 0;
}
