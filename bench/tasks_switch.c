/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks_switch.c: giving way and going on, counted as two.
 *
 * In a program of coroutines that is a jump out to whoever schedules and one
 * back in.  A task of pollux jumps straight to the next one of its batch, so
 * it pays one jump and the work of the run queue, and at the end of a batch
 * a turn of the loop, which asks the system: with two tasks that is nearly
 * all of the cost, with fifty a small part.  A generator has neither queue nor
 * loop: resuming it and yielding are the two, as with the floors.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <pollux.h>
#include "tasks.h"

struct ring {
	long tasks;
	long left; /* of giving way, for all of them */
};

static struct ring ring;

struct circle {
	long n;
	long next; /* whose turn it is */
	plx_gen *gen[];
};

static int
give_way(void *arg)
{
	(void)arg;
	while (ring.left-- > 0)
		(void)plx_checkpoint();
	return 0;
}

static int
open_ring(const struct bench_contender *c, long x, void **state)
{
	(void)c;
	ring.tasks = x;
	*state = &ring;
	return 0;
}

static void
run_ring(void *state, long n)
{
	(void)state;
	ring.left = n / 2;
	for (long i = 1; i < ring.tasks; i++)
		tasks_must(plx_spawn(NULL, give_way, NULL, NULL), "spawn");
	give_way(NULL);
	/* Those that still stand in the queue end. */
	tasks_must(plx_checkpoint(), "checkpoint");
}

static void
close_ring(void *state)
{
	(void)state;
}

static int
yield_for_ever(void *arg)
{
	int r = 0;

	while (r == 0)
		r = plx_yield(arg, NULL);
	return r;
}

static void
close_circle(void *state)
{
	struct circle *c = state;

	for (long i = 0; i < c->n; i++)
		plx_gen_free(&c->gen[i]);
	free(c);
}

static int
open_circle(const struct bench_contender *contender, long x, void **state)
{
	struct circle *c =
		calloc(1, sizeof(*c) + (size_t)x * sizeof(c->gen[0]));
	int r = 0;

	(void)contender;
	if (!c)
		return -ENOMEM;
	c->n = x;
	for (long i = 0; i < x && r == 0; i++)
		r = plx_gen_new(yield_for_ever, NULL, &c->gen[i]);
	*state = c;
	if (r < 0)
		close_circle(c);
	return r;
}

static void
run_circle(void *state, long n)
{
	struct circle *c = state;

	for (n /= 2; n > 0; n--) {
		tasks_must(plx_gen_next(c->gen[c->next], NULL), "next");
		if (++c->next == c->n)
			c->next = 0;
	}
}

void
tasks_switch(struct bench *b)
{
	static const long points[] = {2, 50, 1000};
	static const struct bench_contender contenders[] = {
		{.name = "pollux",
		 .open = open_ring,
		 .run = run_ring,
		 .close = close_ring},
		{.name = "pollux generator",
		 .open = open_circle,
		 .run = run_circle,
		 .close = close_circle},
		{.name = "raw switch",
		 .open = floor_raw_open,
		 .run = floor_raw_switch,
		 .close = floor_close},
		{.name = "ucontext",
		 .open = floor_ucontext_open,
		 .run = floor_ucontext_switch,
		 .close = floor_close},
	};
	static const struct bench_series series = {
		.name = "switch",
		.unit = "ns",
		.x = "tasks",
		.points = points,
		.npoints = TASKS_COUNT(points),
		.contenders = contenders,
		.ncontenders = TASKS_COUNT(contenders),
	};

	bench_run(b, &series);
}
