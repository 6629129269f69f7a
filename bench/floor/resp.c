/*
 * Answers every Redis command with +OK. All answers to one read leave in one send, which is the
 * best result for a server that writes once per command.
 */
#include <string.h>

#include "floor.h"

#define REPLY "+OK\r\n"
#define REPLY_BYTES (sizeof(REPLY) - 1)

enum phase { ARRAY, BULK_HEADER, BULK_BODY };

static char buffer[64 * 1024];
static char replies[sizeof(buffer)]; /* a command is longer than its reply */

/* The parser lives in 32 bits of the connection: phase, elements left, number or bytes left. */
struct parser {
  uint32_t phase : 2;
  uint32_t elements : 6;
  uint32_t number : 24;
};

static size_t count_commands(struct parser* parser, const char* data, size_t size) {
  size_t commands = 0;
  for (size_t i = 0; i < size;) {
    if (parser->phase == BULK_BODY) {
      size_t rest = size - i;
      size_t skipped = rest < parser->number ? rest : parser->number;
      i += skipped;
      parser->number -= (uint32_t)skipped;
      if (parser->number > 0) break;
      parser->phase = --parser->elements == 0 ? ARRAY : BULK_HEADER;
      if (parser->phase == ARRAY) commands++;
      continue;
    }
    char byte = data[i++];
    if (byte >= '0' && byte <= '9') {
      parser->number = parser->number * 10 + (uint32_t)(byte - '0');
    } else if (byte == '\n') {
      if (parser->phase == ARRAY) {
        parser->elements = parser->number;
        parser->phase = BULK_HEADER;
        parser->number = 0;
      } else {
        parser->phase = BULK_BODY;
        parser->number += 2; /* the line end after the body */
      }
    }
  }
  return commands;
}

static void answer(struct connection* connection, uint32_t events) {
  (void)events;
  struct parser parser;
  size_t bytes = floor_read(connection, buffer, sizeof(buffer));
  if (bytes == 0) return;
  memcpy(&parser, &connection->state, sizeof(parser));
  size_t commands = count_commands(&parser, buffer, bytes);
  memcpy(&connection->state, &parser, sizeof(parser));
  if (commands > 0) floor_send(connection, replies, commands * REPLY_BYTES);
}

int main(int argc, char** argv) {
  struct floor_options options;
  _Static_assert(sizeof(struct parser) == sizeof(uint32_t), "fits the connection's state");
  for (size_t at = 0; at + REPLY_BYTES <= sizeof(replies); at += REPLY_BYTES) {
    memcpy(replies + at, REPLY, REPLY_BYTES);
  }
  floor_parse(argc, argv, &options);
  floor_run(&options, &(struct floor_server){.event = answer}, true);
}
