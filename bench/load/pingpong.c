/*
 * Request and answer over long-lived connections: each connection sends --depth requests in one
 * write, waits for all the answers, checks them, and sends the next batch.
 *   --kind echo   --size bytes, which must come back unchanged
 *   --kind lines  lines of --size bytes, which must come back unchanged
 *   --kind resp   Redis SET commands, each answered by +OK
 *   --kind http   GET requests with keep-alive, each answered by 200
 *
 * With --pace, a connection sends at fixed times. Latency counts from the time at which a batch was
 * due, so a late answer delays what comes behind it in the figures, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

#define RECEIVE_BYTES (256 * 1024)
#define RESP_REPLY "+OK\r\n"
#define HTTP_OK "HTTP/1.1 200"

static const char kRespCommand[] = "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nxxx\r\n";
static const char kHttpRequest[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

struct traffic {
  char* request; /* one batch: depth requests */
  size_t request_bytes;
  char* answer; /* one batch of expected answers, or NULL where they vary */
  size_t answer_bytes;
};

struct connection {
  int fd;
  size_t sent;
  size_t received;
  uint64_t sent_at;
  bool wants_writable;
  bool waiting; /* for its time to send */
  uint64_t due; /* that time, with --pace */
};

static char* repeat(const char* text, size_t bytes, int times) {
  char* result = malloc(bytes * (size_t)times);
  if (result == NULL) fail("out of memory");
  for (int i = 0; i < times; i++) memcpy(result + bytes * (size_t)i, text, bytes);
  return result;
}

/* Asks once, to learn how long an answer is: headers vary between servers, not between requests. */
static size_t probe_http(const struct target* target) {
  char buffer[16 * 1024];
  size_t received = 0;
  int fd = connect_target(target);
  if (send(fd, kHttpRequest, sizeof(kHttpRequest) - 1, 0) < 0) fail("send: %s", strerror(errno));
  for (;;) {
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    if (poll(&readable, 1, 5000) != 1) fail("no answer to the first HTTP request");
    ssize_t bytes = recv(fd, buffer + received, sizeof(buffer) - 1 - received, 0);
    if (bytes <= 0) fail("first HTTP answer ended early");
    received += (size_t)bytes;
    buffer[received] = '\0';
    const char* end = strstr(buffer, "\r\n\r\n");
    const char* length = strcasestr(buffer, "\r\ncontent-length:");
    if (end == NULL) continue;
    if (length == NULL || length > end) fail("HTTP answer has no Content-Length");
    size_t total = (size_t)(end + 4 - buffer) + (size_t)atol(length + 17);
    if (received < total) continue;
    if (memcmp(buffer, HTTP_OK, strlen(HTTP_OK)) != 0) fail("HTTP answer is not 200");
    close(fd);
    return total;
  }
}

static void make_traffic(const struct options* options, const struct target* target,
                         struct traffic* traffic) {
  int depth = options->depth;
  bool lines = strcmp(options->kind, "lines") == 0;
  if (lines || strcmp(options->kind, "echo") == 0) {
    traffic->request_bytes = options->size * (size_t)depth;
    traffic->request = malloc(traffic->request_bytes);
    if (traffic->request == NULL) fail("out of memory");
    for (size_t i = 0; i < traffic->request_bytes; i++) {
      bool ends = lines && (i + 1) % options->size == 0;
      traffic->request[i] = ends ? '\n' : (char)('!' + (i * 31 + i / 64) % 90);
    }
    traffic->answer = traffic->request;
    traffic->answer_bytes = traffic->request_bytes;
  } else if (strcmp(options->kind, "resp") == 0) {
    traffic->request_bytes = (sizeof(kRespCommand) - 1) * (size_t)depth;
    traffic->request = repeat(kRespCommand, sizeof(kRespCommand) - 1, depth);
    traffic->answer_bytes = strlen(RESP_REPLY) * (size_t)depth;
    traffic->answer = repeat(RESP_REPLY, strlen(RESP_REPLY), depth);
  } else if (strcmp(options->kind, "http") == 0) {
    traffic->request_bytes = (sizeof(kHttpRequest) - 1) * (size_t)depth;
    traffic->request = repeat(kHttpRequest, sizeof(kHttpRequest) - 1, depth);
    traffic->answer_bytes = probe_http(target) * (size_t)depth;
    traffic->answer = NULL;
  } else {
    fail("unknown --kind %s", options->kind);
  }
}

