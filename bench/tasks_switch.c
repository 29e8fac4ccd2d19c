/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks_switch.c: giving way and going on, counted as two.
 *
 * In a program of coroutines that is a jump out to whoever schedules and one
 * back in.  A task of pollux jumps straight to the next one of its batch, so
 * it pays one jump and the work of the run queue, and at the end of a batch
 * a turn of the loop, which asks the system: with two tasks that is nearly
 * all of the cost, with fifty a small part.
 */
#include <config.h>
#include <pollux.h>
#include "tasks.h"

struct ring {
	long tasks;
	long left; /* of giving way, for all of them */
};

static struct ring ring;

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

void
tasks_switch(struct bench *b)
{
	static const long points[] = {2, 50, 1000};
	static const struct bench_contender contenders[] = {
		{.name = "pollux",
		 .open = open_ring,
		 .run = run_ring,
		 .close = close_ring},
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
