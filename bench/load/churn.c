/*
 * Connections that come and go: connect, send --size bytes, receive them back, close, again.
 * --connections of them are alive at any time. The client closes first, so the sockets in
 * TIME_WAIT are the client's; source addresses rotate so that ports never run out.
 *
 * --kind refused: connections that the server is to close at once; nothing is sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

#define SOURCE_ADDRESSES 128

struct slot {
  int fd;
  bool sent;
  size_t received;
  uint64_t started_at;
};

static void bind_source(int fd, unsigned turn) {
  int on = 1;
  struct sockaddr_in source = {.sin_family = AF_INET};
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn % SOURCE_ADDRESSES);
  /* The port is chosen by connect(), which may reuse one that another destination holds. */
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  if (bind(fd, (struct sockaddr*)&source, sizeof(source)) != 0) fail("bind: %s", strerror(errno));
}

static void try_send(struct slot* slot, const char* message, size_t size) {
  ssize_t bytes = send(slot->fd, message, size, 0);
  if (bytes < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
  if (bytes != (ssize_t)size) fail("send: %s", strerror(errno));
  slot->sent = true;
}

/* The server has closed a connection that it did not want. */
static bool is_refused(int fd) {
  char byte;
  ssize_t bytes = recv(fd, &byte, 1, 0);
  if (bytes > 0) fail("the server has let a connection in");
  if (bytes < 0 && errno != EAGAIN && errno != ECONNRESET) fail("recv: %s", strerror(errno));
  return bytes == 0 || errno == ECONNRESET;
}

static void open_slot(int epoll, struct slot* slot, const struct target* target,
                      const char* message, size_t size) {
  static unsigned turn = 0;
  int family = target->address.ss_family;
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket: %s", strerror(errno));
  if (family == AF_INET) bind_source(fd, turn++);
  *slot = (struct slot){.fd = fd, .started_at = now_ns()};
  if (connect(fd, (const struct sockaddr*)&target->address, target->length) != 0 &&
      errno != EINPROGRESS) {
    fail("connect: %s", strerror(errno));
  }
  /* On loopback the handshake is over when connect() returns: send at once where it is. */
  if (message == NULL) {
    slot->sent = true;
  } else {
    try_send(slot, message, size);
  }
  struct epoll_event event = {.events = slot->sent ? EPOLLIN : EPOLLIN | EPOLLOUT,
                              .data.ptr = slot};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char** argv) {
  static struct window window;
  struct epoll_event events[256];
  struct options options;
  struct target target;

  parse_options(argc, argv, &options);
  resolve_target(&options, &target);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct slot* slots = calloc((size_t)options.connections, sizeof(*slots));
  bool refused = options.kind != NULL && strcmp(options.kind, "refused") == 0;
  char* message = refused ? NULL : malloc(options.size);
  char* buffer = malloc(options.size);
  if (epoll < 0 || slots == NULL || (message == NULL) != refused || buffer == NULL) {
    fail("cannot start");
  }
  if (!refused) memset(message, 'm', options.size);

  open_idle(&options, &target);
  window_start(&window, &options);
  for (int i = 0; i < options.connections; i++) {
    open_slot(epoll, &slots[i], &target, message, options.size);
  }
  while (window_turn(&window)) {
    int ready = epoll_wait(epoll, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      struct slot* slot = events[i].data.ptr;
      if (!slot->sent) {
        try_send(slot, message, options.size);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};
        if (slot->sent) epoll_ctl(epoll, EPOLL_CTL_MOD, slot->fd, &event);
        continue;
      }
      if (refused) {
        if (!is_refused(slot->fd)) continue;
      } else {
        size_t rest = options.size - slot->received;
        ssize_t bytes = recv(slot->fd, buffer, rest, 0);
        if (bytes < 0 && errno == EAGAIN) continue;
        if (bytes <= 0) fail("recv: %s", bytes == 0 ? "closed by the server" : strerror(errno));
        if (memcmp(buffer, message, (size_t)bytes) != 0) fail("wrong bytes in the answer");
        slot->received += (size_t)bytes;
        if (slot->received < options.size) continue;
      }
      close(slot->fd);
      window_latency(&window, slot->started_at);
      window_count(&window, 1, 0);
      open_slot(epoll, slot, &target, message, options.size);
    }
  }
  window_report(&window);
  return 0;
}
