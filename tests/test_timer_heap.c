/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_timer_heap.c: the heap of timers against a model that just looks for
 * the smallest.
 */
#include <config.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "support.h"
#include "timers.h"

enum {
	MODEL = 700,
	STEPS = 60000
};

struct model {
	struct plx_timers timers;
	struct plx_call call[MODEL];
	uint64_t random;
};

static uint64_t
next_random(struct model *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random;
}

static void
insert(struct model *m, struct plx_call *call, int64_t when)
{
	call->when = when;
	cr_assert_eq(plx__timers_insert(&m->timers, &support_sys.sys, call), 0);
	cr_assert_gt(call->place, 0);
}

/* The call that leaves first, or NULL. */
static struct plx_call *
first_of(struct plx_timers *t)
{
	int64_t when = plx__timers_first(t);
	struct plx_call *call = t->count ? t->heap[1].call : NULL;

	cr_assert_eq(when, call ? call->when : PLX_NEVER);
	return call;
}

static int
comes_before(const struct plx_call *a, const struct plx_call *b)
{
	if (a->when != b->when)
		return (uint64_t)a->when < (uint64_t)b->when;
	return a->order < b->order;
}

static struct plx_call *
first_of_model(struct model *m)
{
	struct plx_call *first = NULL;

	for (int i = 0; i < MODEL; i++) {
		struct plx_call *call = &m->call[i];

		if (call->place && (!first || comes_before(call, first)))
			first = call;
	}
	return first;
}

/* Arms, cancels, moves (in two ways) or expires one at random. */
static void
step(struct model *m)
{
	struct plx_call *call = &m->call[next_random(m) % MODEL];
	int64_t when = (int64_t)(next_random(m) % 1000);
	unsigned what = (unsigned)(next_random(m) % 8);

	if (what == 0 && m->timers.count)
		call = first_of(&m->timers);
	if (call && call->place && what >= 5) {
		plx__timers_move(&m->timers, call,
				 what == 7 ? PLX_NEVER : when);
		return;
	}
	if (call && call->place)
		plx__timers_remove(&m->timers, call);
	if (call && what >= 3)
		insert(m, call, what == 7 ? PLX_NEVER : when);
}

Test(timers, the_first_is_that_of_a_plain_search)
{
	static struct model m;
	struct support_mark mark = support_begin(NULL);
	const char *given = getenv("PLX_SEED");
	uint64_t seed =
		given ? strtoull(given, NULL, 0)
		      : (uint64_t)time(NULL) * 65537 + (unsigned)getpid();

	m.random = seed | 1;
	for (int i = 0; i < STEPS; i++) {
		step(&m);
		if (i % 8 == 0) {
			cr_assert_eq(first_of(&m.timers), first_of_model(&m),
				     "step %d of PLX_SEED=%llu", i,
				     (unsigned long long)seed);
		}
	}
	plx__timers_fini(&m.timers, &support_sys.sys);
	cr_assert_null(first_of_model(&m));
	support_end(mark, NULL);
}

/* Takes the calls, which are due by 5000, in order; how many there were. */
static int
take_all(struct model *m)
{
	const struct plx_call *last = NULL;
	struct plx_call *first;
	int n = 0;

	while ((first = plx__timers_take(&m->timers, 5000)) != NULL) {
		cr_assert(!last || comes_before(last, first));
		cr_assert_eq(first->place, 0);
		last = first;
		n++;
	}
	return n;
}

Test(timers, they_leave_in_order_and_equal_ones_as_they_came)
{
	static struct model m = {.random = 4711};
	static struct plx_call many[20000];
	struct support_mark mark = support_begin(NULL);

	for (size_t i = 0; i < 20000; i++)
		insert(&m, &many[i], (int64_t)(next_random(&m) % 5000));
	cr_assert_eq(take_all(&m), 20000);
	plx__timers_fini(&m.timers, &support_sys.sys);
	support_end(mark, NULL);
}

Test(timers, a_cancelled_timer_may_be_freed_at_once)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_call *call[100];
	struct model m;

	memset(&m, 0, sizeof(m));
	for (int i = 0; i < 100; i++) {
		call[i] = calloc(1, sizeof(*call[i]));
		insert(&m, call[i], 7);
	}
	for (int i = 0; i < 100; i++) {
		plx__timers_remove(&m.timers, call[i]);
		free(call[i]);
		if (i % 3 == 0) {
			struct plx_call *next = first_of(&m.timers);

			cr_assert_eq(next, i < 99 ? call[i + 1] : NULL);
		}
	}
	plx__timers_fini(&m.timers, &support_sys.sys);
	support_end(mark, NULL);
}

/* A resize that returns blocks at every alignment that malloc may. */
static void *
shifting_resize(const struct plx_sys *sys, void *p, size_t size)
{
	static size_t shift;
	static char pool[4][1 << 20] __attribute__((aligned(128)));
	static unsigned turn;
	char *block = pool[turn++ % 4] + 16 * (shift++ % 8);

	(void)sys;
	if (p)
		memcpy(block, p, size);
	return block;
}

Test(timers, the_heap_survives_a_block_that_moves_by_any_distance)
{
	static struct model m = {.random = 42};
	static struct plx_call many[30000];
	struct plx_sys sys = {.resize = shifting_resize};

	for (size_t i = 0; i < 30000; i++) {
		many[i].when = (int64_t)(next_random(&m) % 5000);
		many[i].order = i;
		cr_assert_eq(plx__timers_insert(&m.timers, &sys, &many[i]), 0);
		cr_assert_eq((uintptr_t)&m.timers.heap[2] % 128, 0);
	}
	cr_assert_eq(take_all(&m), 30000);
}
