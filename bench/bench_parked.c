/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_parked.c: what a task costs that stands and waits, in memory and in
 * time to get there and back.
 *
 * Usage: bench_parked [TASKS], 100,000 unless told.  A million need 4.3 GB.
 * One line each, tab-separated: what, how many tasks, cost, unit, version; all
 * but the mappings are per task.  Resident memory and page tables are the
 * kernel's word, before the tasks are spawned and when all of them wait; the
 * array of their handles is there before.  Time is CPU time.  Where the kernel
 * has no guard advice (Linux 6.13), tasks past the 30,000th have a canary for a
 * guard, which costs a page more each.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <pollux.h>

#define TASKS 100000
#define MOST 100000000

/* Where the tasks wait, and how that is called. */
struct way {
	const char *name;
	plx_task_fn *wait;
};

struct bench {
	const struct way *way;
	long n;
	plx_task **task;
};

struct memory {
	long resident, tables, mappings; /* bytes, bytes, number; or 0 */
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

static long
count_lines(const char *path)
{
	FILE *f = fopen(path, "r");
	long n = 0;
	int c;

	if (!f)
		return 0;
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

static struct memory
look_at_memory(void)
{
	struct memory m = {.mappings = count_lines("/proc/self/maps")};
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kib;

	if (!f)
		return m;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			m.resident = kib * 1024;
		else if (sscanf(line, "VmPTE: %ld", &kib) == 1)
			m.tables = kib * 1024;
	}
	fclose(f);
	return m;
}

static void
report(const struct bench *b, const char *what, double cost, const char *unit)
{
	printf("%s-%s\t%ld\t%.2f\t%s\t%s\n", b->way->name, what, b->n, cost,
	       unit, plx_version());
}

static void
report_memory(const struct bench *b, struct memory before, struct memory after)
{
	double n = (double)b->n;
	double resident = (double)(after.resident - before.resident) / n;
	double tables = (double)(after.tables - before.tables) / n;

	if (after.resident == 0)
		return;
	report(b, "resident", resident, "B");
	report(b, "tables", tables, "B");
	report(b, "memory", resident + tables, "B");
	report(b, "mappings", (double)(after.mappings - before.mappings), "");
}

/* Of this process, in nanoseconds: most of the work is the kernel's. */
static int64_t
cpu_time(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * PLX_SECOND + t.tv_nsec;
}

static int
spawn_all(const struct bench *b)
{
	int r = 0;

	for (long i = 0; i < b->n && r == 0; i++)
		r = plx_spawn(NULL, b->way->wait, NULL, &b->task[i]);
	return r < 0 ? r : plx_checkpoint();
}

static void
end_all(const struct bench *b)
{
	for (long i = 0; i < b->n; i++)
		plx_cancel(b->task[i]);
	for (long i = 0; i < b->n; i++)
		(void)plx_join(b->task[i], NULL, PLX_NEVER);
}

static int
run_bench(void *arg)
{
	const struct bench *b = arg;
	struct memory before = look_at_memory();
	int64_t begin = cpu_time(), end;
	int r = spawn_all(b);

	if (r < 0)
		return r;
	end = cpu_time();
	report(b, "spawn+park", (double)(end - begin) / (double)b->n, "ns");
	report_memory(b, before, look_at_memory());
	begin = cpu_time();
	end_all(b);
	end = cpu_time();
	report(b, "cancel+join", (double)(end - begin) / (double)b->n, "ns");
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct way ways[] = {
		{"sleep", sleep_for_ever},
		{"await", await_for_ever},
	};
	struct bench b = {.n = argc > 1 ? atol(argv[1]) : TASKS};
	int r = 0;

	if (argc > 2 || b.n < 1 || b.n > MOST) {
		fputs("usage: bench_parked [TASKS]\n", stderr);
		return 2;
	}
	b.task = malloc((size_t)b.n * sizeof(*b.task));
	if (!b.task)
		r = -ENOMEM;
	else
		memset(b.task, 1, (size_t)b.n * sizeof(*b.task));
	for (int i = 0; i < 2 && r == 0; i++) {
		b.way = &ways[i];
		r = plx_run(NULL, run_bench, &b);
	}
	free(b.task);
	if (r < 0)
		fprintf(stderr, "bench_parked: %s\n", strerror(-r));
	return r < 0;
}
