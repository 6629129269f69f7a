#ifndef UVNET_KERNEL_NUMBERS_H_
#define UVNET_KERNEL_NUMBERS_H_

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
// mstcpip.h only after the two above.
#include <mstcpip.h>
#else
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#endif

// Constants of the kernel's interface that may be missing in the headers of the build machine. They
// never change, and a kernel that does not support one reports an error.
#ifdef __linux__
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif
#ifndef MPTCP_INFO
#define MPTCP_INFO 1
#endif
#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif
#endif  // __linux__

#ifdef __APPLE__
#ifndef SO_LINGER_SEC
#define SO_LINGER_SEC 0x1080
#endif
#ifndef IP_BOUND_IF
#define IP_BOUND_IF 25
#endif
#ifndef IPV6_BOUND_IF
#define IPV6_BOUND_IF 125
#endif
#ifndef TCP_RXT_CONNDROPTIME
#define TCP_RXT_CONNDROPTIME 0x80
#endif
#ifndef TCP_NOTSENT_LOWAT
#define TCP_NOTSENT_LOWAT 0x201
#endif
#ifndef IPV6_TCLASS
#define IPV6_TCLASS 36
#endif
#endif  // __APPLE__

#ifdef _WIN32
#ifndef TCP_KEEPIDLE
#define TCP_KEEPIDLE 3
#endif
#ifndef TCP_MAXRT
#define TCP_MAXRT 5
#endif
#ifndef TCP_FASTOPEN
#define TCP_FASTOPEN 15
#endif
#ifndef TCP_KEEPCNT
#define TCP_KEEPCNT 16
#endif
#ifndef TCP_KEEPINTVL
#define TCP_KEEPINTVL 17
#endif
#ifndef IPV6_TCLASS
#define IPV6_TCLASS 39
#endif
#endif  // _WIN32

#endif  // UVNET_KERNEL_NUMBERS_H_
