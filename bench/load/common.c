#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
/* Each batch waits for the server to get its core, which takes milliseconds on a busy machine. */
#define BATCH 64

void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

void die_with_parent(void) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail("prctl: %s", strerror(errno));
  if (getppid() == 1) exit(1);
}

void parse_options(int argc, char** argv, struct options* options) {
  static const struct option names[] = {
      {"path", required_argument, NULL, 'u'},     {"port", required_argument, NULL, 'p'},
      {"pid", required_argument, NULL, 'i'},      {"connections", required_argument, NULL, 'c'},
      {"size", required_argument, NULL, 's'},     {"depth", required_argument, NULL, 'd'},
      {"settle", required_argument, NULL, 'e'},   {"seconds", required_argument, NULL, 't'},
      {"kind", required_argument, NULL, 'k'},     {"buffer", required_argument, NULL, 'b'},
      {"idle", required_argument, NULL, 'l'},     {"pace", required_argument, NULL, 'a'},
      {NULL, 0, NULL, 0},
  };
  *options = (struct options){.connections = 1, .size = 64, .depth = 1, .seconds = 1,
                              .kind = ""};
  int name;
  while ((name = getopt_long(argc, argv, "", names, NULL)) != -1) {
    switch (name) {
      case 'u': options->path = optarg; break;
      case 'p': options->port = atoi(optarg); break;
      case 'i': options->pid = (pid_t)atoi(optarg); break;
      case 'c': options->connections = atoi(optarg); break;
      case 's': options->size = (size_t)atoll(optarg); break;
      case 'd': options->depth = atoi(optarg); break;
      case 'b': options->buffer = atoi(optarg); break;
      case 'l': options->idle = atoi(optarg); break;
      case 'a': options->pace = atoi(optarg); break;
      case 'e': options->settle = atof(optarg); break;
      case 't': options->seconds = atof(optarg); break;
      case 'k': options->kind = optarg; break;
      default: exit(2);
    }
  }
  if (options->connections < 1 || options->depth < 1 || options->size < 1 || options->settle < 0 ||
      options->seconds <= 0 || options->idle < 0 || options->pace < 0) {
    fail("option out of range");
  }
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  signal(SIGPIPE, SIG_IGN);
  die_with_parent();
}

uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

void resolve_target(const struct options* options, struct target* target) {
  memset(target, 0, sizeof(*target));
  target->buffer = options->buffer;
  if (options->path != NULL) {
    struct sockaddr_un* address = (struct sockaddr_un*)&target->address;
    address->sun_family = AF_UNIX;
    if (strlen(options->path) >= sizeof(address->sun_path)) fail("path too long");
    strcpy(address->sun_path, options->path);
    target->length = sizeof(*address);
  } else {
    struct sockaddr_in* address = (struct sockaddr_in*)&target->address;
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)options->port);
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target->length = sizeof(*address);
  }
}

/* Beyond the limit of ordinary users where we may, up to it where not. */
static void set_buffer(int fd, int forced, int plain, int bytes) {
  if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) == 0) return;
  setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes));
}

int connect_target(const struct target* target) {
  int fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket: %s", strerror(errno));
  if (target->buffer > 0) { /* before connecting: it decides the window that is offered */
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, target->buffer);
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, target->buffer);
  }
  /* Blocking on purpose: a unix socket with a full backlog would answer EAGAIN. */
  if (connect(fd, (const struct sockaddr*)&target->address, target->length) != 0) {
    fail("connect: %s", strerror(errno));
  }
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) fail("fcntl: %s", strerror(errno));
  return fd;
}

static void receive_echo(int fd, char* buffer, size_t size) {
  for (size_t received = 0; received < size;) {
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    if (poll(&readable, 1, 10000) != 1) fail("no echo");
    ssize_t bytes = recv(fd, buffer, size - received, 0);
    if (bytes <= 0) fail("recv: %s", bytes == 0 ? "closed by the server" : strerror(errno));
    received += (size_t)bytes;
  }
}

void open_echoed(const struct target* target, int count, size_t size) {
  int batch[BATCH];
  char* message = calloc(1, size);
  if (message == NULL) fail("out of memory");
  while (count > 0) {
    const int opened = count < BATCH ? count : BATCH;
    for (int i = 0; i < opened; i++) {
      batch[i] = connect_target(target);
      if (send(batch[i], message, size, 0) != (ssize_t)size) fail("send: %s", strerror(errno));
    }
    for (int i = 0; i < opened; i++) receive_echo(batch[i], message, size);
    count -= opened;
  }
  free(message);
}

/* Values below 128 have a bucket each; above, each power of two is cut into 64. */
static size_t bucket_of(uint64_t value) {
  if (value < 128) return (size_t)value;
  int shift = 57 - __builtin_clzll(value);
  return (size_t)(64 * shift) + (size_t)(value >> shift);
}

