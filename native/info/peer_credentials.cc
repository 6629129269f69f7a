#include "info/peer_credentials.h"

#ifndef _WIN32
#include <sys/socket.h>
#include <sys/un.h>
#include <cerrno>
#endif
#ifdef __APPLE__
#include <sys/ucred.h>
#endif

namespace uvnet {

int ReadPeerCredentials(uv_os_sock_t fd, PeerCredentials* credentials) {
#if defined(__linux__)
  struct ucred peer {};
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -errno;
  // The kernel returns this for a socket without a peer on the same machine.
  if (peer.uid == static_cast<uid_t>(-1)) return UV_ENOTCONN;
  credentials->pid = peer.pid;
  credentials->uid = peer.uid;
  credentials->gid = peer.gid;
  return 0;
#elif defined(__APPLE__)
  struct xucred peer {};
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERCRED, &peer, &size) != 0) return -errno;
  // The numbers of this option mean IP_OPTIONS to an IP socket, which answers with nothing. The
  // zeros that remain would be those of root.
  if (size != sizeof(peer) || peer.cr_version != XUCRED_VERSION) return UV_ENOTCONN;
  credentials->uid = peer.cr_uid;
  credentials->gid = peer.cr_ngroups > 0 ? peer.cr_groups[0] : 0;
  pid_t pid = 0;
  size = sizeof(pid);
  if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &pid, &size) == 0) credentials->pid = pid;
  return 0;
#else
  (void)fd;
  (void)credentials;
  return UV_ENOTSUP;
#endif
}

}  // namespace uvnet
