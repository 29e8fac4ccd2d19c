/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sync_model.c: random waits for locks, permits, an event and a barrier,
 * one or two at a time, with deadlines and cancels, against a model.
 *
 * The model keeps a line for each and says who is served, at the moment when
 * the library is told to release.  A wait has to return exactly what the model
 * says: what it was served, else an error.  So nobody overtakes, nothing is
 * lost and nothing is had twice.  PLX_SEED gives the seed.
 */
#include <config.h>
#include <stdlib.h>
#include "sync_common.h"

enum {
	WORKERS = 12,
	STEPS = 3000,
	PERMITS = 3,
	PARTIES = 3,
	NOTHING = -1
};

enum {
	LOCK_A,
	LOCK_B,
	SEMAPHORE,
	EVENT,
	BARRIER,
	THINGS
};

struct worker {
	plx_task *task;
	int cancelled;
	int served; /* which thing, or NOTHING: by the model */
	int place;  /* at the barrier */
};

static struct worker workers[WORKERS];

/* The model: who waits, and how many could be served at once. */
static struct line {
	struct worker *who[WORKERS];
	int n;
	int free;
} lines[THINGS];

static struct plx_lock locks[2];
static struct plx_semaphore semaphore;
static struct plx_event event;
static struct plx_barrier barrier;

static int holders[THINGS];
static long waits, served;
static uint64_t seed, state;

static int
below(int n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int)((state >> 24) % (unsigned)n);
}

static int
model_serve(int thing)
{
	struct line *l = &lines[thing];

	for (int i = 0; i < l->n; i++) {
		if (l->who[i]->served == NOTHING) {
			l->who[i]->served = thing;
			return 1;
		}
	}
	return 0;
}

static void
model_release(int thing)
{
	if (!model_serve(thing))
		lines[thing].free++;
}

/* Is W the last one that the barrier waits for? */
static int
model_opens(struct worker *w)
{
	struct line *l = &lines[BARRIER];
	int place = 0;

	for (int i = 0; i < l->n; i++)
		place += l->who[i]->served == NOTHING;
	if (place + 1 < PARTIES)
		return 0;
	place = 0;
	for (int i = 0; i < l->n; i++) {
		if (l->who[i]->served != NOTHING)
			continue;
		l->who[i]->served = BARRIER;
		l->who[i]->place = place++;
	}
	w->place = place;
	return 1;
}

static void
model_begin(struct worker *w, const int *things, int n)
{
	w->served = NOTHING;
	for (int i = 0; i < n && w->served == NOTHING; i++) {
		struct line *l = &lines[things[i]];

		if (things[i] == BARRIER ? model_opens(w) : l->free > 0) {
			w->served = things[i];
			l->free -= things[i] != BARRIER;
		} else {
			l->who[l->n++] = w;
		}
	}
}

static void
model_end(const struct worker *w)
{
	for (int thing = 0; thing < THINGS; thing++) {
		struct line *l = &lines[thing];
		int kept = 0;

		for (int i = 0; i < l->n; i++) {
			if (l->who[i] != w)
				l->who[kept++] = l->who[i];
		}
		l->n = kept;
	}
}

static struct plx_awaitable *
awaitable(struct plx_sync_awaitable *a, int thing)
{
	if (thing == SEMAPHORE)
		return plx_semaphore_awaitable(a, &semaphore);
	if (thing == EVENT)
		return plx_event_awaitable(a, &event);
	if (thing == BARRIER)
		return plx_barrier_awaitable(a, &barrier);
	return plx_lock_awaitable(a, &locks[thing]);
}

static int
plain(int thing, int64_t deadline)
{
	if (thing == SEMAPHORE)
		return plx_semaphore_acquire(&semaphore, deadline);
	if (thing == EVENT)
		return plx_event_wait(&event, deadline);
	if (thing == BARRIER)
		return plx_barrier_wait(&barrier, deadline);
	return plx_lock_acquire(&locks[thing], deadline);
}

