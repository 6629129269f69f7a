#ifndef UVNET_ACCEPTED_SOCKET_H_
#define UVNET_ACCEPTED_SOCKET_H_

#ifndef _WIN32

#include <sys/socket.h>

#include "stream/admission.h"

namespace uvnet {

// An accepted descriptor that will become a connection.
struct AcceptedSocket {
  int fd = -1;
  sockaddr_storage peer{};
  Admission admission;
};

}  // namespace uvnet

#endif  // _WIN32

#endif  // UVNET_ACCEPTED_SOCKET_H_
