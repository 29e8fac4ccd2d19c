/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_switch.c: what a task costs: giving way, beginning and ending.
 *
 * One line each, tab-separated: what, how many tasks, cost, unit, version.
 * Times are the best of some rounds.  Giving way is a switch to the loop and
 * one back, counted as two, with the run queue's work in it; turns of the
 * loop in between ask the system, which many tasks share.  To count
 * instructions instead, run `valgrind --tool=callgrind bench_switch NAME`.
 */
#include <config.h>
#include <stdio.h>
#include <string.h>
#include <pollux.h>

#define ROUNDS 5

static long left; /* switches to go, shared by the tasks */

static void
report(const char *what, long tasks, double cost, const char *unit)
{
	printf("%s\t%ld\t%.2f\t%s\t%s\n", what, tasks, cost, unit,
	       plx_version());
}

static int
give_way(void *arg)
{
	(void)arg;
	while (left-- > 0)
		(void)plx_checkpoint();
	return 0;
}

static int
switching(void *arg)
{
	long tasks = *(long *)arg, count = 2000000;
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin = plx_now();
		double ns;

		left = count;
		for (long i = 1; i < tasks; i++) {
			if (plx_spawn(NULL, give_way, NULL, NULL) < 0)
				return -1;
		}
		give_way(NULL);
		ns = (double)(plx_now() - begin) / (2.0 * (double)count);
		best = ns < best ? ns : best;
		/* Those that still stand in the queue end. */
		(void)plx_checkpoint();
	}
	report("switch", tasks, best, "ns");
	return 0;
}

static int
end_at_once(void *arg)
{
	(void)arg;
	return 0;
}

static int
spawning(void *arg)
{
	long tasks = *(long *)arg;
	long rounds = 200000 / tasks;
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin = plx_now();
		double ns;

		for (long k = 0; k < rounds; k++) {
			for (long i = 0; i < tasks; i++)
				(void)plx_spawn(NULL, end_at_once, NULL, NULL);
			(void)plx_checkpoint();
		}
		ns = (double)(plx_now() - begin) / (double)(rounds * tasks);
		best = ns < best ? ns : best;
	}
	report("spawn+end", tasks, best, "ns");
	return 0;
}

static int
joining(void *arg)
{
	long count = 200000;
	double best = 1e9;

	(void)arg;
	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin = plx_now();
		double ns;

		for (long i = 0; i < count; i++) {
			plx_task *t;

			if (plx_spawn(NULL, end_at_once, NULL, &t) == 0)
				(void)plx_join(t, NULL, PLX_NEVER);
		}
		ns = (double)(plx_now() - begin) / (double)count;
		best = ns < best ? ns : best;
	}
	report("spawn+join", 1, best, "ns");
	return 0;
}

static const struct {
	const char *name;
	plx_task_fn *fn;
	long tasks;
} benches[] = {
	{"switch", switching, 2},
	{"switch-50", switching, 50},
	{"switch-1000", switching, 1000},
	{"spawn", spawning, 100},
	{"join", joining, 1},
};

int
main(int argc, char **argv)
{
	int ret = 0;

	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		long tasks = benches[i].tasks;

		if (argc > 1 && strcmp(argv[1], benches[i].name) != 0)
			continue;
		ret = plx_run(NULL, benches[i].fn, &tasks);
		if (ret < 0) {
			fprintf(stderr, "bench_switch: %s: %s\n",
				benches[i].name, strerror(-ret));
			return 1;
		}
	}
	return 0;
}
