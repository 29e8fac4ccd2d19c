/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks_parked.c: what a task costs that stands and waits: `parked' in
 * memory, `park' in time to get there and to its end.
 *
 * Memory is the kernel's word, resident pages and page tables, before the
 * tasks are spawned and when all of them wait; the array of their handles is
 * there before.  It is smaps_rollup that is asked, which counts: VmRSS is
 * a sum of counters that lag by some hundred pages.  Time is CPU time of the
 * thread, most of it the kernel's, for the first touch of each stack.
 *
 * Where the kernel has no guard advice (Linux 6.13), tasks past the 30,000th
 * have a canary for a guard, which costs a page more each.  The floor is one
 * page each, a stack's distance apart, in one mapping.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <pollux.h>
#include "tasks.h"

#ifndef MAP_NORESERVE /* FreeBSD has no such flag */
#define MAP_NORESERVE 0
#endif

#define DISTANCE ((size_t)(64 + 4) << 10)

/* What a point asks of memory, each; it is not begun without. */
#define ROOM 4600

struct crowd {
	plx_task_fn *wait; /* NULL: no tasks, bare pages */
	long n;
	plx_task **task;
	double each; /* bytes */
};

static int
sleep_for_ever(void *arg)
{
	(void)arg;
	return plx_sleep_until(PLX_NEVER);
}

static int
never_ready(struct plx_awaitable *a)
{
	(void)a;
	return 0;
}

/* An awaitable of the task's own, as a lock or a channel has them. */
static int
await_for_ever(void *arg)
{
	static const struct plx_awaitable_ops ops = {
		.kind = "nothing",
		.arm = never_ready,
		.disarm = never_ready,
		.result = never_ready,
	};
	struct plx_awaitable a = {.ops = &ops};

	(void)arg;
	return plx_await(&a, PLX_NEVER);
}

/* The bytes that PATH tells of as NAME, in KiB; 0: it does not. */
static long
look_up(const char *path, const char *name)
{
	FILE *f = fopen(path, "r");
	size_t length = strlen(name);
	char line[256];
	long kib = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, length) == 0)
			kib = strtol(line + length, NULL, 10);
	}
	fclose(f);
	return kib * 1024;
}

static double
memory(void)
{
	return (double)(look_up("/proc/self/smaps_rollup", "Rss:") +
			look_up("/proc/self/status", "VmPTE:"));
}

static int
spawn_all(const struct crowd *c)
{
	int r = 0;

	for (long i = 0; i < c->n && r == 0; i++)
		r = plx_spawn(NULL, c->wait, NULL, &c->task[i]);
	return r < 0 ? r : plx_checkpoint();
}

static void
end_all(const struct crowd *c)
{
	for (long i = 0; i < c->n; i++)
		plx_cancel(c->task[i]);
	for (long i = 0; i < c->n; i++)
		(void)plx_join(c->task[i], NULL, PLX_NEVER);
}

static int
weigh(void *arg)
{
	struct crowd *c = arg;
	double before = memory();
	int r = spawn_all(c);

	if (r < 0)
		return r;
	c->each = (memory() - before) / (double)c->n;
	end_all(c);
	return 0;
}

static int
pass_through(void *arg)
{
	struct crowd *c = arg;
	int r = spawn_all(c);

	if (r == 0)
		end_all(c);
	return r;
}

static int
open_crowd(const struct bench_contender *contender, long x, void **state)
{
	size_t size = (size_t)x * sizeof(plx_task *);
	struct crowd *c;

	if (look_up("/proc/self/smaps_rollup", "Rss:") == 0)
		return -ENOSYS;
	if (look_up("/proc/meminfo", "MemAvailable:") / ROOM < x)
		return -ENOMEM;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->n = x;
	c->wait = contender->arg ? *(plx_task_fn *const *)contender->arg : NULL;
	c->task = malloc(size);
	*state = c;
	if (!c->task) {
		free(c);
		return -ENOMEM;
	}
	/* Touched, lest they count as the tasks'. */
	memset(c->task, 1, size);
	return 0;
}

static void
close_crowd(void *state)
{
	struct crowd *c = state;

	free(c->task);
	free(c);
}

static double
measure_crowd(void *state)
{
	struct crowd *c = state;
	int r = plx_run(NULL, weigh, c);

	return r < 0 ? r : c->each;
}

static void
run_crowd(void *state, long n)
{
	(void)n;
	tasks_must(plx_run(NULL, pass_through, state), "plx_run");
}

static double
measure_pages(void *state)
{
	struct crowd *c = state;
	size_t size = (size_t)c->n * DISTANCE;
	double before = memory();
	char *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return -errno;
#ifdef MADV_NOHUGEPAGE
	(void)madvise(base, size, MADV_NOHUGEPAGE);
#endif
	for (size_t at = 1; at <= size / DISTANCE; at++)
		base[at * DISTANCE - 1] = 1;
	c->each = (memory() - before) / (double)c->n;
	munmap(base, size);
	return c->each;
}

static plx_task_fn *const asleep = sleep_for_ever;
static plx_task_fn *const awaiting = await_for_ever;

static const struct bench_contender weighed[] = {
	{.name = "pollux, asleep",
	 .arg = &asleep,
	 .open = open_crowd,
	 .measure = measure_crowd,
	 .close = close_crowd},
	{.name = "pollux, awaiting",
	 .arg = &awaiting,
	 .open = open_crowd,
	 .measure = measure_crowd,
	 .close = close_crowd},
	{.name = "raw page",
	 .open = open_crowd,
	 .measure = measure_pages,
	 .close = close_crowd},
};

static const struct bench_contender timed[] = {
	{.name = "pollux, asleep",
	 .arg = &asleep,
	 .open = open_crowd,
	 .run = run_crowd,
	 .close = close_crowd},
};

void
tasks_parked(struct bench *b)
{
	static const long points[] = {1000, 10000, 100000, 1000000};
	struct bench_series series = {
		.name = "parked",
		.unit = "B",
		.x = "tasks",
		.points = points,
		.npoints = TASKS_COUNT(points) - !b->full,
		.contenders = weighed,
		.ncontenders = TASKS_COUNT(weighed),
		.afresh = 1,
	};

	bench_run(b, &series);
	series.name = "park";
	series.unit = "ns";
	series.contenders = timed;
	series.ncontenders = TASKS_COUNT(timed);
	bench_run(b, &series);
}
