/* Reads and drops the bytes. It is also the backend of the bulk proxy workload. */
#include "floor.h"

static char buffer[64 * 1024];

static void discard(struct connection* connection, uint32_t events) {
  (void)events;
  floor_read(connection, buffer, sizeof(buffer));
}

int main(int argc, char** argv) {
  struct floor_options options;
  floor_parse(argc, argv, &options);
  floor_run(&options, &(struct floor_server){.event = discard}, true);
}
