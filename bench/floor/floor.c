#define _GNU_SOURCE
#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct pending {
  size_t size;
  size_t sent;
  char data[];
};

static int epoll_fd = -1;

void floor_fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

void floor_parse(int argc, char** argv, struct floor_options* options) {
  static const struct option names[] = {
      {"path", required_argument, NULL, 'u'},        {"kind", required_argument, NULL, 'k'},
      {"size", required_argument, NULL, 's'},        {"connections", required_argument, NULL, 'c'},
      {"target-port", required_argument, NULL, 't'}, {NULL, 0, NULL, 0},
  };
  *options = (struct floor_options){.kind = "", .size = 64 * 1024, .connections = 1};
  int name;
  while ((name = getopt_long(argc, argv, "", names, NULL)) != -1) {
    switch (name) {
      case 'u': options->path = optarg; break;
      case 'k': options->kind = optarg; break;
      case 's': options->size = (size_t)atoll(optarg); break;
      case 'c': options->connections = atoi(optarg); break;
      case 't': options->target_port = atoi(optarg); break;
      default: exit(2);
    }
  }
  signal(SIGPIPE, SIG_IGN);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) floor_fail("prctl: %s", strerror(errno));
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) floor_fail("epoll_create1: %s", strerror(errno));
}

void floor_ready(int port) {
  printf("{\"ready\":true,\"pid\":%d,\"port\":%d}\n", (int)getpid(), port);
  fflush(stdout);
}

static int listen_unix(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof(address.sun_path)) floor_fail("path too long");
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof(address)) != 0 ||
      listen(fd, 4096) != 0) {
    floor_fail("listen on %s: %s", path, strerror(errno));
  }
  floor_ready(0);
  return fd;
}

static int listen_tcp(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof(address);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  /* Accepted sockets inherit it: one call for all of them. */
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof(address)) != 0 ||
      listen(fd, 4096) != 0 || getsockname(fd, (struct sockaddr*)&address, &length) != 0) {
    floor_fail("listen: %s", strerror(errno));
  }
  floor_ready(ntohs(address.sin_port));
  return fd;
}

int floor_dial(const struct floor_options* options, unsigned turn) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)options->target_port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn % 128);
  int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) floor_fail("socket: %s", strerror(errno));
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(fd, (struct sockaddr*)&address, sizeof(address)) != 0 && errno != EINPROGRESS) {
    floor_fail("connect: %s", strerror(errno));
  }
  return fd;
}

struct connection* floor_add(int fd, uint32_t events) {
  struct connection* connection = malloc(sizeof(*connection));
  if (connection == NULL) floor_fail("out of memory");
  *connection = (struct connection){.fd = fd};
  struct epoll_event event = {.events = events, .data.ptr = connection};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) floor_fail("epoll_ctl failed");
  return connection;
}

void floor_watch(struct connection* connection, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

void floor_close(struct connection* connection) {
  close(connection->fd);
  free(connection->pending);
  free(connection);
}

size_t floor_read(struct connection* connection, char* buffer, size_t size) {
  ssize_t bytes = recv(connection->fd, buffer, size, 0);
  if (bytes > 0) return (size_t)bytes;
  if (bytes < 0 && errno == EAGAIN) return 0;
  floor_close(connection);
  return 0;
}

static size_t send_some(int fd, const char* data, size_t size) {
  ssize_t bytes = send(fd, data, size, 0);
  /* A peer that went away is found out by the next read. */
  return bytes < 0 ? (errno == EAGAIN ? 0 : size) : (size_t)bytes;
}

void floor_send(struct connection* connection, const char* data, size_t size) {
  struct pending* before = connection->pending;
  size_t sent = before == NULL ? send_some(connection->fd, data, size) : 0;
  if (sent == size) return;
  size_t kept = before == NULL ? 0 : before->size - before->sent;
  struct pending* pending = malloc(sizeof(*pending) + kept + size - sent);
  if (pending == NULL) floor_fail("out of memory");
  if (kept > 0) memcpy(pending->data, before->data + before->sent, kept);
  memcpy(pending->data + kept, data + sent, size - sent);
  pending->size = kept + size - sent;
  pending->sent = 0;
  free(before);
  connection->pending = pending;
  floor_watch(connection, EPOLLOUT);
}

/* Returns true when nothing is pending any more. */
static bool send_pending(struct connection* connection) {
  struct pending* pending = connection->pending;
  pending->sent +=
      send_some(connection->fd, pending->data + pending->sent, pending->size - pending->sent);
  if (pending->sent < pending->size) return false;
  connection->pending = NULL;
  free(pending);
  floor_watch(connection, EPOLLIN);
  return true;
}

static void accept_all(int listener, const struct floor_server* server) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    if (server->event == NULL) {
      close(fd);
      continue;
    }
    struct connection* connection = floor_add(fd, EPOLLIN);
    if (server->opened != NULL) server->opened(connection);
  }
}

void floor_run(const struct floor_options* options, const struct floor_server* server,
               bool listens) {
  struct epoll_event events[256];
  int listener = -1;
  if (listens) {
    listener = options->path != NULL ? listen_unix(options->path) : listen_tcp();
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) != 0) floor_fail("epoll_ctl failed");
  }
  for (;;) {
    int ready = epoll_wait(epoll_fd, events, 256, -1);
    for (int i = 0; i < ready; i++) {
      struct connection* connection = events[i].data.ptr;
      if (connection == NULL) {
        accept_all(listener, server);
      } else if (connection->pending == NULL || send_pending(connection)) {
        server->event(connection, events[i].events);
      }
    }
  }
}
