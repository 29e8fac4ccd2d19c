/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.c: a heap of fan-out eight whose slots hold the time beside the call.
 *
 * A million timers do not fit a cache, so what counts is how many lines one
 * operation touches.  The eight children of a slot fill two cache lines, which
 * memory hands out as a pair: the array is shifted within its block until slot
 * 2 begins such a pair (and again when a resize moved the block).  Equal times
 * go by the order of arming, which stands in the call; slots wide enough to
 * hold it too were slower in every measurement, with equal times as without.
 *
 * Taking one out only leaves a hole, which the next insertion takes over.  A
 * deadline that is set for the next wait after the last one was cancelled then
 * disturbs no other timer.  There is one hole at most, and everything else that
 * moves elements closes it first with the last element, because what it holds
 * may have been freed.
 *
 * The array never shrinks: a burst of timers is the best forecast of the next
 * one.
 */
#include <config.h>

#include "timers.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "sys.h"

enum {
	FAN = 8,
	PAIR = 128,
	FIRST_ROOM = 64
};

static inline int
is_before(const struct plx_timer *a, const struct plx_timer *b)
{
	if (a->when != b->when)
		return a->when < b->when;
	return a->call->order < b->call->order;
}

static inline unsigned
parent_of(unsigned place)
{
	return (place + FAN - 2) / FAN;
}

static inline void
put(struct plx_timer *heap, unsigned place, struct plx_timer timer)
{
	heap[place] = timer;
	timer.call->place = (int)place;
}

/* Puts TIMER into the hole at PLACE or above it. */
static __attribute__((noinline)) void
rise(struct plx_timer *heap, unsigned place, struct plx_timer timer)
{
	while (place > 1) {
		unsigned parent = parent_of(place);

		if (!is_before(&timer, &heap[parent]))
			break;
		put(heap, place, heap[parent]);
		place = parent;
	}
	put(heap, place, timer);
}

/* The earliest of the N slots from FIRST on. */
static unsigned
earliest(const struct plx_timer *heap, unsigned first, unsigned n)
{
	unsigned best = first;

	for (unsigned i = first + 1; i < first + n; i++) {
		if (is_before(&heap[i], &heap[best]))
			best = i;
	}
	return best;
}

/*
 * The same of FAN slots.  Which of them it is nobody can guess, a processor
 * neither: no branch depends on it.  Equal times are seldom and looked at
 * again.
 */
static inline unsigned
earliest_of_all(const struct plx_timer *heap, unsigned first)
{
	const struct plx_timer *child = &heap[first];
	uint64_t least = child[0].when;
	unsigned best = 0;
	int same = 0;

	for (unsigned i = 1; i < FAN; i++) {
		uint64_t when = child[i].when;

		same |= when == least;
		best = when < least ? i : best;
		least = when < least ? when : least;
	}
	return same ? earliest(heap, first, FAN) : first + best;
}

/* Puts TIMER into the hole at PLACE or below it. */
static __attribute__((noinline)) void
sink(struct plx_timer *heap, unsigned count, unsigned place,
     struct plx_timer timer)
{
	for (;;) {
		unsigned first = FAN * (place - 1) + 2;
		unsigned best;

		if (first + FAN - 1 <= count)
			best = earliest_of_all(heap, first);
		else if (first <= count)
			best = earliest(heap, first, count - first + 1);
		else
			break;
		if (is_before(&timer, &heap[best]))
			break;
		put(heap, place, heap[best]);
		place = best;
	}
	put(heap, place, timer);
}

/*
 * Puts TIMER into the hole at PLACE, or where it belongs.  Seven of eight slots
 * are leaves, and there is where most will stay.
 */
static inline void
settle(struct plx_timers *t, unsigned place, struct plx_timer timer)
{
	struct plx_timer *heap = t->heap;

	if (place > 1 && is_before(&timer, &heap[parent_of(place)]))
		rise(heap, place, timer);
	else if (FAN * (place - 1) + 2 <= (unsigned)t->count)
		sink(heap, (unsigned)t->count, place, timer);
	else
		put(heap, place, timer);
}

