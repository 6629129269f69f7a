/*
 * The floor: the cost of each workload in a plain C program with level-triggered epoll, one thread
 * and no library. The shared code is here; each server is one small file.
 */
#ifndef UVNET_BENCH_FLOOR_H_
#define UVNET_BENCH_FLOOR_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct floor_options {
  const char* path; /* listen on this unix socket, or on a TCP port of 127.0.0.1 when NULL */
  const char* kind; /* variant within a server */
  size_t size;      /* bytes of one write, where the server decides */
  int connections;  /* simultaneous connections, where the server decides */
  int target_port;  /* where a proxy or a client connects to, on 127.0.0.1 */
};

struct connection {
  int fd;
  uint32_t state;          /* for the server's own use */
  struct connection* peer; /* for proxies */
  struct pending* pending; /* what the kernel refused so far; NULL almost always */
};

void floor_fail(const char* format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void floor_parse(int argc, char** argv, struct floor_options* options);

/* Reports to the benchmark that the server is ready; port 0 means a Unix socket or a client. */
void floor_ready(int port);

/* Starts an outgoing connection to the target; `turn` rotates over 127.0.0.x. */
int floor_dial(const struct floor_options* options, unsigned turn);

struct connection* floor_add(int fd, uint32_t events);
void floor_watch(struct connection* connection, uint32_t events);
void floor_close(struct connection* connection);

/* Reads once. Returns the bytes read, or 0 when there is nothing and when it closed. */
size_t floor_read(struct connection* connection, char* buffer, size_t size);

/*
 * Sends all bytes. It keeps the bytes that the kernel refuses, and stops reading until they have
 * left.
 */
void floor_send(struct connection* connection, const char* data, size_t size);

struct floor_server {
  void (*opened)(struct connection* connection); /* may be NULL */
  /* EPOLLIN, EPOLLOUT; without it connections are closed as soon as they are accepted */
  void (*event)(struct connection* connection, uint32_t events);
};

/* Listens if `listens` is set, then serves for ever. It ends with its benchmark. */
void floor_run(const struct floor_options* options, const struct floor_server* server,
               bool listens);

#endif /* UVNET_BENCH_FLOOR_H_ */
