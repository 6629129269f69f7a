/*
 * Connects to the target for every accepted connection and passes bytes in both directions.
 *
 * - --kind copy: through a buffer (small messages)
 * - --kind splice: inside the kernel, from the client to the target only (bulk)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "floor.h"

#define PIPE_BYTES (256 * 1024)

static struct floor_options options;
static char buffer[64 * 1024];
static int pipes[65536][2]; /* by descriptor of the reading side; splice only */

static void opened(struct connection* connection) {
  struct connection* target = floor_add(floor_dial(&options, 0), EPOLLIN);
  connection->peer = target;
  target->peer = connection;
  if (strcmp(options.kind, "splice") == 0) {
    if (pipe2(pipes[connection->fd], O_NONBLOCK | O_CLOEXEC) != 0) floor_fail("pipe2 failed");
    fcntl(pipes[connection->fd][1], F_SETPIPE_SZ, PIPE_BYTES);
    connection->state = 1; /* this side is spliced */
  }
}

/* Proxied connections live as long as the load: the first one that ends, ends the measurement. */
static void finished(void) { exit(0); }

static void copy(struct connection* connection) {
  struct connection* peer = connection->peer;
  ssize_t bytes = read(connection->fd, buffer, sizeof(buffer));
  if (bytes > 0) {
    floor_send(peer, buffer, (size_t)bytes);
  } else if (bytes == 0 || errno != EAGAIN) {
    finished();
  }
}

static void move(struct connection* connection) {
  int* ends = pipes[connection->fd];
  const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  ssize_t in = splice(connection->fd, NULL, ends[1], NULL, PIPE_BYTES, flags);
  if (in == 0) finished();
  /* EAGAIN may also mean a full pipe, so it is emptied in any case. */
  ssize_t out = splice(ends[0], NULL, connection->peer->fd, NULL, PIPE_BYTES, flags);
  bool stuck = out < 0 && errno == EAGAIN && in < 0;
  if (stuck) {
    /* The target is full: wait for it, and do not read from the client. */
    floor_watch(connection, 0);
    floor_watch(connection->peer, EPOLLIN | EPOLLOUT);
  }
}

static void event(struct connection* connection, uint32_t events) {
  if (connection->state == 1) {
    move(connection);
  } else if (connection->peer->state == 1 && (events & EPOLLOUT) != 0) {
    floor_watch(connection, EPOLLIN);
    floor_watch(connection->peer, EPOLLIN);
    move(connection->peer);
  } else {
    copy(connection);
  }
}

int main(int argc, char** argv) {
  floor_parse(argc, argv, &options);
  floor_run(&options, &(struct floor_server){.opened = opened, .event = event}, true);
}
