// Says what Wine's sockets do otherwise than Windows', as far as tests depend on it. It uses
// Winsock alone, in the way libuv does: non-blocking sockets, a completion port, and reads of zero
// bytes that wait. Prints the name of each gap.
#include <winsock2.h>

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kSends = 16, kSendSize = 1 << 20, kPatience = 10000 };

struct Pair {
  SOCKET near_end;
  SOCKET far_end;
  HANDLE port;  // of the near end
};

static void Check(int succeeded, const char* what) {
  if (succeeded) return;
  printf("%s failed with %d\n", what, WSAGetLastError());
  exit(1);
}

static SOCKET NewSocket(void) {
  const SOCKET made = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
  Check(made != INVALID_SOCKET, "WSASocket");
  return made;
}

static struct Pair Connect(void) {
  struct sockaddr_in address = {0};
  int length = sizeof(address);
  struct Pair pair;
  const SOCKET listener = NewSocket();
  u_long on = 1;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Check(bind(listener, (struct sockaddr*)&address, length) == 0, "bind");
  Check(listen(listener, 1) == 0, "listen");
  Check(getsockname(listener, (struct sockaddr*)&address, &length) == 0, "getsockname");
  pair.near_end = NewSocket();
  Check(connect(pair.near_end, (struct sockaddr*)&address, length) == 0, "connect");
  pair.far_end = accept(listener, NULL, NULL);
  Check(pair.far_end != INVALID_SOCKET, "accept");
  closesocket(listener);
  Check(ioctlsocket(pair.near_end, FIONBIO, &on) == 0, "ioctlsocket");
  pair.port = CreateIoCompletionPort((HANDLE)pair.near_end, NULL, 0, 0);
  Check(pair.port != NULL, "CreateIoCompletionPort");
  return pair;
}

static void StartZeroRead(struct Pair* pair, OVERLAPPED* overlapped) {
  WSABUF none = {0, ""};
  DWORD flags = 0;
  memset(overlapped, 0, sizeof(*overlapped));
  const int result = WSARecv(pair->near_end, &none, 1, NULL, &flags, overlapped, NULL);
  Check(result == 0 || WSAGetLastError() == WSA_IO_PENDING, "WSARecv");
}

// The next completion, or NULL if none comes.
static OVERLAPPED* NextCompletion(struct Pair* pair, DWORD* size) {
  OVERLAPPED* done = NULL;
  ULONG_PTR key;
  GetQueuedCompletionStatus(pair->port, size, &key, &done, kPatience);
  return done;
}

static DWORD WINAPI ReadSlowly(void* data) {
  const struct Pair* pair = data;
  static char area[65536];
  long long total = 0;
  int size;
  // The half-close comes while the sends wait for this reader.
  Sleep(200);
  shutdown(pair->far_end, SD_SEND);
  Sleep(500);
  while ((size = recv(pair->far_end, area, sizeof(area), 0)) > 0) total += size;
  return (DWORD)(total / kSendSize);
}

// Sends that wait are completed, successfully and without their bytes, when a read finds the
// half-close of the peer. libuv takes a completed send for a sent one, and ends the stream.
static void CheckSends(void) {
  static char data[kSendSize];
  static OVERLAPPED sends[kSends];
  struct Pair pair = Connect();
  OVERLAPPED reading;
  StartZeroRead(&pair, &reading);
  const HANDLE reader = CreateThread(NULL, 0, ReadSlowly, &pair, 0, NULL);
  for (int i = 0; i < kSends; ++i) {
    WSABUF buffer = {kSendSize, data};
    const int result = WSASend(pair.near_end, &buffer, 1, NULL, 0, &sends[i], NULL);
    Check(result == 0 || WSAGetLastError() == WSA_IO_PENDING, "WSASend");
  }
  for (int open = kSends; open > 0;) {
    DWORD size = 0;
    const OVERLAPPED* done = NextCompletion(&pair, &size);
    if (done == NULL) break;
    if (done != &reading) --open;
  }
  shutdown(pair.near_end, SD_SEND);
  DWORD received = 0;
  WaitForSingleObject(reader, kPatience);
  GetExitCodeThread(reader, &received);
  if (received < kSends) printf("sends-cut-short\n");
}

// A reset that comes behind bytes reads as an end.
static void CheckReset(void) {
  struct Pair pair = Connect();
  OVERLAPPED reading;
  DWORD size = 0;
  char area[16];
  struct linger reset = {1, 0};
  StartZeroRead(&pair, &reading);
  send(pair.far_end, "last", 4, 0);
  setsockopt(pair.far_end, SOL_SOCKET, SO_LINGER, (char*)&reset, sizeof(reset));
  closesocket(pair.far_end);
  Check(NextCompletion(&pair, &size) == &reading, "the first read");
  // Windows may also drop the bytes.
  if (recv(pair.near_end, area, sizeof(area), 0) < 0) return;
  StartZeroRead(&pair, &reading);
  Check(NextCompletion(&pair, &size) == &reading, "the second read");
  if (recv(pair.near_end, area, sizeof(area), 0) == 0) printf("reset-is-end\n");
}

// The statistics of a connection (TCP_INFO_v0, whose size this is) cannot be read.
static void CheckInfo(void) {
  const struct Pair pair = Connect();
  const DWORD request = _WSAIORW(IOC_VENDOR, 39);  // SIO_TCP_INFO
  DWORD version = 0;
  DWORD length = 0;
  char info[88];
  const int result = WSAIoctl(pair.near_end, request, &version, sizeof(version), info, sizeof(info),
                              &length, NULL, NULL);
  if (result != 0) printf("no-tcp-info\n");
}

// The time after which a connection is probed can be set, and not be read.
static void CheckKeepIdle(void) {
  const struct Pair pair = Connect();
  const int option = 3;  // TCP_KEEPIDLE
  DWORD seconds = 77;
  int size = sizeof(seconds);
  setsockopt(pair.near_end, IPPROTO_TCP, option, (char*)&seconds, size);
  seconds = 0;
  const int result = getsockopt(pair.near_end, IPPROTO_TCP, option, (char*)&seconds, &size);
  if (result != 0 || seconds != 77) printf("no-tcp-keepidle\n");
}

int main(void) {
  WSADATA data;
  Check(WSAStartup(MAKEWORD(2, 2), &data) == 0, "WSAStartup");
  CheckSends();
  CheckReset();
  CheckInfo();
  CheckKeepIdle();
  return 0;
}
