#ifndef UVNET_PEER_CREDENTIALS_H_
#define UVNET_PEER_CREDENTIALS_H_

#include <uv.h>

#include <cstdint>

namespace uvnet {

// The credentials of the peer of a Unix socket, as the kernel recorded them when the connection was
// made (or, for the client, when the server called listen).
struct PeerCredentials {
  int64_t pid = 0;  // 0 if the platform does not report it, or across pid namespaces
  int64_t uid = 0;
  int64_t gid = 0;
};

int ReadPeerCredentials(uv_os_sock_t fd, PeerCredentials* credentials);

}  // namespace uvnet

#endif  // UVNET_PEER_CREDENTIALS_H_
