/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.c: the queue of calls, and timers on their way through it.
 *
 * Calls run in batches: what stood in the queue when its phase began.  A
 * batch lies on a ring of its own whose first member is taken off before it
 * runs, so a callback may cancel any other, arm itself again or free itself.
 * Timers that are due are all taken off the heap before the first one runs:
 * one that arms itself for the past cannot run twice in a turn, and cannot
 * push itself in front of another that is due.
 */
#include <config.h>

#include "calls.h"

#include <errno.h>

#include "loop_int.h"

enum {
	QUEUED = -1,
	AHEAD = 16
};

static void
ring_init(struct plx_call *ring)
{
	ring->prev = ring->next = ring;
}

static void
append(struct plx_call *ring, struct plx_call *call)
{
	call->prev = ring->prev;
	call->next = ring;
	ring->prev->next = call;
	ring->prev = call;
	call->place = QUEUED;
}

static void
unlink_call(struct plx_call *call)
{
	call->prev->next = call->next;
	call->next->prev = call->prev;
	call->place = 0;
}

/* CALL may have been freed since, which memory does not mind. */
static inline void
ask_for(const struct plx_call *call)
{
	__builtin_prefetch(call, 1);
	__builtin_prefetch(&call->place, 1);
}

/* If the calls were DUE, they may know of one to be asked for. */
static inline uint64_t
run_batch(struct plx_call *batch, int due)
{
	uint64_t n = 0;

	while (batch->next != batch) {
		struct plx_call *call = batch->next;

		if (due && call->ahead)
			ask_for(call->ahead);
		unlink_call(call);
		n++;
		call->fn(call->arg);
	}
	return n;
}

static void
make_idle(struct plx_call *ring)
{
	while (ring->next != ring)
		unlink_call(ring->next);
}

void
plx__calls_init(struct plx_calls *calls)
{
	ring_init(&calls->first);
	ring_init(&calls->soon);
	ring_init(&calls->batch);
}

void
plx__calls_fini(struct plx_calls *calls, const struct plx_sys *sys)
{
	make_idle(&calls->first);
	make_idle(&calls->soon);
	make_idle(&calls->batch);
	plx__timers_fini(&calls->timers, sys);
}

/*
 * When many are due, the first ones have left the cache by the time that the
 * last one is taken off the heap, and a list cannot be read ahead.  So each
 * remembers one that comes much later, which is asked of memory when it runs.
 */
uint64_t
plx__calls_run_timers(struct plx_calls *calls, int64_t now)
{
	struct plx_call *taken[AHEAD];
	struct plx_call *call;
	uint64_t n = 0;

	while ((call = plx__timers_take(&calls->timers, now)) != NULL) {
		append(&calls->batch, call);
		call->ahead = NULL;
		if (n >= AHEAD)
			taken[n % AHEAD]->ahead = call;
		taken[n++ % AHEAD] = call;
	}
	return run_batch(&calls->batch, 1);
}

uint64_t
plx__calls_run_list(struct plx_calls *calls, struct plx_call *ring)
{
	struct plx_call *batch = &calls->batch;

	batch->next = ring->next;
	batch->prev = ring->prev;
	batch->next->prev = batch->prev->next = batch;
	ring_init(ring);
	return run_batch(batch, 0);
}

static int
call_in_turn(struct plx_call *ring, struct plx_call *call,
	     void (*fn)(void *arg), void *arg)
{
	if (call->place)
		return -EBUSY;
	call->fn = fn;
	call->arg = arg;
	append(ring, call);
	return 0;
}

int
plx_loop_call_soon(plx_loop *loop, struct plx_call *call, void (*fn)(void *arg),
		   void *arg)
{
	return call_in_turn(&loop->calls.soon, call, fn, arg);
}

int
plx__loop_call_first(plx_loop *loop, struct plx_call *call,
		     void (*fn)(void *arg), void *arg)
{
	return call_in_turn(&loop->calls.first, call, fn, arg);
}

int
plx_loop_call_at(plx_loop *loop, struct plx_call *call, int64_t when,
		 void (*fn)(void *arg), void *arg)
{
	if (call->place)
		return -EBUSY;
	call->fn = fn;
	call->arg = arg;
	call->when = when < 0 ? PLX_NEVER : when;
	return plx__timers_insert(&loop->calls.timers, loop->sys, call);
}

int
plx_loop_move(plx_loop *loop, struct plx_call *call, int64_t when)
{
	when = when < 0 ? PLX_NEVER : when;
	if (call->place > 0) {
		plx__timers_move(&loop->calls.timers, call, when);
		return 0;
	}
	if (!call->place)
		return -EINVAL;
	unlink_call(call);
	call->when = when;
	return plx__timers_insert(&loop->calls.timers, loop->sys, call);
}

void
plx_loop_cancel(plx_loop *loop, struct plx_call *call)
{
	if (call->place == QUEUED)
		unlink_call(call);
	else if (call->place)
		plx__timers_remove(&loop->calls.timers, call);
}
