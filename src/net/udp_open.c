/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp_open.c: sockets of datagrams.
 *
 * As with those that listen (socket.c) a socket comes back whole or not at all,
 * and a path that was made here is taken away again.  To connect such a socket
 * is to tell the kernel an address: it never waits.
 */
#include <config.h>
#include <errno.h>
#include <pollux/udp.h>
#include "socket_int.h"

static int
settle(const struct plx_sys *sys, int fd, const struct plx_address *local,
       const struct plx_udp_options *o)
{
	const int on = 1;
	int r = 0;

	if (o->broadcast)
		r = sys->setsockopt(sys, fd, SOL_SOCKET, SO_BROADCAST, &on,
				    sizeof(on));
	if (r == 0 && local)
		r = plx__socket_bind(sys, fd, local, SOCK_DGRAM);
	if (r < 0 || !o->peer)
		return r;
	r = sys->connect(sys, fd, (const void *)&o->peer->storage,
			 o->peer->length);
	if (r < 0 && local)
		plx__socket_unbind(sys, local);
	return r;
}

static int
open_at(const struct plx_sys *sys, const struct plx_address *local,
	const struct plx_udp_options *o)
{
	const struct plx_address *a = local ? local : o->peer;
	int fd = plx__socket_open(sys, a, SOCK_DGRAM, o->reuse_port), r;

	if (fd < 0)
		return fd;
	r = settle(sys, fd, local, o);
	if (r < 0) {
		sys->close(sys, fd);
		return r;
	}
	return fd;
}

int
plx_udp_open(const struct plx_address *local,
	     const struct plx_udp_options *options, int *out)
{
	static const struct plx_udp_options none;
	const struct plx_udp_options *o = options ? options : &none;
	const struct plx_sys *sys = plx__sys_or_real(o->sys);
	struct plx_address v4;
	int fd;

	if (!local && !o->peer)
		return -EINVAL;
	if (o->reuse_port && !plx__socket_shares(local ? local : o->peer))
		return -ENOTSUP;
	fd = open_at(sys, local, o);
	if (fd == -EAFNOSUPPORT && local && plx__socket_any_v4(local, &v4))
		fd = open_at(sys, &v4, o);
	if (fd < 0)
		return fd;
	*out = fd;
	return 0;
}
