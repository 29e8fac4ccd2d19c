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
 * Taking a slot out first moves the hole down to a leaf, without asking for
 * the element that will fill it, and then lets the last element rise from
 * there, which it seldom does by more than a level.  Even that is put off: a
 * removal only leaves a hole, which the next insertion takes over.  A deadline
 * that is moved, or set for the next wait after the last one was cancelled,
 * then disturbs no other timer.  There is one hole at most, and everything
 * that moves elements closes it first, because what it holds may have been
 * freed.
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

static inline void
put(struct plx_timer *heap, int place, struct plx_timer timer)
{
	heap[place] = timer;
	timer.call->place = place;
}

/* Puts TIMER into the hole at PLACE or above it. */
static void
rise(struct plx_timer *heap, int place, struct plx_timer timer)
{
	while (place > 1) {
		int parent = (place - 2) / FAN + 1;

		if (!is_before(&timer, &heap[parent]))
			break;
		put(heap, place, heap[parent]);
		place = parent;
	}
	put(heap, place, timer);
}

/* The earliest of the N slots from FIRST on. */
static inline int
earliest(const struct plx_timer *heap, int first, int n)
{
	int best = first;

	for (int i = first + 1; i < first + n; i++) {
		if (is_before(&heap[i], &heap[best]))
			best = i;
	}
	return best;
}

/* Moves the hole at PLACE down to a leaf; where it is then. */
static int
sink(struct plx_timer *heap, int count, int place)
{
	for (;;) {
		int first = FAN * (place - 1) + 2;
		int n = count - first + 1;
		int best;

		if (n <= 0)
			return place;
		best = earliest(heap, first, n < FAN ? n : FAN);
		put(heap, place, heap[best]);
		place = best;
	}
}

/* Fills the hole, if there is one, with the last element. */
static void
close_hole(struct plx_timers *t)
{
	struct plx_timer last;
	int hole = t->hole;

	if (!hole)
		return;
	t->hole = 0;
	last = t->heap[t->count--];
	if (hole <= t->count)
		rise(t->heap, sink(t->heap, t->count, hole), last);
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
	int place;
	int err;

	if (t->hole) {
		place = sink(t->heap, t->count, t->hole);
		t->hole = 0;
	} else {
		if (t->count == t->room) {
			err = grow(t, sys);
			if (err < 0)
				return err;
		}
		place = ++t->count;
	}
	call->order = ++t->order;
	rise(t->heap, place, timer);
	return 0;
}

void
plx__timers_remove(struct plx_timers *t, struct plx_call *call)
{
	close_hole(t);
	t->hole = call->place;
	call->place = 0;
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
	close_hole(t);
	if (t->count == 0 || t->heap[1].when > (uint64_t)now)
		return NULL;
	t->hole = 1;
	t->heap[1].call->place = 0;
	return t->heap[1].call;
}

void
plx__timers_fini(struct plx_timers *t, const struct plx_sys *sys)
{
	close_hole(t);
	for (int i = 1; i <= t->count; i++)
		t->heap[i].call->place = 0;
	if (t->block)
		sys->resize(sys, t->block, 0);
	memset(t, 0, sizeof(*t));
}