static uint64_t bucket_middle(size_t bucket) {
  if (bucket < 128) return bucket;
  int shift = (int)(bucket / 64) - 1;
  uint64_t low = (uint64_t)(bucket - (size_t)(64 * shift)) << shift;
  return low + ((UINT64_C(1) << shift) / 2);
}

void histogram_add(struct histogram* histogram, uint64_t value) {
  size_t bucket = bucket_of(value);
  if (bucket >= HISTOGRAM_BUCKETS) bucket = HISTOGRAM_BUCKETS - 1;
  histogram->buckets[bucket]++;
  histogram->count++;
  if (value > histogram->max) histogram->max = value;
}

uint64_t histogram_quantile(const struct histogram* histogram, double q) {
  uint64_t rank = (uint64_t)(q * (double)histogram->count);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
    seen += histogram->buckets[bucket];
    if (seen > rank) return bucket_middle(bucket);
  }
  return histogram->max;
}

/*
 * The process CPU clock counts every thread, the finished ones too, and is brought up to date by
 * the read itself. /proc/<pid>/schedstat has the same source but is only current as of the last
 * tick, and forgets threads that ended.
 */
static uint64_t process_cpu_ns(pid_t pid) {
  clockid_t clock;
  struct timespec time;
  if (pid == 0) return 0;
  int error = clock_getcpuclockid(pid, &clock);
  if (error != 0) fail("CPU clock of process %d: %s", (int)pid, strerror(error));
  if (clock_gettime(clock, &time) != 0) fail("process %d is gone", (int)pid);
  return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

/* How long the main thread was ready to run but had no core: the noise of other processes. */
static uint64_t process_wait_ns(pid_t pid) {
  char path[64];
  unsigned long long run = 0, wait = 0;
  if (pid == 0) return 0;
  snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
  FILE* file = fopen(path, "r");
  if (file == NULL) return 0; /* kernels without CONFIG_SCHED_INFO */
  if (fscanf(file, "%llu %llu", &run, &wait) != 2) wait = 0;
  fclose(file);
  return wait;
}

static void read_clocks(struct window* window, int sign) {
  pid_t server = window->options->pid;
  uint64_t factor = (uint64_t)(int64_t)sign; /* modular: adding "minus x" subtracts */
  window->server_cpu += factor * process_cpu_ns(server);
  window->own_cpu += factor * process_cpu_ns(getpid());
  window->server_wait += factor * process_wait_ns(server);
  window->own_wait += factor * process_wait_ns(getpid());
}

static uint64_t after_seconds(double seconds) {
  return now_ns() + (uint64_t)(seconds * (double)SECOND);
}

void window_start(struct window* window, const struct options* options) {
  memset(window, 0, sizeof(*window));
  window->options = options;
}

/* Stands still until told to go on; false at the end of stdin. */
static bool wait_for_turn(struct window* window) {
  char line[16];
  puts("ready");
  fflush(stdout);
  if (fgets(line, sizeof(line), stdin) == NULL) return false;
  bool counted = line[0] == 'g';
  const struct options* options = window->options;
  window->settling = counted;
  window->until = after_seconds(counted ? options->settle : options->settle + options->seconds);
  return true;
}

static void open_slice(struct window* window) {
  window->settling = false;
  window->open = true;
  window->opened_at = now_ns();
  window->until = after_seconds(window->options->seconds);
  read_clocks(window, -1);
}

static void close_slice(struct window* window) {
  read_clocks(window, 1);
  window->wall += now_ns() - window->opened_at;
  window->open = false;
}

bool window_turn(struct window* window) {
  if (now_ns() < window->until) return true;
  if (window->settling) {
    open_slice(window);
    return true;
  }
  if (window->open) close_slice(window);
  return wait_for_turn(window);
}

void window_report(const struct window* window) {
  const struct histogram* latency = &window->latency;
  printf("{\"operations\":%llu,\"bytes\":%llu,\"wallNs\":%llu,\"serverCpuNs\":%llu,"
         "\"loadCpuNs\":%llu,\"serverWaitNs\":%llu,\"loadWaitNs\":%llu",
         (unsigned long long)window->operations, (unsigned long long)window->bytes,
         (unsigned long long)window->wall,
         (unsigned long long)window->server_cpu, (unsigned long long)window->own_cpu,
         (unsigned long long)window->server_wait, (unsigned long long)window->own_wait);
  if (latency->count > 0) {
    printf(",\"latencyNs\":{\"p50\":%llu,\"p90\":%llu,\"p99\":%llu,\"p999\":%llu,"
           "\"max\":%llu}",
           (unsigned long long)histogram_quantile(latency, 0.5),
           (unsigned long long)histogram_quantile(latency, 0.9),
           (unsigned long long)histogram_quantile(latency, 0.99),
           (unsigned long long)histogram_quantile(latency, 0.999),
           (unsigned long long)latency->max);
  }
  puts("}");
}
