/*
 * A client: it connects, ends its side as soon as it is connected, waits for the end of the peer,
 * closes, and connects again. Without the wait, it could be ahead of the program that counts the
 * connections, by as many as the backlog holds.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include "floor.h"

static struct floor_options options;
static unsigned turn;

static void dial(void) { floor_add(floor_dial(&options, turn++), EPOLLOUT); }

static void advance(struct connection* connection, uint32_t events) {
  if ((events & EPOLLERR) != 0) floor_fail("connect failed");
  if (connection->state == 0) {
    connection->state = 1; /* connected, ended on our side */
    shutdown(connection->fd, SHUT_WR);
    floor_watch(connection, EPOLLIN);
  } else {
    floor_close(connection);
    dial();
  }
}

int main(int argc, char** argv) {
  floor_parse(argc, argv, &options);
  floor_ready(0);
  for (int i = 0; i < options.connections; i++) dial();
  floor_run(&options, &(struct floor_server){.event = advance}, false);
}
