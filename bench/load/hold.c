/*
 * Idle connections: opens --connections of them, has --size bytes echoed once on each (so that
 * the server is known to have accepted and used them all), prints {"held":N} and keeps them open
 * until stdin ends.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "common.h"

int main(int argc, char** argv) {
  struct options options;
  struct target target;

  parse_options(argc, argv, &options);
  resolve_target(&options, &target);
  open_echoed(&target, options.connections, options.size);
  printf("{\"held\":%d}\n", options.connections);
  fflush(stdout);
  while (getchar() != EOF) continue;
  return 0;
}
