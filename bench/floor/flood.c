/* Accepts and closes: the time that the kernel alone needs for a refused connection. */
#include "floor.h"

int main(int argc, char** argv) {
  struct floor_options options;
  floor_parse(argc, argv, &options);
  floor_run(&options, &(struct floor_server){.event = NULL}, true);
}
