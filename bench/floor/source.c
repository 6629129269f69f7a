/* Writes --size bytes at a time into every connection, as fast as the kernel takes them. */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "floor.h"

static char* chunk;
static size_t chunk_bytes;

static void opened(struct connection* connection) { floor_watch(connection, EPOLLIN | EPOLLOUT); }

static void fill(struct connection* connection, uint32_t events) {
  char ignored[64];
  if ((events & EPOLLIN) != 0) {
    floor_read(connection, ignored, sizeof(ignored)); /* the end of the connection */
  } else if ((events & EPOLLOUT) != 0) {
    /* A byte stream of one value: a short write loses nothing that could be missed. */
    while (send(connection->fd, chunk, chunk_bytes, 0) == (ssize_t)chunk_bytes) continue;
  }
}

int main(int argc, char** argv) {
  struct floor_options options;
  floor_parse(argc, argv, &options);
  chunk_bytes = options.size;
  chunk = malloc(chunk_bytes);
  if (chunk == NULL) floor_fail("out of memory");
  memset(chunk, 'x', chunk_bytes);
  floor_run(&options, &(struct floor_server){.opened = opened, .event = fill}, true);
}