/* What W's wait for one or two things came to, in *RESULT; which of them. */
static int
wait_for(const int *things, int n, int64_t deadline, int *result)
{
	struct plx_sync_awaitable a[2];
	int i = 0;

	if (n == 1) {
		*result = plain(things[0], deadline);
		return *result < 0 ? NOTHING : things[0];
	}
	i = either(awaitable(&a[0], things[0]), awaitable(&a[1], things[1]),
		   deadline);
	*result = i < 0 ? i : plx_awaitable_result(&a[i].waiter.base);
	return i < 0 ? NOTHING : things[i];
}

/* Has it for a while and gives it back. */
static void
use(int thing)
{
	if (thing == EVENT || thing == BARRIER)
		return;
	holders[thing]++;
	cr_expect_leq(holders[thing], thing == SEMAPHORE ? PERMITS : 1,
		      "PLX_SEED=%llu: %d", (unsigned long long)seed, thing);
	if (below(4) == 0)
		plx_sleep(below(1000));
	else
		let_run(below(3));
	holders[thing]--;
	model_release(thing);
	if (thing == SEMAPHORE)
		cr_expect_eq(plx_semaphore_release(&semaphore), 0);
	else
		cr_expect_eq(plx_lock_release(&locks[thing]), 0);
}

static int64_t
some_deadline(void)
{
	int kind = below(4);

	if (kind == 0)
		return 0;
	return kind == 1 ? PLX_NEVER : in(1 + below(2000));
}

static int
work(void *arg)
{
	struct worker *w = arg;

	while (!w->cancelled) {
		int first = below(THINGS);
		int second = (first + 1 + below(THINGS - 1)) % THINGS;
		int things[2] = {first, second};
		int n = 1 + below(2);
		int result, got;

		model_begin(w, things, n);
		got = wait_for(things, n, some_deadline(), &result);
		model_end(w);
		waits++;
		served += got != NOTHING;
		cr_expect_eq(got, w->served, "PLX_SEED=%llu: %d, not %d: %d",
			     (unsigned long long)seed, got, w->served, result);
		if (got == BARRIER)
			cr_expect_eq(result, w->place);
		if (got != NOTHING)
			use(got);
		plx_checkpoint();
	}
	return 0;
}

static void
start_worker(struct worker *w)
{
	w->cancelled = 0;
	plx_spawn(NULL, work, w, &w->task);
}

static void
stop_worker(struct worker *w)
{
	w->cancelled = 1;
	plx_cancel(w->task);
	if (below(2))
		plx_checkpoint();
	plx_join(w->task, NULL, PLX_NEVER);
}

/* Everybody in line is served, and nobody after. */
static void
pulse(void)
{
	while (model_serve(EVENT))
		;
	plx_event_set(&event);
	plx_event_clear(&event);
}

static int
control(void *arg)
{
	(void)arg;
	plx_semaphore_init(&semaphore, PERMITS, PERMITS);
	plx_barrier_init(&barrier, PARTIES);
	lines[LOCK_A].free = lines[LOCK_B].free = 1;
	lines[SEMAPHORE].free = PERMITS;
	for (int i = 0; i < WORKERS; i++)
		start_worker(&workers[i]);
	for (int i = 0; i < STEPS; i++) {
		struct worker *w = &workers[below(WORKERS)];

		if (below(3) == 0) {
			stop_worker(w);
			start_worker(w);
		}
		if (below(3) == 0)
			pulse();
		plx_sleep(below(500));
	}
	for (int i = 0; i < WORKERS; i++)
		stop_worker(&workers[i]);
	return 0;
}

Test(sync_model, every_wait_returns_what_the_model_says)
{
	const char *given = getenv("PLX_SEED");

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)plx_now();
	state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	cr_expect_eq(run_timed(control, NULL), 0);
	cr_expect_gt(waits, STEPS, "%ld", waits);
	cr_expect_gt(served, waits / 4, "%ld of %ld", served, waits);
	cr_expect_eq(locks[0].owner, 0);
	cr_expect_eq(locks[1].owner, 0);
	cr_expect_eq(plx_semaphore_value(&semaphore), PERMITS);
	cr_expect_eq(lines[SEMAPHORE].free, PERMITS);
	cr_expect_eq(barrier.waiting, 0);
	for (int i = 0; i < THINGS; i++)
		cr_expect_eq(lines[i].n, 0);
}
