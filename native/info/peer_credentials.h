#ifndef UVNET_PEER_CREDENTIALS_H_
#define UVNET_PEER_CREDENTIALS_H_

#include <uv.h>

#include <cstdint>

namespace uvnet {

// Who is at the other end of a unix socket, as the kernel noted it when the
// connection was made (or, for the client, when the server called listen).
struct PeerCredentials {
  int64_t pid = 0;  // 0 where the platform does not say, or across a pid namespace
  int64_t uid = 0;
  int64_t gid = 0;
};

int ReadPeerCredentials(uv_os_sock_t fd, PeerCredentials* credentials);

}  // namespace uvnet

#endif  // UVNET_PEER_CREDENTIALS_H_
