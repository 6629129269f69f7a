/* Accepts and closes: what the kernel alone takes for a connection that nobody wants. */
#include "floor.h"

int main(int argc, char** argv) {
  struct floor_options options;
  floor_parse(argc, argv, &options);
  floor_run(&options, &(struct floor_server){.event = NULL}, true);
}
