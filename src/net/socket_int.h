/* SPDX-License-Identifier: BSD-2-Clause */
/* socket_int.h: what all share that open sockets. */
#ifndef PLX_SOCKET_INT_H
#define PLX_SOCKET_INT_H

#include <pollux/net.h>
#include "sys.h"

/* What listen(2) is asked for.  SOMAXCONN is the C library's word, 128 of
   musl's, where Linux has allowed 4096 since 5.4. */
static inline int
plx__backlog(int asked)
{
	return asked ? asked : SOMAXCONN > 4096 ? SOMAXCONN : 4096;
}

/* Can several sockets be given A? */
int plx__socket_shares(const struct plx_address *a);

/* FD will be bound to A: the any address of IPv6 is to take IPv4 as well. */
void plx__socket_take_v4(const struct plx_sys *sys, int fd,
			 const struct plx_address *a);

/* A fresh socket of TYPE for A, with the options that must precede bind;
   SHARE: reuse_port. */
int plx__socket_open(const struct plx_sys *sys, const struct plx_address *a,
		     int type, int share);

/* Binds FD, of TYPE; a path that nobody has open any more is taken over. */
int plx__socket_bind(const struct plx_sys *sys, int fd,
		     const struct plx_address *a, int type);

/* Takes the path of A away, if it has one. */
void plx__socket_unbind(const struct plx_sys *sys, const struct plx_address *a);

/* 1 when A is the any address of IPv6, and that of IPv4 with its port is in
 *OUT, for a system that has no IPv6; else 0. */
int plx__socket_any_v4(const struct plx_address *a, struct plx_address *out);

#endif