static void watch_writable(int epoll, struct connection* connection, bool wanted) {
  struct epoll_event event = {.events = EPOLLIN | (wanted ? (uint32_t)EPOLLOUT : 0),
                              .data.ptr = connection};
  connection->wants_writable = wanted;
  epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void send_rest(int epoll, struct connection* connection, const struct traffic* traffic) {
  size_t rest = traffic->request_bytes - connection->sent;
  ssize_t bytes = send(connection->fd, traffic->request + connection->sent, rest, 0);
  if (bytes < 0) {
    if (errno != EAGAIN) fail("send: %s", strerror(errno));
    bytes = 0;
  }
  connection->sent += (size_t)bytes;
  bool wanted = connection->sent < traffic->request_bytes;
  if (wanted != connection->wants_writable) watch_writable(epoll, connection, wanted);
}

static void start_batch(int epoll, struct connection* connection, const struct traffic* traffic) {
  connection->sent = 0;
  connection->received = 0;
  connection->waiting = false;
  connection->sent_at = connection->due > 0 ? connection->due : now_ns();
  send_rest(epoll, connection, traffic);
}

/* Sends where it is time to. */
static void start_due(int epoll, struct connection* connections, const struct options* options,
                      const struct traffic* traffic, uint64_t period) {
  uint64_t now = now_ns();
  for (int i = 0; i < options->connections; i++) {
    struct connection* connection = &connections[i];
    if (!connection->waiting || connection->due + period > now) continue;
    connection->due += period;
    start_batch(epoll, connection, traffic);
  }
}

/* The first times to send, spread evenly. After a standstill they begin anew. */
static void spread(struct connection* connections, int count, uint64_t period) {
  uint64_t now = now_ns();
  for (int i = 0; i < count; i++) {
    connections[i].due = now - period + period * (uint64_t)i / (uint64_t)count;
  }
}

/* Returns true when a whole batch of answers has arrived. */
static bool receive(struct connection* connection, const struct traffic* traffic, char* buffer) {
  ssize_t bytes = recv(connection->fd, buffer, RECEIVE_BYTES, 0);
  if (bytes < 0 && errno == EAGAIN) return false;
  if (bytes < 0) fail("recv: %s", strerror(errno));
  if (bytes == 0) fail("server closed the connection");
  if (connection->received + (size_t)bytes > traffic->answer_bytes) fail("answer too long");
  if (traffic->answer != NULL) {
    if (memcmp(buffer, traffic->answer + connection->received, (size_t)bytes) != 0) {
      fail("wrong bytes in the answer");
    }
  } else if (connection->received == 0 && memcmp(buffer, HTTP_OK, strlen(HTTP_OK)) != 0) {
    fail("HTTP answer is not 200");
  }
  connection->received += (size_t)bytes;
  return connection->received == traffic->answer_bytes;
}

int main(int argc, char** argv) {
  static struct window window;
  static char buffer[RECEIVE_BYTES];
  struct epoll_event events[256];
  struct options options;
  struct target target;
  struct traffic traffic;

  parse_options(argc, argv, &options);
  resolve_target(&options, &target);
  make_traffic(&options, &target, &traffic);

  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct connection* connections = calloc((size_t)options.connections, sizeof(*connections));
  if (epoll < 0 || connections == NULL) fail("cannot start");
  for (int i = 0; i < options.connections; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
    connections[i].fd = connect_target(&target);
    epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event);
  }
  open_echoed(&target, options.idle, 1);
  uint64_t period = 0; /* from one batch of a connection to its next */
  if (options.pace > 0) {
    period = UINT64_C(1000000000) * (uint64_t)options.connections * (uint64_t)options.depth /
             (uint64_t)options.pace;
  }
  window_start(&window, &options);
  for (int i = 0; i < options.connections; i++) {
    connections[i].waiting = true;
    if (period == 0) start_batch(epoll, &connections[i], &traffic);
  }

  uint64_t slice = 0;
  while (window_turn(&window)) {
    if (period > 0) {
      if (slice != window.until && !window.open) spread(connections, options.connections, period);
      slice = window.until;
      start_due(epoll, connections, &options, &traffic, period);
    }
    /* A paced generator has a core to itself: it does not sleep, and is never late. */
    int ready = epoll_wait(epoll, events, 256, period > 0 ? 0 : 100);
    for (int i = 0; i < ready; i++) {
      struct connection* connection = events[i].data.ptr;
      if ((events[i].events & EPOLLOUT) != 0) send_rest(epoll, connection, &traffic);
      if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) continue;
      if (!receive(connection, &traffic, buffer)) continue;
      window_latency(&window, connection->sent_at);
      window_count(&window, (uint64_t)options.depth,
                   traffic.request_bytes + traffic.answer_bytes);
      connection->waiting = true;
      if (period == 0) start_batch(epoll, connection, &traffic);
    }
  }
  window_report(&window);
  return 0;
}
