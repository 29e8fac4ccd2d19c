/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/net.h: addresses in words, and sockets that listen.
 *
 * Numbers only: nothing here asks a name server or blocks.  All functions may
 * be called from any thread, inside a task or not.  Descriptors come back
 * non-blocking and close-on-exec.
 */
#ifndef PLX_NET_H
#define PLX_NET_H

#include <stddef.h>
#include <sys/socket.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_sys;

struct plx_address {
	struct sockaddr_storage storage;
	socklen_t length;
};

/* Room for every text that plx_address_format makes, its end included. */
#define PLX_ADDRESS_TEXT 128

/*
 * Reads "127.0.0.1:7007", "[::1]:7007", "[fe80::1%eth0]:7007", "*:7007" or
 * ":7007" (any address, v6 and v4 where the system lets one socket serve
 * both), "unix:PATH" or, on Linux, "unix:@NAME" (abstract).
 * -EINVAL: none of these; -ERANGE: the port or the path is too large.
 */
PLX_API int plx_address_parse(const char *text, struct plx_address *out);

/*
 * The reverse.  TEXT is always ended; returns its length, as snprintf.  The
 * any address of v6 reads "*:7007", a v4 peer of a v6 socket as v4, a Unix
 * socket without a name "unix:".  -EAFNOSUPPORT: another kind of address.
 */
PLX_API int plx_address_format(const struct plx_address *address, char *text,
			       size_t cap);

struct plx_listen_options {
	int backlog;	/* 0: 4096, or SOMAXCONN if that is more, which the
			   system cuts to its own limit */
	int reuse_port; /* several sockets share the port, and the load where
			   the system shares it out; TCP only: -ENOTSUP */
	const struct plx_sys *sys; /* NULL; the library's tests use another */
};

/*
 * A stream socket that listens on ADDRESS, in *OUT.  TCP reuses the address
 * of a server that has just ended.  A Unix socket's path is taken over when
 * nobody listens on it any more, else -EADDRINUSE; to unlink it at the end is
 * the caller's part.  OPTIONS may be NULL.  Errors: those of socket(2),
 * setsockopt(2), bind(2) and listen(2).
 */
PLX_API int plx_listen(const struct plx_address *address,
		       const struct plx_listen_options *options, int *out);

/* The address that FD is bound to: the real port after port 0. */
PLX_API int plx_local_address(int fd, struct plx_address *out);

/* The address of FD's peer. */
PLX_API int plx_peer_address(int fd, struct plx_address *out);

PLX_END_DECLS

#endif
