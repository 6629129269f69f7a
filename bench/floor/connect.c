/* A client: connects, closes as soon as it is connected, connects again. */
#include <sys/epoll.h>

#include "floor.h"

static struct floor_options options;
static unsigned turn;

static void dial(void) { floor_add(floor_dial(&options, turn++), EPOLLOUT); }

static void connected(struct connection* connection, uint32_t events) {
  if ((events & EPOLLERR) != 0) floor_fail("connect failed");
  floor_close(connection);
  dial();
}

int main(int argc, char** argv) {
  floor_parse(argc, argv, &options);
  floor_ready(0);
  for (int i = 0; i < options.connections; i++) dial();
  floor_run(&options, &(struct floor_server){.event = connected}, false);
}
