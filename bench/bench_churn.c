/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_churn.c: what does it cost to watch a descriptor, and to stop?
 *
 * Series, each about X descriptors, the cost that of one:
 *
 *	register	X descriptors are put into an empty set, which grows
 *	modify		each of the X, watched for reading and writing, is
 *			watched for reading only
 *	unregister	each is taken out
 *
 * Nothing is ready to be read.  Raw select and poll are the least that one
 * can do, setting a bit and writing eight bytes; they notice neither a closed
 * descriptor nor one that is there already.  A library that tells the kernel
 * in its next turn makes that turn, which asks the kernel once for all X.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "churn.h"
#include "harness.h"

static struct pool pool;
static int failed; /* of what has no way to say so */

static int
begin(const struct bench_contender *c, long x, void **state)
{
	const struct churn_means *m = c->arg;
	struct churn *set;
	int err = pool_resize(&pool, x);

	if (err < 0)
		return err;
	errno = 0;
	set = m->open(m, &pool);
	if (!set)
		return errno ? -errno : -ENOSYS;
	*state = set;
	return 0;
}

static void
end(void *state)
{
	struct churn *set = state;

	set->means->close(set);
}

/* STEP for the first N; what fails fails the program, later. */
static void
each(struct churn *set, int (*step)(struct churn *, long), long n)
{
	for (long i = 0; i < n; i++) {
		int err = step(set, i);

		failed = err < 0 ? err : failed;
	}
	if (set->means->flush)
		set->means->flush(set);
}

static void
add_all(void *state, long n)
{
	struct churn *set = state;

	each(set, set->means->add, n);
}

static int
widen(struct churn *set, long place)
{
	return set->means->change(set, place, 1);
}

static int
narrow(struct churn *set, long place)
{
	return set->means->change(set, place, 0);
}

static void
narrow_all(void *state, long n)
{
	each(state, narrow, n);
}

static void
drop_all(void *state, long n)
{
	struct churn *set = state;

	each(set, set->means->drop, n);
}

static void
fill(void *state)
{
	add_all(state, pool.n);
}

static void
fill_widely(void *state)
{
	fill(state);
	each(state, widen, pool.n);
}

static const struct {
	const char *name;
	const struct churn_means *means;
} sets[] = {
	{"raw select", &churn_raw_select},
	{"raw poll", &churn_raw_poll},
	{"raw epoll", &churn_raw_epoll},
	{"pollux select", &churn_pollux_select},
	{"pollux poll", &churn_pollux_poll},
	{"pollux epoll", &churn_pollux_epoll},
#ifdef WITH_LIBEV
	{"libev", &churn_libev},
#endif
#ifdef WITH_LIBEVENT
	{"libevent", &churn_libevent},
#endif
#ifdef WITH_LIBUV
	{"libuv", &churn_libuv},
#endif
};

enum {
	SETS = sizeof(sets) / sizeof(*sets),
	POINTS = 5,
};

/* 100, 1,000, ... and what the limit allows. */
static int
make_points(long *points)
{
	long most = pool_most() < 100000 ? pool_most() : 100000;
	int n = 0;

	for (long x = 100; x < most; x *= 10)
		points[n++] = x;
	points[n++] = most;
	return n;
}

static void
ask(struct bench *b, const char *name, void (*prepare)(void *),
    void (*run)(void *, long))
{
	long points[POINTS];
	struct bench_contender contenders[SETS];
	const struct bench_series s = {
		.name = name,
		.unit = "ns",
		.x = "descriptors",
		.points = points,
		.npoints = make_points(points),
		.contenders = contenders,
		.ncontenders = SETS,
		.afresh = 1,
	};

	for (int i = 0; i < SETS; i++)
		contenders[i] = (struct bench_contender){
			.name = sets[i].name,
			.arg = sets[i].means,
			.open = begin,
			.prepare = prepare,
			.run = run,
			.close = end,
		};
	bench_run(b, &s);
}

int
main(int argc, char **argv)
{
	struct bench b;

	bench_begin(&b, argc, argv, "churn",
		    "What it costs to watch a descriptor, and to stop.");
	ask(&b, "register", NULL, add_all);
	ask(&b, "modify", fill_widely, narrow_all);
	ask(&b, "unregister", fill, drop_all);
	if (failed) {
		fprintf(stderr, "bench_churn: %s\n", strerror(-failed));
		return 1;
	}
	return bench_end(&b);
}