/* Fills the hole, which there is, with the last element. */
static void
close_hole(struct plx_timers *t)
{
	int hole = t->hole;
	struct plx_timer last = t->heap[t->count--];

	t->hole = 0;
	if (hole <= t->count)
		settle(t, (unsigned)hole, last);
}

/* Where in BLOCK slot 0 goes so that slot 2, where the first children are,
   begins a pair of lines. */
static struct plx_timer *
align(void *block)
{
	uintptr_t second = (uintptr_t)block + 2 * sizeof(struct plx_timer);

	return (void *)((char *)block + (-second & (PAIR - 1)));
}

static int
grow(struct plx_timers *t, const struct plx_sys *sys)
{
	int room = t->room ? 2 * t->room : FIRST_ROOM;
	size_t size = ((size_t)room + 1) * sizeof(*t->heap) + PAIR;
	size_t shift = 0;
	void *block;

	if (t->room > INT_MAX / 2 / FAN)
		return -ENOMEM;
	if (t->block)
		shift = (size_t)((char *)t->heap - (char *)t->block);
	block = sys->resize(sys, t->block, size);
	if (!block)
		return -ENOMEM;
	t->heap = align(block);
	if (t->block && (char *)t->heap != (char *)block + shift) {
		memmove(t->heap, (char *)block + shift,
			((size_t)t->count + 1) * sizeof(*t->heap));
	}
	t->block = block;
	t->room = room;
	return 0;
}

int
plx__timers_insert(struct plx_timers *t, const struct plx_sys *sys,
		   struct plx_call *call)
{
	struct plx_timer timer = {
		.when = (uint64_t)call->when,
		.call = call,
	};
	int hole = t->hole;
	int err;

	if (hole) {
		t->hole = 0;
		call->order = ++t->order;
		settle(t, (unsigned)hole, timer);
		return 0;
	}
	if (t->count == t->room) {
		err = grow(t, sys);
		if (err < 0)
			return err;
	}
	call->order = ++t->order;
	rise(t->heap, (unsigned)++t->count, timer);
	return 0;
}

void
plx__timers_move(struct plx_timers *t, struct plx_call *call, int64_t when)
{
	struct plx_timer timer = {.when = (uint64_t)when, .call = call};

	if (t->hole)
		close_hole(t);
	call->when = when;
	call->order = ++t->order;
	settle(t, (unsigned)call->place, timer);
}

/*
 * The hole is closed by the next call of one of these functions, so what that
 * will touch is asked of memory now.
 */
void
plx__timers_remove(struct plx_timers *t, struct plx_call *call)
{
	int place;

	if (t->hole)
		close_hole(t);
	t->hole = place = call->place;
	call->place = 0;
	__builtin_prefetch(&t->heap[parent_of((unsigned)place)]);
	__builtin_prefetch(&t->heap[place], 1);
	__builtin_prefetch(&t->heap[t->count].call->place, 1);
}

int64_t
plx__timers_first(struct plx_timers *t)
{
	if (t->hole == 1)
		close_hole(t);
	return t->count ? (int64_t)t->heap[1].when : PLX_NEVER;
}

struct plx_call *
plx__timers_take(struct plx_timers *t, int64_t now)
{
	struct plx_call *call;

	if (t->hole)
		close_hole(t);
	if (t->count == 0 || t->heap[1].when > (uint64_t)now)
		return NULL;
	t->hole = 1;
	call = t->heap[1].call;
	call->place = 0;
	return call;
}

void
plx__timers_fini(struct plx_timers *t, const struct plx_sys *sys)
{
	if (t->hole)
		close_hole(t);
	for (int i = 1; i <= t->count; i++)
		t->heap[i].call->place = 0;
	if (t->block)
		sys->resize(sys, t->block, 0);
	memset(t, 0, sizeof(*t));
}
