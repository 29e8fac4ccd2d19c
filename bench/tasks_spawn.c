/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks_spawn.c: beginning and ending, of tasks that do nothing between.
 *
 * As many as the point says are spawned, then run and end; `spawn-join' has
 * their handles and waits for each.  The loop's turn, which asks the system,
 * is shared by those of one point.
 */
#include <config.h>
#include <pollux.h>
#include "tasks.h"

#define MOST 1000

struct brood {
	long tasks;
	long ended;
	plx_task *task[MOST];
};

static struct brood brood;

static int
end_at_once(void *arg)
{
	struct brood *b = arg;

	b->ended++;
	return 0;
}

static int
open_brood(const struct bench_contender *c, long x, void **state)
{
	(void)c;
	brood.tasks = x;
	*state = &brood;
	return 0;
}

static void
close_brood(void *state)
{
	(void)state;
}

static void
run_spawn(void *state, long n)
{
	struct brood *b = state;

	for (b->ended = 0; b->ended < n;) {
		for (long i = 0; i < b->tasks; i++)
			tasks_must(plx_spawn(NULL, end_at_once, b, NULL),
				   "spawn");
		tasks_must(plx_checkpoint(), "checkpoint");
	}
}

static void
run_join(void *state, long n)
{
	struct brood *b = state;

	for (b->ended = 0; b->ended < n;) {
		for (long i = 0; i < b->tasks; i++)
			tasks_must(plx_spawn(NULL, end_at_once, b, &b->task[i]),
				   "spawn");
		for (long i = 0; i < b->tasks; i++)
			tasks_must(plx_join(b->task[i], NULL, PLX_NEVER),
				   "join");
	}
}

static const struct bench_contender spawners[] = {
	{.name = "pollux",
	 .open = open_brood,
	 .run = run_spawn,
	 .close = close_brood},
	{.name = "raw switch",
	 .open = floor_raw_open,
	 .run = floor_raw_spawn,
	 .close = floor_close},
	{.name = "ucontext",
	 .open = floor_ucontext_open,
	 .run = floor_ucontext_spawn,
	 .close = floor_close},
};

static const struct bench_contender joiners[] = {
	{.name = "pollux",
	 .open = open_brood,
	 .run = run_join,
	 .close = close_brood},
};

void
tasks_spawn(struct bench *b)
{
	static const long points[] = {1, 100, MOST};
	struct bench_series series = {
		.name = "spawn",
		.unit = "ns",
		.x = "tasks at a time",
		.points = points,
		.npoints = TASKS_COUNT(points),
		.contenders = spawners,
		.ncontenders = TASKS_COUNT(spawners),
	};

	bench_run(b, &series);
	series.name = "spawn-join";
	series.contenders = joiners;
	series.ncontenders = TASKS_COUNT(joiners);
	bench_run(b, &series);
}
