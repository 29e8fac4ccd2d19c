/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys.c: the operating system as it is: files, sockets, the process, and the
 * table itself.
 *
 * Each entry is one call with its failure turned into -errno and errno left
 * as it was; nothing is decided here, nothing retried.
 *
 * Traps.  close: after EINTR the descriptor is gone on Linux and on most
 * others, so that answer is a success; a second close could hit a stranger.
 * accept: an accepted socket inherits O_NONBLOCK on the BSDs, on Linux it
 * does not.  SIGPIPE is held off by a flag of send, or by a socket option
 * where that is missing (macOS).
 */
#include <config.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "sys_int.h"

#ifdef HAVE_EVENTFD
#include <sys/eventfd.h>
#else
#define EFD_CLOEXEC 0
#define EFD_NONBLOCK 0
#define eventfd(...) plx__sys_absent(__VA_ARGS__)
#endif

/* Flags that socket(2) takes with the type, where it does. */
#ifdef SOCK_CLOEXEC
#define SOCKET_FLAGS (SOCK_CLOEXEC | SOCK_NONBLOCK)
#else
#define SOCKET_FLAGS 0
#endif

int
plx__sys_cloexec(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Makes FD what socket, pipe and accept promise: 0, or -1. */
static int
outfit(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -1;
	return plx__sys_cloexec(fd);
}

/* FD (may be -1) as a socket of ours, outfitted unless DONE; or -errno. */
static int
adopt_socket(int fd, int done, int kept)
{
	int ret;

	if (fd < 0)
		return plx__sys_failure(kept);
#if defined(SO_NOSIGPIPE)
	setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int));
	errno = kept;
#endif
	if (done || outfit(fd) == 0)
		return fd;
	ret = plx__sys_failure(kept);
	close(fd);
	errno = kept;
	return ret;
}

static int64_t
sys_now(SELF)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int
sys_close(SELF, int fd)
{
	int kept = errno;
	int ret = close(fd) < 0 ? plx__sys_failure(kept) : 0;

	return ret == -EINTR ? 0 : ret;
}

static int
sys_fstat(SELF, int fd, struct stat *st)
{
	int kept = errno;

	return fstat(fd, st) < 0 ? plx__sys_failure(kept) : 0;
}

#ifndef HAVE_PIPE2
static int
pipe2(int fd[2], int flags)
{
	int error;

	(void)flags;
	if (pipe(fd) < 0)
		return -1;
	if (outfit(fd[0]) == 0 && outfit(fd[1]) == 0)
		return 0;
	error = errno;
	close(fd[0]);
	close(fd[1]);
	errno = error;
	return -1;
}
#endif

static int
sys_pipe(SELF, int fd[2])
{
	int kept = errno;
	int ret = pipe2(fd, O_CLOEXEC | O_NONBLOCK);

	return ret < 0 ? plx__sys_failure(kept) : 0;
}

#ifndef HAVE_DUP3
static int
dup3(int from, int onto, int flags)
{
	int fd = dup2(from, onto);

	(void)flags;
	return fd < 0 || plx__sys_cloexec(fd) < 0 ? -1 : fd;
}
#endif

static int
sys_dup_onto(SELF, int from, int onto)
{
	int kept = errno;
	int fd = dup3(from, onto, O_CLOEXEC);

	return fd < 0 ? plx__sys_failure(kept) : fd;
}

static int
sys_set_nonblock(SELF, int fd, int on)
{
	int kept = errno;
	int flags = fcntl(fd, F_GETFL);
	int was = flags & O_NONBLOCK;

	if (flags < 0)
		return plx__sys_failure(kept);
	if (!on != !was && fcntl(fd, F_SETFL, flags ^ O_NONBLOCK) < 0)
		return plx__sys_failure(kept);
	return was != 0;
}

static int
sys_eventfd(SELF)
{
	int kept = errno;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? plx__sys_failure(kept) : fd;
}

static int
sys_unlink(SELF, const char *path)
{
	int kept = errno;

	return unlink(path) < 0 ? plx__sys_failure(kept) : 0;
}

static int
sys_lstat(SELF, const char *path, struct stat *st)
{
	int kept = errno;

	return lstat(path, st) < 0 ? plx__sys_failure(kept) : 0;
}

static int
sys_socket(SELF, int domain, int type, int proto)
{
	int kept = errno;
	int fd = socket(domain, type | SOCKET_FLAGS, proto);

	return adopt_socket(fd, SOCKET_FLAGS != 0, kept);
}

static int
sys_bind(SELF, int fd, const struct sockaddr *sa, socklen_t len)
{
	int kept = errno;

	return bind(fd, sa, len) < 0 ? plx__sys_failure(kept) : 0;
}

