/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * churn.h: descriptors put into a set, changed there and taken out.
 */
#ifndef PLX_BENCH_CHURN_H
#define PLX_BENCH_CHURN_H

#include <stddef.h>
#include "pool.h"

/* What OPEN makes begins with this. */
struct churn {
	const struct churn_means *means;
};

/*
 * A set of the descriptors of a pool.  All that a call asks for is known to
 * the kernel, if the kernel keeps a set, when it returns.  PLACE is that of
 * the descriptor in the pool.
 */
struct churn_means {
	const char *backend; /* for what has several */
	/* An empty set; NULL and errno. */
	struct churn *(*open)(const struct churn_means *m,
			      const struct pool *p);
	/* To be told when it can be read; when it can be written, too, or not
	   any more; not at all.  0 or -errno. */
	int (*add)(struct churn *c, long place);
	int (*change)(struct churn *c, long place, int both);
	int (*drop)(struct churn *c, long place);
	/* For a library that puts off telling the kernel: tells it now. */
	void (*flush)(struct churn *c);
	void (*close)(struct churn *c);
};

extern const struct churn_means churn_raw_select, churn_raw_poll,
	churn_raw_epoll;
extern const struct churn_means churn_pollux_select, churn_pollux_poll,
	churn_pollux_epoll;
extern const struct churn_means churn_libev, churn_libevent, churn_libuv;

#endif
