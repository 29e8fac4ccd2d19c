/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.c: sockets that listen.
 *
 * A socket comes back whole or not at all: whatever fails on the way closes
 * it again, and a path that was made here is taken away again.
 *
 * Traps: SO_REUSEADDR means "although the last server's connections linger"
 * for TCP and nothing for Unix sockets, whose path outlives its server.
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
#include <pollux/net.h>
#include "sys.h"

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

/* A fresh socket for A, with the options that must precede bind. */
static int
open_socket(const struct plx_sys *sys, const struct plx_address *a, int share)
{
	int family = a->storage.ss_family, err = 0;
	int fd = sys->socket(sys, family, SOCK_STREAM, 0);

	if (fd < 0)
		return fd;
	if (family != AF_UNIX)
		err = set_flag(sys, fd, SOL_SOCKET, SO_REUSEADDR, 1);
	/* OpenBSD refuses: there "*" is IPv6 only. */
	if (is_any_v6(a))
		set_flag(sys, fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (!err && share)
		err = set_flag(sys, fd, SOL_SOCKET, reuse_port, 1);
	if (err < 0) {
		sys->close(sys, fd);
		return err;
	}
	return fd;
}

/* 1 when A is a socket in the file system that nobody listens on. */
static int
is_dead_path(const struct plx_sys *sys, const struct plx_address *a)
{
	const struct sockaddr_un *sa = (const void *)&a->storage;
	struct stat st;
	int fd, err;

	if (a->storage.ss_family != AF_UNIX || !sa->sun_path[0])
		return 0;
	if (sys->lstat(sys, sa->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return 0;
	fd = sys->socket(sys, AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0)
		return 0;
	err = sys->connect(sys, fd, raw(a), a->length);
	sys->close(sys, fd);
	return err == -ECONNREFUSED;
}

static int
bind_address(const struct plx_sys *sys, int fd, const struct plx_address *a)
{
	const struct sockaddr_un *sa = (const void *)&a->storage;
	int err = sys->bind(sys, fd, raw(a), a->length);

	if (err != -EADDRINUSE || !is_dead_path(sys, a))
		return err;
	sys->unlink(sys, sa->sun_path);
	return sys->bind(sys, fd, raw(a), a->length);
}

static int
listen_on(const struct plx_sys *sys, const struct plx_address *a, int backlog,
	  int share)
{
	const struct sockaddr_un *sa = (const void *)&a->storage;
	int fd = open_socket(sys, a, share), err;

	if (fd < 0)
		return fd;
	err = bind_address(sys, fd, a);
	if (err < 0)
		goto fail;
	err = sys->listen(sys, fd, backlog ? backlog : SOMAXCONN);
	if (err < 0)
		goto unbind;
	return fd;
unbind:
	if (a->storage.ss_family == AF_UNIX && sa->sun_path[0])
		sys->unlink(sys, sa->sun_path);
fail:
	sys->close(sys, fd);
	return err;
}

/* The any address of IPv4, with the port of A. */
static struct plx_address
any_v4(const struct plx_address *a)
{
	const struct sockaddr_in6 *from = (const void *)&a->storage;
	struct plx_address v4 = {.length = sizeof(struct sockaddr_in)};
	struct sockaddr_in *to = (struct sockaddr_in *)&v4.storage;

	to->sin_family = AF_INET;
	to->sin_port = from->sin6_port;
	return v4;
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

	if (o->reuse_port &&
	    (reuse_port < 0 || address->storage.ss_family == AF_UNIX))
		return -ENOTSUP;
	fd = listen_on(sys, address, o->backlog, o->reuse_port);
	if (fd == -EAFNOSUPPORT && is_any_v6(address)) {
		v4 = any_v4(address);
		fd = listen_on(sys, &v4, o->backlog, o->reuse_port);
	}
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
