/*
 * The other end of outgoing connects: accepts, waits for the client to close, closes, counts.
 * Listens first and prints {"port":N}; the pid to measure is then read from stdin, because the
 * measured process can only start once it knows the port.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

static int listen_anywhere(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof(address);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  /* Any address: the client rotates over 127.0.0.x so that its ports never run out. */
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof(address)) != 0 ||
      listen(fd, 4096) != 0 || getsockname(fd, (struct sockaddr*)&address, &length) != 0) {
    fail("listen: %s", strerror(errno));
  }
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(int argc, char** argv) {
  static struct window window;
  struct epoll_event events[256];
  struct options options;
  char line[32], discarded[4096];

  parse_options(argc, argv, &options);
  int listener = listen_anywhere();
  if (fgets(line, sizeof(line), stdin) == NULL) return 1;
  options.pid = (pid_t)atoi(line);

  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) fail("cannot start");

  window_start(&window, &options);
  while (window_turn(&window)) {
    int ready = epoll_wait(epoll, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int accepted;
        while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          struct epoll_event added = {.events = EPOLLIN, .data.fd = accepted};
          epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &added);
        }
        if (errno != EAGAIN) fail("accept: %s", strerror(errno));
        continue;
      }
      ssize_t bytes = recv(fd, discarded, sizeof(discarded), 0);
      if (bytes > 0 || (bytes < 0 && errno == EAGAIN)) continue;
      close(fd);
      window_count(&window, 1, 0);
    }
  }
  window_report(&window);
  return 0;
}
