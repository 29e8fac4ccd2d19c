/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_hot.c: the calls that every message makes.
 *
 * The same five entries twice: raw where raw.h can, else by way of libc as
 * everywhere in this room.  epoll_pwait without a mask is epoll_wait, which
 * newer machines no longer have; where there are both, epoll_wait has less to
 * do.
 */
#include <config.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sys_hot.h"
#include "sys_int.h"

#ifdef PLX_RAW
#ifndef SYS_epoll_wait
#define SYS_epoll_wait SYS_epoll_pwait
#endif

ssize_t
plx__sys_read(SELF, int fd, void *buf, size_t n)
{
	return plx__raw(SYS_read, fd, (long)buf, (long)n, 0, 0, 0);
}

ssize_t
plx__sys_write(SELF, int fd, const void *buf, size_t n)
{
	return plx__raw(SYS_write, fd, (long)buf, (long)n, 0, 0, 0);
}

ssize_t
plx__sys_recv(SELF, int fd, void *buf, size_t n, int flags)
{
	return plx__hot_recv(fd, buf, n, flags);
}

ssize_t
plx__sys_send(SELF, int fd, const void *buf, size_t n, int flags)
{
	return plx__hot_send(fd, buf, n, flags);
}

int
plx__sys_epoll_wait(SELF, int ep, struct epoll_event *out, int cap,
		    int timeout_ms)
{
	return (int)plx__raw(SYS_epoll_wait, ep, (long)out, cap, timeout_ms, 0,
			     0);
}
#else
#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#else
#define epoll_wait(...) plx__sys_absent(__VA_ARGS__)
#endif

ssize_t
plx__sys_read(SELF, int fd, void *buf, size_t n)
{
	int kept = errno;
	ssize_t got = read(fd, buf, n);

	return got < 0 ? plx__sys_failure(kept) : got;
}

ssize_t
plx__sys_write(SELF, int fd, const void *buf, size_t n)
{
	int kept = errno;
	ssize_t put = write(fd, buf, n);

	return put < 0 ? plx__sys_failure(kept) : put;
}

ssize_t
plx__sys_recv(SELF, int fd, void *buf, size_t n, int flags)
{
	int kept = errno;
	ssize_t got = recv(fd, buf, n, flags);

	return got < 0 ? plx__sys_failure(kept) : got;
}

ssize_t
plx__sys_send(SELF, int fd, const void *buf, size_t n, int flags)
{
	int kept = errno;
	ssize_t put = send(fd, buf, n, flags | MSG_NOSIGNAL);

	return put < 0 ? plx__sys_failure(kept) : put;
}

int
plx__sys_epoll_wait(SELF, int ep, struct epoll_event *out, int cap,
		    int timeout_ms)
{
	int kept = errno;
	int n = epoll_wait(ep, out, cap, timeout_ms);

	return n < 0 ? plx__sys_failure(kept) : n;
}
#endif
