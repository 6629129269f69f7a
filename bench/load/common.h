/* Shared code of the load generators: options, sockets, the measured window, latencies. */
#ifndef UVNET_BENCH_COMMON_H_
#define UVNET_BENCH_COMMON_H_

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

struct options {
  const char* path; /* unix socket path, or NULL for TCP */
  int port;         /* TCP port on 127.0.0.1 */
  pid_t pid;        /* the process whose CPU time is measured; 0 = none */
  int connections;  /* simultaneous connections */
  size_t size;      /* bytes of one message or of one write */
  int depth;        /* messages in flight per connection, sent in one write */
  int buffer;     /* bytes of kernel buffer on our side of a connection; 0 = the kernel's choice */
  double settle;  /* seconds of traffic at the start of each slice that are not counted */
  double seconds; /* length of a slice, without that */
  int idle;       /* connections that are open beside these, and do nothing */
  int pace;       /* messages a second of all connections together; 0 = as many as there can be */
  const char* kind; /* variant within a generator: "echo", "resp", "send", ... */
};

void parse_options(int argc, char** argv, struct options* options);

/* Prints a message on stderr and exits with status 1. */
void fail(const char* format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Ends this process when its parent dies, so that nothing is ever left behind. */
void die_with_parent(void);

uint64_t now_ns(void);

/* Address of the server under measurement. */
struct target {
  struct sockaddr_storage address;
  socklen_t length;
  int buffer; /* see options */
};
void resolve_target(const struct options* options, struct target* target);

/* A connected, non-blocking socket. Ends the process when the server refuses. */
int connect_target(const struct target* target);

/*
 * Opens connections, has `size` bytes echoed on each, so that the server has accepted and used them
 * all, and leaves them open.
 */
void open_echoed(const struct target* target, int count, size_t size);

/* Latencies: log-linear buckets, at most 1.6 % wide. */
#define HISTOGRAM_BUCKETS (64 * 60)
struct histogram {
  uint64_t count;
  uint64_t max;
  uint64_t buckets[HISTOGRAM_BUCKETS];
};
void histogram_add(struct histogram* histogram, uint64_t value);
uint64_t histogram_quantile(const struct histogram* histogram, double q);

/*
 * The measurement. Traffic runs in slices: at first, and after each slice, the generator prints
 * "ready" and waits for the next line on stdin: "warm" for a slice that is not counted, "go" for
 * one that is. So several servers can be alive at the same time, and be warmed up and measured in
 * turns of a fraction of a second. The end of stdin ends everything. Operations are counted from
 * the start to the end of a slice. At the same two moments, this process reads the CPU clock of the
 * measured process. So both parts of "CPU per operation" cover the same time, and measuring costs
 * the server nothing.
 */
struct window {
  /* private */
  const struct options* options;
  bool open;     /* a slice is being counted */
  bool settling; /* such a slice has begun, but is not counted yet */
  uint64_t until, opened_at;
  uint64_t operations, bytes, wall, server_cpu, own_cpu, server_wait, own_wait;
  struct histogram latency;
};
void window_start(struct window* window, const struct options* options);

/* Call once per turn of the loop. Returns false when no more slices are wanted. */
bool window_turn(struct window* window);

/* Prints the sum of all slices as one line of JSON. */
void window_report(const struct window* window);

static inline void window_count(struct window* window, uint64_t operations, uint64_t bytes) {
  if (!window->open) return;
  window->operations += operations;
  window->bytes += bytes;
}

/* Notes how long an operation took that began at `started`. */
static inline void window_latency(struct window* window, uint64_t started) {
  if (window->open) histogram_add(&window->latency, now_ns() - started);
}

#endif /* UVNET_BENCH_COMMON_H_ */
