/* Every byte read from one connection sends --size bytes to all the others. */
#include <stdlib.h>
#include <string.h>

#include "floor.h"

#define MOST_CONNECTIONS 65536

static struct connection* members[MOST_CONNECTIONS];
static size_t member_count;
static char* message;
static size_t message_bytes;

static void opened(struct connection* connection) {
  if (member_count == MOST_CONNECTIONS) floor_fail("too many connections");
  members[member_count++] = connection;
}

static void broadcast(struct connection* connection, uint32_t events) {
  (void)events;
  char trigger[64];
  /* Connections of this workload live as long as the server: none is ever removed. */
  if (floor_read(connection, trigger, sizeof(trigger)) == 0) return;
  for (size_t i = 0; i < member_count; i++) {
    if (members[i] != connection) floor_send(members[i], message, message_bytes);
  }
}

int main(int argc, char** argv) {
  struct floor_options options;
  floor_parse(argc, argv, &options);
  message_bytes = options.size;
  message = malloc(message_bytes);
  if (message == NULL) floor_fail("out of memory");
  memset(message, 'b', message_bytes);
  floor_run(&options, &(struct floor_server){.opened = opened, .event = broadcast}, true);
}
