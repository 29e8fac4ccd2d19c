/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.c: sockets that listen.
 *
 * A socket comes back whole or not at all: whatever fails on the way closes
 * it again, and a path that was made here is taken away again.
 *
 * Traps: SO_REUSEADDR means "although the last server's connections linger"
 * for TCP, "take another's port away" for UDP and nothing for Unix sockets,
 * whose path outlives its server.
 * connect(2) answers ECONNREFUSED for such a path, but for a regular file as
 * well, so a path is only unlinked when lstat(2) says that it is a socket.
 * Between that look and the unlink another server may take the path: two
 * servers that start on one dead path at the same instant are not told apart.
 */
#include <config.h>

#include <errno.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <netinet/in.h>
#include "socket_int.h"

/* FreeBSD's SO_REUSEPORT does not share connections out, its _LB does. */
#if defined(SO_REUSEPORT_LB)
static const int reuse_port = SO_REUSEPORT_LB;
#elif defined(SO_REUSEPORT)
static const int reuse_port = SO_REUSEPORT;
#else
static const int reuse_port = -1;
#endif

static const struct sockaddr *
raw(const struct plx_address *a)
{
	return (const struct sockaddr *)&a->storage;
}

static int
set_flag(const struct plx_sys *sys, int fd, int level, int name, int value)
{
	return sys->setsockopt(sys, fd, level, name, &value, sizeof(value));
}

static int
is_any_v6(const struct plx_address *a)
{
	const struct sockaddr_in6 *sa = (const void *)&a->storage;

	return a->storage.ss_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&sa->sin6_addr);
}

/* OpenBSD refuses: there "*" is IPv6 only. */
void
plx__socket_take_v4(const struct plx_sys *sys, int fd,
		    const struct plx_address *a)
{
	if (is_any_v6(a))
		set_flag(sys, fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
}

int
plx__socket_shares(const struct plx_address *a)
{
	return reuse_port >= 0 && a->storage.ss_family != AF_UNIX;
}

int
plx__socket_open(const struct plx_sys *sys, const struct plx_address *a,
		 int type, int share)
{
	int family = a->storage.ss_family, err = 0;
	int fd = sys->socket(sys, family, type, 0);

	if (fd < 0)
		return fd;
	if (family != AF_UNIX && type == SOCK_STREAM)
		err = set_flag(sys, fd, SOL_SOCKET, SO_REUSEADDR, 1);
	plx__socket_take_v4(sys, fd, a);
	if (!err && share)
		err = set_flag(sys, fd, SOL_SOCKET, reuse_port, 1);
	if (err < 0) {
		sys->close(sys, fd);
		return err;
	}
	return fd;
}

/* 1 when A is a socket in the file system that nobody has open. */
static int
is_dead_path(const struct plx_sys *sys, const struct plx_address *a, int type)
{
	const struct sockaddr_un *sa = (const void *)&a->storage;
	struct stat st;
	int fd, err;

	if (a->storage.ss_family != AF_UNIX || !sa->sun_path[0])
		return 0;
	if (sys->lstat(sys, sa->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return 0;
	fd = sys->socket(sys, AF_UNIX, type, 0);
	if (fd < 0)
		return 0;
	err = sys->connect(sys, fd, raw(a), a->length);
	sys->close(sys, fd);
	return err == -ECONNREFUSED;
}

int
plx__socket_bind(const struct plx_sys *sys, int fd, const struct plx_address *a,
		 int type)
{
	const struct sockaddr_un *sa = (const void *)&a->storage;
	int err = sys->bind(sys, fd, raw(a), a->length);

	if (err != -EADDRINUSE || !is_dead_path(sys, a, type))
		return err;
	sys->unlink(sys, sa->sun_path);
	return sys->bind(sys, fd, raw(a), a->length);
}

void
plx__socket_unbind(const struct plx_sys *sys, const struct plx_address *a)
{
	const struct sockaddr_un *sa = (const void *)&a->storage;

	if (a->storage.ss_family == AF_UNIX && sa->sun_path[0])
		sys->unlink(sys, sa->sun_path);
}

static int
listen_on(const struct plx_sys *sys, const struct plx_address *a, int backlog,
	  int share)
{
	int fd = plx__socket_open(sys, a, SOCK_STREAM, share), err;

	if (fd < 0)
		return fd;
	err = plx__socket_bind(sys, fd, a, SOCK_STREAM);
	if (err < 0)
		goto fail;
	err = sys->listen(sys, fd, plx__backlog(backlog));
	if (err < 0)
		goto unbind;
	return fd;
unbind:
	plx__socket_unbind(sys, a);
fail:
	sys->close(sys, fd);
	return err;
}

int
plx__socket_any_v4(const struct plx_address *a, struct plx_address *out)
{
	const struct sockaddr_in6 *from = (const void *)&a->storage;
	struct plx_address v4 = {.length = sizeof(struct sockaddr_in)};
	struct sockaddr_in *to = (struct sockaddr_in *)&v4.storage;

	if (!is_any_v6(a))
		return 0;
	to->sin_family = AF_INET;
	to->sin_port = from->sin6_port;
	*out = v4;
	return 1;
}

int
plx_listen(const struct plx_address *address,
	   const struct plx_listen_options *options, int *out)
{
	static const struct plx_listen_options none;
	const struct plx_listen_options *o = options ? options : &none;
	const struct plx_sys *sys = plx__sys_or_real(o->sys);
	struct plx_address v4;
	int fd;

	if (o->reuse_port && !plx__socket_shares(address))
		return -ENOTSUP;
	fd = listen_on(sys, address, o->backlog, o->reuse_port);
	if (fd == -EAFNOSUPPORT && plx__socket_any_v4(address, &v4))
		fd = listen_on(sys, &v4, o->backlog, o->reuse_port);
	if (fd < 0)
		return fd;
	*out = fd;
	return 0;
}

int
plx_local_address(int fd, struct plx_address *out)
{
	const struct plx_sys *sys = &plx__sys_real;
	struct plx_address a = {.length = sizeof(a.storage)};
	int err = sys->getsockname(sys, fd, (struct sockaddr *)&a.storage,
				   &a.length);

	if (err < 0)
		return err;
	*out = a;
	return 0;
}

int
plx_peer_address(int fd, struct plx_address *out)
{
	const struct plx_sys *sys = &plx__sys_real;
	struct plx_address a = {.length = sizeof(a.storage)};
	int err = sys->getpeername(sys, fd, (struct sockaddr *)&a.storage,
				   &a.length);

	if (err < 0)
		return err;
	*out = a;
	return 0;
}
