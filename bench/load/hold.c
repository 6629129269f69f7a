/*
 * Idle connections: opens --connections of them, has --size bytes echoed once on each (so that
 * the server is known to have accepted and used them all), prints {"held":N} and keeps them open
 * until stdin ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

static void echo_once(int fd, const char* message, char* buffer, size_t size) {
  if (send(fd, message, size, 0) != (ssize_t)size) fail("send: %s", strerror(errno));
  for (size_t received = 0; received < size;) {
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    if (poll(&readable, 1, 10000) != 1) fail("no echo");
    ssize_t bytes = recv(fd, buffer, size - received, 0);
    if (bytes <= 0) fail("recv: %s", bytes == 0 ? "closed by the server" : strerror(errno));
    received += (size_t)bytes;
  }
}

int main(int argc, char** argv) {
  struct options options;
  struct target target;

  parse_options(argc, argv, &options);
  resolve_target(&options, &target);
  char* message = calloc(1, options.size);
  char* buffer = malloc(options.size);
  if (message == NULL || buffer == NULL) fail("cannot start");
  for (int i = 0; i < options.connections; i++) {
    echo_once(connect_target(&target), message, buffer, options.size);
  }
  printf("{\"held\":%d}\n", options.connections);
  fflush(stdout);
  while (getchar() != EOF) continue;
  return 0;
}
