/* Preloaded into a daemon, it takes the place of the kernel's load balancer: every change is taken, nothing is ever
 * there. With it a daemon's checks run on kernels without IPVS. It speaks the older interface of ip_vs, the socket
 * options of linux/ip_vs.h, which daemons fall back to where the generic netlink family is missing. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BASE = 64 + 1024 + 64, LAST = BASE + 63, GET_INFO = BASE + 1, GET_SERVICE = BASE + 3 };

static int is_ours(int level, int name) { return level == IPPROTO_IP && name >= BASE && name <= LAST; }

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
    return is_ours(level, name) ? 0 : syscall(SYS_setsockopt, fd, level, name, value, length);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
    /* Version 1.2.1, 4096 buckets, no service. */
    const unsigned info[3] = {0x010201, 4096, 0};
    if (!is_ours(level, name)) return syscall(SYS_getsockopt, fd, level, name, value, length);
    memset(value, 0, *length);
    if (name == GET_INFO) memcpy(value, info, *length < sizeof info ? *length : sizeof info);
    if (name != GET_SERVICE) return 0;
    errno = ESRCH;
    return -1;
}
