/* Sends back the bytes that it reads. It is also the backend of the proxy workloads. */
#include "floor.h"

static char buffer[64 * 1024];

static void echo(struct connection* connection, uint32_t events) {
  (void)events;
  size_t bytes = floor_read(connection, buffer, sizeof(buffer));
  if (bytes > 0) floor_send(connection, buffer, bytes);
}

int main(int argc, char** argv) {
  struct floor_options options;
  floor_parse(argc, argv, &options);
  floor_run(&options, &(struct floor_server){.event = echo}, true);
}
