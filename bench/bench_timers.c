/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_timers.c: what it costs to arm, cancel, move and run a timer when so
 * many are held.
 *
 * The timers lie one behind the other in memory and are armed in that order,
 * with deadlines at random; they are cancelled and moved in an order at
 * random, as connections time out or do not.  All N are done, so inserting
 * begins with none and cancelling ends with none; a timer is moved from one
 * random deadline to another.  Nothing is due meanwhile: the deadlines are an
 * hour away and more.  To expire, they lie within the next milliseconds, and
 * when all of them are past (waiting is not measured) one turn of the loop
 * runs them.
 *
 * A thousand timers take microseconds.  Reading the clock of CPU time is a
 * system call, so they are done again and again; what the clock costs is
 * taken off.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>
#include "harness.h"
#include "timers.h"

#define MILLISECOND INT64_C(1000000)
#define HOUR (3600000 * MILLISECOND)

/* After the last deadline: libevent's clock goes by the ticks of the kernel. */
#define TICKS (12 * MILLISECOND)

/* Within how much time those lie that are to expire: per timer, at least. */
#define NEAR INT64_C(100)
#define NEAR_LEAST (10 * MILLISECOND)

enum {
	ROUNDS = 3, /* a million of all these take ten seconds a round */
	MANY = 1000000,
	LIBRARIES_MAX = 4,
	OPERATIONS = 200000, /* of a sample, if they take no waiting */
	WAITS = 10,	     /* of a sample, to expire a few */
};

static const struct timers_library *const libraries[] = {
	&timers_pollux,
#ifdef WITH_LIBEV
	&timers_libev,
#endif
#ifdef WITH_LIBEVENT
	&timers_libevent,
#endif
#ifdef WITH_LIBUV
	&timers_libuv,
#endif
};
static const int nlibraries = sizeof(libraries) / sizeof(libraries[0]);

static uint64_t seed;
static int64_t cost_of_clock; /* the least that measuring nothing took */

static int64_t
timed(struct timers *t, void (*work)(struct timers *t))
{
	int64_t begin = bench_cpu();

	work(t);
	return bench_cpu() - begin - cost_of_clock;
}

static void
do_nothing(struct timers *t)
{
	(void)t;
}

static void
measure_clock(void)
{
	int64_t least = timed(NULL, do_nothing);

	for (int i = 0; i < 1000; i++) {
		int64_t took = timed(NULL, do_nothing);

		if (took < least)
			least = took;
	}
	cost_of_clock = least;
}

/* Deadlines FIRST to END - 1: FROM now and less than SPAN later. */
static void
set_deadlines(struct timers *t, long first, long end, int64_t from,
	      int64_t span)
{
	uint64_t luck = seed + (uint64_t)first;

	for (long i = first; i < end; i++) {
		t->library->set(
			t, i,
			from + (int64_t)(bench_random(&luck) % (uint64_t)span));
	}
}

static void
shuffle(uint32_t *order, long n)
{
	uint64_t luck = ~seed;

	for (long i = 0; i < n; i++) {
		long k = (long)(bench_random(&luck) % (uint64_t)(i + 1));

		order[i] = order[k];
		order[k] = (uint32_t)i;
	}
}

static void
free_timers(struct timers *t)
{
	free((void *)t->order);
	free(t->when);
	free(t->timer);
	free(t);
}

static struct timers *
make_timers(const struct timers_library *library, long n)
{
	struct timers *t = calloc(1, sizeof(*t));
	uint32_t *order;

	if (!t)
		return NULL;
	t->library = library;
	t->n = n;
	t->timer = malloc((size_t)n * library->timer);
	t->when = malloc(2 * (size_t)n * library->when);
	t->order = order = malloc((size_t)n * sizeof(*order));
	if (!t->timer || !t->when || !order) {
		free_timers(t);
		return NULL;
	}
	set_deadlines(t, 0, 2 * n, HOUR, HOUR);
	shuffle(order, n);
	return t;
}

static int
open_timers(const struct bench_contender *c, long x, void **state)
{
	struct timers *t = make_timers(c->arg, x);
	int r;

	if (!t)
		return -ENOMEM;
	r = t->library->open(t);
	if (r < 0)
		free_timers(t);
	else
		*state = t;
	return r;
}

static void
close_timers(void *state)
{
	struct timers *t = state;

	t->library->close(t);
	free_timers(t);
}

static long
repetitions(const struct timers *t)
{
	return t->n < OPERATIONS ? OPERATIONS / t->n : 1;
}

static double
each(const struct timers *t, int64_t took, long times)
{
	double one = (double)took / (double)times / (double)t->n;

	return one > 0 ? one : 0;
}

