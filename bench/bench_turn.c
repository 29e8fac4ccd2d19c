/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_turn.c: what does an event cost when N descriptors are watched?
 *
 * Series:
 *
 *	one-ready	one descriptor is ready and stays so, as nobody reads
 *			it: every turn is a question to the kernel, an answer
 *			and a count.  What a mechanism costs, and nothing else.
 *	hundred-ready	the same with a hundred of them (half of N at most),
 *			spread evenly; the cost is that of one event.
 *	passed-on	one is ready; its event is read and another one, by
 *			luck, is made ready: two more calls, and memory that
 *			has not been looked at lately.
 *
 * Only one contender watches at a time, because a write to a descriptor calls
 * on every set that has it: another's registrations are taken down before a
 * sample, and one's own put up, unmeasured.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "exponent.h"
#include "harness.h"
#include "turn.h"

enum {
	POINTS = 16,
};

static struct pool pool;
static struct turn *watching; /* the one that does */

/* Of the series that runs. */
static int ready, passes;
static uint64_t seed;

void
turn_fail(const char *call)
{
	fprintf(stderr, "bench_turn: %s failed\n", call);
	exit(1);
}

void
turn_pass(struct turn *t, int fd)
{
	uint64_t place = bench_random(&t->luck) % (uint64_t)t->pool->n;

	pool_drain(fd);
	pool_fill(t->pool, (long)place);
}

static void
take_down(void)
{
	if (watching)
		watching->means->close(watching);
	watching = NULL;
}

/* N descriptors, as many of them ready as there should be. */
static int
fill(long n)
{
	long k = ready < n / 2 ? ready : n / 2;
	int err = pool_resize(&pool, 0);

	if (err == 0)
		err = pool_resize(&pool, n);
	for (long i = 0; err == 0 && i < k; i++)
		pool_fill(&pool, (2 * i + 1) * n / (2 * k));
	return err;
}

static void
run_turn(void *state, long n)
{
	struct turn *t = state;

	t->left += n;
	t->means->run(t);
}

/*
 * Has T watch, and nobody else: 0 or -errno.  The first turn after that is
 * not like the others: some register only then.
 */
static int
watch(struct turn *t)
{
	int err;

	take_down();
	err = t->means->open(t);
	if (err < 0)
		return err;
	watching = t;
	t->left = 0;
	run_turn(t, 1);
	return 0;
}

static int
open_turn(const struct bench_contender *c, long x, void **state)
{
	struct turn *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	*t = (struct turn){.means = c->arg, .pool = &pool, .luck = seed};
	t->passes = passes;
	take_down();
	err = pool.n == x ? 0 : fill(x);
	if (err == 0)
		err = watch(t);
	if (err < 0)
		free(t);
	else
		*state = t;
	return err;
}

static void
put_up(void *state)
{
	if (watching != state && watch(state) < 0)
		turn_fail("watching again");
}

static void
close_turn(void *state)
{
	if (watching == state)
		take_down();
	free(state);
}

#define TURN(name, means)                                                   \
	{                                                                   \
		name, &means, open_turn, put_up, run_turn, close_turn, NULL \
	}

static const struct bench_contender contenders[] = {
	TURN("raw select", turn_raw_select),
	TURN("raw poll", turn_raw_poll),
	TURN("raw epoll", turn_raw_epoll),
	TURN("pollux select", turn_selector_select),
	TURN("pollux poll", turn_selector_poll),
	TURN("pollux epoll", turn_selector_epoll),
	TURN("pollux loop epoll", turn_loop_epoll),
#ifdef WITH_LIBEV
	TURN("libev epoll", turn_libev_epoll),
#endif
#ifdef WITH_LIBEVENT
	TURN("libevent epoll", turn_libevent_epoll),
#endif
#ifdef WITH_LIBUV
	TURN("libuv", turn_libuv),
#endif
	/* And the SLOW ones. */
	TURN("pollux loop select", turn_loop_select),
	TURN("pollux loop poll", turn_loop_poll),
#ifdef WITH_LIBEV
	TURN("libev select", turn_libev_select),
	TURN("libev poll", turn_libev_poll),
#endif
#ifdef WITH_LIBEVENT
	TURN("libevent select", turn_libevent_select),
	TURN("libevent poll", turn_libevent_poll),
#endif
};

/* The last SLOW are libraries on top of what is slow by itself: a short run
   asks them for the first series only. */
enum {
	ALL = sizeof(contenders) / sizeof(*contenders),
	SLOW = 2
#ifdef WITH_LIBEV
	       + 2
#endif
#ifdef WITH_LIBEVENT
	       + 2
#endif
};

/*
 * 10, 100, ... from LEAST on and what the limit allows; with --full all of
 * them, and 30, 300, ... too.
 */
static int
make_points(const struct bench *b, long least, long *points)
{
	long most = pool_most() < 100000 ? pool_most() : 100000;
	int n = 0;

	for (long x = 10; x < most; x *= 10) {
		if (b->full || x >= least)
			points[n++] = x;
		if (b->full && 3 * x < most)
			points[n++] = 3 * x;
	}
	points[n++] = most;
	return n;
}

static void
ask(struct bench *b, const char *name, long least, int slowly)
{
	long points[POINTS];
	const struct bench_series s = {
		.name = name,
		.unit = "ns",
		.x = "descriptors",
		.points = points,
		.npoints = make_points(b, least, points),
		.contenders = contenders,
		.ncontenders = slowly || b->full ? ALL : ALL - SLOW,
		.told = exponent_take,
	};

	bench_run(b, &s);
	exponent_say(b, name);
	pool_resize(&pool, 0);
}

int
main(int argc, char **argv)
{
	struct bench b;

	bench_begin(&b, argc, argv, "turn",
		    "What an event costs when N descriptors are watched.");
	seed = b.seed;
	ready = 1;
	ask(&b, "one-ready", 10, 1);
	ready = 100;
	ask(&b, "hundred-ready", 1000, 0);
	ready = 1;
	passes = 1;
	ask(&b, "passed-on", 1000, 0);
	return bench_end(&b);
}
