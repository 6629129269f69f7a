/*
 * Connections that come and go: connect, send --size bytes, receive them back, close, again.
 * --connections of them are alive at any time. The client closes first, so the sockets in
 * TIME_WAIT are the client's; source addresses rotate so that ports never run out.
 *
 *   --kind refused        connections that the server is to close at once; nothing is sent
 *   --kind http           a GET request, after whose answer the server closes
 *   --kind proxied        the same behind a PROXY header (version 2)
 *   --kind http-apart     as http, with the request one turn after the connection
 *   --kind proxied-apart  as proxied, with the request one turn after the header, as a balancer
 *                         sends them
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
#define ANSWER_BYTES 4096 /* of an HTTP answer that are read at once */

static const char kGet[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
static const char kProxyHeader[] =
    "\r\n\r\n\0\r\nQUIT\n"
    "\x21\x11\0\x0C"         /* version 2, TCP over IPv4, the length of the rest */
    "\xC0\0\x02\x01\xC6\x33\x64\x01" /* from 192.0.2.1 to 198.51.100.1 */
    "\xC3\x50\x01\xBB";      /* from port 50000 to 443 */
#define HTTP_OK "HTTP/1.1 200"

struct traffic {
  enum { ECHO, REFUSED, HTTP } kind;
  /* The first part is sent together with the connection, the second one turn later. */
  const char* part[2];
  size_t size[2];
};

struct slot {
  int fd;
  int sent; /* parts */
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

static void try_send(struct slot* slot, const struct traffic* traffic) {
  size_t size = traffic->size[slot->sent];
  ssize_t bytes = size == 0 ? 0 : send(slot->fd, traffic->part[slot->sent], size, 0);
  if (bytes < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
  if (bytes != (ssize_t)size) fail("send: %s", strerror(errno));
  slot->sent++;
}

static bool has_sent(const struct slot* slot, const struct traffic* traffic) {
  return slot->sent == 2 || traffic->size[slot->sent] == 0;
}

/* The server has closed a connection that it did not want. */
static bool is_refused(int fd) {
  char byte;
  ssize_t bytes = recv(fd, &byte, 1, 0);
  if (bytes > 0) fail("the server has let a connection in");
  if (bytes < 0 && errno != EAGAIN && errno != ECONNRESET) fail("recv: %s", strerror(errno));
  return bytes == 0 || errno == ECONNRESET;
}

/* Returns true when the whole answer is there. */
static bool receive(struct slot* slot, const struct traffic* traffic, char* buffer, size_t size) {
  if (traffic->kind == REFUSED) return is_refused(slot->fd);
  ssize_t bytes = recv(slot->fd, buffer, size, 0);
  if (bytes < 0 && errno == EAGAIN) return false;
  if (bytes < 0) fail("recv: %s", strerror(errno));
  if (traffic->kind == HTTP) {
    if (slot->received == 0 && memcmp(buffer, HTTP_OK, strlen(HTTP_OK)) != 0) {
      fail("HTTP answer is not 200");
    }
    slot->received += (size_t)bytes;
    return bytes == 0;
  }
  if (bytes == 0) fail("recv: closed by the server");
  slot->received += (size_t)bytes;
  if (slot->received > traffic->size[0]) fail("answer too long");
  if (memcmp(buffer, traffic->part[0] + slot->received - bytes, (size_t)bytes) != 0) {
    fail("wrong bytes in the answer");
  }
  return slot->received == traffic->size[0];
}

static void open_slot(int epoll, struct slot* slot, const struct target* target,
                      const struct traffic* traffic) {
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
  try_send(slot, traffic);
  struct epoll_event event = {.events = has_sent(slot, traffic) ? EPOLLIN : EPOLLIN | EPOLLOUT,
                              .data.ptr = slot};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void make_traffic(const struct options* options, struct traffic* traffic) {
  const char* kind = options->kind;
  *traffic = (struct traffic){.kind = ECHO};
  if (strcmp(kind, "") == 0) {
    char* message = malloc(options->size);
    if (message == NULL) fail("out of memory");
    memset(message, 'm', options->size);
    traffic->part[0] = message;
    traffic->size[0] = options->size;
  } else if (strcmp(kind, "refused") == 0) {
    traffic->kind = REFUSED;
  } else {
    static char both[sizeof(kProxyHeader) + sizeof(kGet)];
    bool proxied = strncmp(kind, "proxied", strlen("proxied")) == 0;
    bool apart = strstr(kind, "-apart") != NULL;
    if (!proxied && strncmp(kind, "http", strlen("http")) != 0) fail("unknown --kind %s", kind);
    traffic->kind = HTTP;
    size_t header = proxied ? sizeof(kProxyHeader) - 1 : 0;
    size_t request = sizeof(kGet) - 1;
    memcpy(both, kProxyHeader, header);
    memcpy(both + header, kGet, request);
    traffic->part[0] = both;
    traffic->size[0] = apart ? header : header + request;
    traffic->part[1] = kGet;
    traffic->size[1] = apart ? request : 0;
  }
}

int main(int argc, char** argv) {
  static struct window window;
  struct epoll_event events[256];
  struct options options;
  struct target target;
  struct traffic traffic;

  parse_options(argc, argv, &options);
  resolve_target(&options, &target);
  make_traffic(&options, &traffic);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct slot* slots = calloc((size_t)options.connections, sizeof(*slots));
  size_t room = options.size > ANSWER_BYTES ? options.size : ANSWER_BYTES;
  char* buffer = malloc(room);
  if (epoll < 0 || slots == NULL || buffer == NULL) fail("cannot start");

  open_echoed(&target, options.idle, 1);
  window_start(&window, &options);
  for (int i = 0; i < options.connections; i++) open_slot(epoll, &slots[i], &target, &traffic);
  while (window_turn(&window)) {
    int ready = epoll_wait(epoll, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      struct slot* slot = events[i].data.ptr;
      if (!has_sent(slot, &traffic)) {
        try_send(slot, &traffic);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};
        if (has_sent(slot, &traffic)) epoll_ctl(epoll, EPOLL_CTL_MOD, slot->fd, &event);
        continue;
      }
      if (!receive(slot, &traffic, buffer, room)) continue;
      close(slot->fd);
      window_latency(&window, slot->started_at);
      window_count(&window, 1, 0);
      open_slot(epoll, slot, &target, &traffic);
    }
  }
  window_report(&window);
  return 0;
}