static double
measure_insert(void *state)
{
	struct timers *t = state;
	long times = repetitions(t);
	int64_t took = 0;

	for (long i = 0; i < times; i++) {
		took += timed(t, t->library->insert);
		t->library->cancel(t);
	}
	return each(t, took, times);
}

static double
measure_cancel(void *state)
{
	struct timers *t = state;
	long times = repetitions(t);
	int64_t took = 0;

	for (long i = 0; i < times; i++) {
		t->library->insert(t);
		took += timed(t, t->library->cancel);
	}
	return each(t, took, times);
}

static double
measure_rearm(void *state)
{
	struct timers *t = state;
	long times = repetitions(t);
	int64_t took = 0;

	for (long i = 0; i < times; i++) {
		t->library->insert(t);
		took += timed(t, t->library->rearm);
		t->library->cancel(t);
	}
	return each(t, took, times);
}

static void
sleep_for(int64_t ns)
{
	struct timespec left = {
		.tv_sec = (time_t)(ns / (1000 * MILLISECOND)),
		.tv_nsec = (long)(ns % (1000 * MILLISECOND)),
	};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static double
measure_expire(void *state)
{
	struct timers *t = state;
	long times = repetitions(t) < WAITS ? repetitions(t) : WAITS;
	int64_t span = t->n * NEAR > NEAR_LEAST ? t->n * NEAR : NEAR_LEAST;
	int64_t took = 0;

	set_deadlines(t, 0, t->n, 0, span);
	for (long i = 0; i < times; i++) {
		t->library->insert(t);
		sleep_for(span + TICKS);
		t->fired = 0;
		took += timed(t, t->library->expire);
		if (t->fired != t->n) {
			fprintf(stderr, "bench_timers: %s ran %ld of %ld\n",
				t->library->name, t->fired, t->n);
			return -EIO;
		}
	}
	return each(t, took, times);
}

static void
run_series(struct bench *b, const char *name, double (*measure)(void *state))
{
	static const long few[] = {1000, MANY};
	static const long all[] = {10, 100, 1000, 10000, 100000, MANY};
	struct bench_contender contenders[LIBRARIES_MAX];
	struct bench_series s = {
		.name = name,
		.unit = "ns",
		.x = "timers",
		.points = b->full ? all : few,
		.npoints = b->full ? 6 : 2,
		.contenders = contenders,
		.ncontenders = nlibraries,
		.afresh = 1,
	};

	for (int i = 0; i < nlibraries; i++) {
		contenders[i] = (struct bench_contender){
			.name = libraries[i]->name,
			.arg = libraries[i],
			.open = open_timers,
			.close = close_timers,
			.measure = measure,
		};
	}
	bench_run(b, &s);
}

/* Resident bytes, or 0 where the system does not say so. */
static long
resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

/*
 * What a million timers are in memory: the caller's, and what grows by it.
 * In a process of its own, whose memory nobody has used before.
 */
static void
note_bytes(const struct bench *b, const struct timers_library *library)
{
	const struct bench_contender c = {.arg = library};
	char key[64], value[128];
	struct timers *t;
	void *state;
	long before;

	if (open_timers(&c, MANY, &state) < 0)
		return;
	t = state;
	before = resident();
	library->insert(t);
	snprintf(key, sizeof(key), "bytes of a timer, %s", library->name);
	snprintf(value, sizeof(value), "%zu, and %.1f more while armed",
		 library->timer, (double)(resident() - before) / (double)t->n);
	bench_say_note(b, key, value);
}

static void
note_all_bytes(const struct bench *b)
{
	if (b->list || b->only || !resident())
		return;
	for (int i = 0; i < nlibraries; i++) {
		pid_t child;

		if (!bench_wants(b, "", libraries[i]->name))
			continue;
		fflush(stdout);
		child = fork();
		if (child == 0) {
			note_bytes(b, libraries[i]);
			fflush(stdout);
			_exit(0);
		}
		while (child > 0 && waitpid(child, NULL, 0) < 0 &&
		       errno == EINTR)
			;
	}
}

int
main(int argc, char **argv)
{
	struct bench b;

	bench_begin(&b, argc, argv, "timers",
		    "What arming, cancelling, moving and running a timer cost "
		    "when many are held.\n"
		    "Three rounds unless told, or --full.");
	if (!b.given && !b.full)
		b.rounds = ROUNDS;
	seed = b.seed;
	measure_clock();
	note_all_bytes(&b);
	run_series(&b, "insert", measure_insert);
	run_series(&b, "cancel", measure_cancel);
	run_series(&b, "rearm", measure_rearm);
	run_series(&b, "expire", measure_expire);
	return bench_end(&b);
}