static int
sys_listen(SELF, int fd, int backlog)
{
	int kept = errno;

	return listen(fd, backlog) < 0 ? plx__sys_failure(kept) : 0;
}

#ifdef HAVE_ACCEPT4
#define ACCEPT_FLAGS SOCKET_FLAGS
#else
#define ACCEPT_FLAGS 0
#define accept4(fd, sa, len, flags) accept(fd, sa, len)
#endif

static int
sys_accept(SELF, int fd, struct sockaddr *sa, socklen_t *len)
{
	int kept = errno;
	int got = accept4(fd, sa, len, ACCEPT_FLAGS);

	return adopt_socket(got, ACCEPT_FLAGS != 0, kept);
}

static int
sys_connect(SELF, int fd, const struct sockaddr *sa, socklen_t len)
{
	int kept = errno;

	return connect(fd, sa, len) < 0 ? plx__sys_failure(kept) : 0;
}

static int
sys_shutdown(SELF, int fd, int how)
{
	int kept = errno;

	return shutdown(fd, how) < 0 ? plx__sys_failure(kept) : 0;
}

static int
sys_getsockopt(SELF, int fd, int level, int name, void *value, socklen_t *len)
{
	int kept = errno;
	int ret = getsockopt(fd, level, name, value, len);

	return ret < 0 ? plx__sys_failure(kept) : 0;
}

static int
sys_setsockopt(SELF, int fd, int level, int name, const void *value,
	       socklen_t len)
{
	int kept = errno;
	int ret = setsockopt(fd, level, name, value, len);

	return ret < 0 ? plx__sys_failure(kept) : 0;
}

static int
sys_getsockname(SELF, int fd, struct sockaddr *sa, socklen_t *len)
{
	int kept = errno;

	return getsockname(fd, sa, len) < 0 ? plx__sys_failure(kept) : 0;
}

static int
sys_getpeername(SELF, int fd, struct sockaddr *sa, socklen_t *len)
{
	int kept = errno;

	return getpeername(fd, sa, len) < 0 ? plx__sys_failure(kept) : 0;
}

static pid_t
sys_getpid(SELF)
{
	return getpid();
}

static int
sys_sigaction(SELF, int signo, const struct sigaction *act,
	      struct sigaction *old)
{
	int kept = errno;

	return sigaction(signo, act, old) < 0 ? plx__sys_failure(kept) : 0;
}

const struct plx_sys plx__sys_real = {
	.now = sys_now,
	.resize = plx__sys_resize,
	.map = plx__sys_map,
	.unmap = plx__sys_unmap,
	.protect = plx__sys_protect,
	.advise = plx__sys_advise,

	.read = plx__sys_read,
	.write = plx__sys_write,
	.writev = plx__sys_writev,
	.close = sys_close,
	.fstat = sys_fstat,
	.pipe = sys_pipe,
	.dup_onto = sys_dup_onto,
	.set_nonblock = sys_set_nonblock,
	.eventfd = sys_eventfd,
	.unlink = sys_unlink,
	.lstat = sys_lstat,

	.open = plx__sys_open,
	.pread = plx__sys_pread,
	.pwrite = plx__sys_pwrite,
	.fsync = plx__sys_fsync,

	.socket = sys_socket,
	.bind = sys_bind,
	.listen = sys_listen,
	.accept = sys_accept,
	.connect = sys_connect,
	.recv = plx__sys_recv,
	.send = plx__sys_send,
	.recvmsg = plx__sys_recvmsg,
	.sendmsg = plx__sys_sendmsg,
	.recvmmsg = plx__sys_recvmmsg,
	.sendmmsg = plx__sys_sendmmsg,
	.shutdown = sys_shutdown,
	.getsockopt = sys_getsockopt,
	.setsockopt = sys_setsockopt,
	.getsockname = sys_getsockname,
	.getpeername = sys_getpeername,

	.select = plx__sys_select,
	.poll = plx__sys_poll,
	.epoll_create = plx__sys_epoll_create,
	.epoll_ctl = plx__sys_epoll_ctl,
	.epoll_wait = plx__sys_epoll_wait,
	.epoll_pwait2 = plx__sys_epoll_pwait2,
	.kqueue = plx__sys_kqueue,
	.kevent = plx__sys_kevent,

	.getaddrinfo = plx__sys_getaddrinfo,
	.thread_create = plx__sys_thread_create,
	.thread_join = plx__sys_thread_join,

	.getpid = sys_getpid,
	.sigaction = sys_sigaction,

	.spawn = plx__sys_spawn,
	.kill = plx__sys_kill,
	.waitpid = plx__sys_waitpid,
	.pidfd_open = plx__sys_pidfd_open,
	.pidfd_kill = plx__sys_pidfd_kill,
};
