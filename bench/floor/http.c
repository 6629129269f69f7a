/* Answers every request with the same 200 once its empty line has arrived. */
#include <string.h>

#include "floor.h"

static const char kAnswer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";
static const char kEnd[] = "\r\n\r\n";

static char buffer[64 * 1024];

static void answer(struct connection* connection, uint32_t events) {
  (void)events;
  size_t bytes = floor_read(connection, buffer, sizeof(buffer));
  if (bytes == 0) return;
  uint32_t matched = connection->state;
  size_t requests = 0;
  for (size_t i = 0; i < bytes; i++) {
    matched = buffer[i] == kEnd[matched] ? matched + 1 : (buffer[i] == '\r' ? 1 : 0);
    if (matched == 4) {
      matched = 0;
      requests++;
    }
  }
  connection->state = matched;
  while (requests-- > 0) floor_send(connection, kAnswer, sizeof(kAnswer) - 1);
}

int main(int argc, char** argv) {
  struct floor_options options;
  floor_parse(argc, argv, &options);
  floor_run(&options, &(struct floor_server){.event = answer}, true);
}
