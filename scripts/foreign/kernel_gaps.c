// Prints what the system answers to a few requests, a line "NAME ERRNO" for each. Run directly and
// under an emulator: what differs is what the emulator lacks.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define MPTCP_LEVEL 284
#define MPTCP_INFORMATION 1

static int opened(void) { return socket(AF_INET, SOCK_STREAM, 0); }

static void print(const char* name, int result) {
  printf("%s %d\n", name, result == 0 ? 0 : errno);
}

static int set_number(int level, int option, int value) {
  return setsockopt(opened(), level, option, &value, sizeof value);
}

// The answer is longer than a number.
static int get_tcp_info(void) {
  char info[512];
  socklen_t length = sizeof info;
  int result = getsockopt(opened(), IPPROTO_TCP, TCP_INFO, info, &length);
  if (result == 0 && length == sizeof(int)) {
    errno = EMSGSIZE;
    return -1;
  }
  return result;
}

static int get_device(void) {
  int fd = opened();
  char name[16] = "lo";
  socklen_t length = sizeof name;
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, 3) != 0) return -1;
  return getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length);
}

static int get_mptcp_info(void) {
  int listener = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
  int client = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct sockaddr* at = (struct sockaddr*)&address;
  socklen_t length = sizeof address;
  if (bind(listener, at, length) != 0 || getsockname(listener, at, &length) != 0) return -1;
  if (listen(listener, 1) != 0 || connect(client, at, length) != 0) return -1;
  char info[128];
  length = sizeof info;
  return getsockopt(client, MPTCP_LEVEL, MPTCP_INFORMATION, info, &length);
}

// proc_pid_maps(5): the memory that brk(2) grows has a name.
static int find_heap(void) {
  void* allocated = malloc(1);
  FILE* maps = fopen("/proc/self/maps", "r");
  if (allocated == NULL || maps == NULL) return -1;
  char line[512];
  int found = 0;
  while (fgets(line, sizeof line, maps) != NULL) found |= strstr(line, "[heap]") != NULL;
  fclose(maps);
  free(allocated);
  errno = ENOENT;
  return found ? 0 : -1;
}

int main(void) {
  print("TCP_INFO", get_tcp_info());
  print("MPTCP_INFO", get_mptcp_info());
  print("SO_BINDTODEVICE", get_device());
  print("SO_MARK", set_number(SOL_SOCKET, SO_MARK, 1));
  print("SO_BUSY_POLL", set_number(SOL_SOCKET, SO_BUSY_POLL, 50));
  print("SO_INCOMING_CPU", set_number(SOL_SOCKET, SO_INCOMING_CPU, 0));
  print("IP_TRANSPARENT", set_number(IPPROTO_IP, IP_TRANSPARENT, 1));
  print("HEAP", find_heap());
  return 0;
}
