/* SPDX-License-Identifier: BSD-2-Clause */
/* connect_int.h: what connections by name are made of. */
#ifndef PLX_CONNECT_INT_H
#define PLX_CONNECT_INT_H

#include <pollux/connect.h>

struct addrinfo;

/* May a peer of FAMILY be tried? */
int plx__connect_wants(const struct plx_connect_options *o, int family);

/* A descriptor that is connected to SA, or -errno.  In a task. */
int plx__connect_one(const struct sockaddr *sa, socklen_t len,
		     const struct plx_connect_options *o, int64_t deadline);

/* The same to the first in LIST that answers. */
int plx__connect_race(const struct addrinfo *list,
		      const struct plx_connect_options *o, int64_t deadline);

#endif
