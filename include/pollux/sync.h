/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/sync.h: events, locks, semaphores, conditions and barriers of tasks.
 *
 * Between two waits nothing else of the loop runs, so these are for what has
 * to hold across a wait.  The structs are the caller's, their members private;
 * nothing allocates or has to be destroyed.  What is waited for must not move.
 *
 * Waits form a line: first come, first served.  What becomes free is handed to
 * the first in line at once, so nobody who comes later can overtake, not even
 * with deadline 0.  A wait returns 0, unless said otherwise, or
 * -ETIMEDOUT, -ECANCELED  it has left the line and has taken nothing; one that
 *		    was served before that keeps what it got;
 * -EPERM	    the caller is no task;
 * -ENOMEM	    no timer for the deadline (plx_loop_call_at).
 *
 * Each wait but a condition's is there as an awaitable too: plx_..._awaitable
 * fills W in for one wait, which joins the line when it begins; its errors and
 * its result are those of the plain call.  One that lost has taken nothing.
 *
 * The loop's thread only; all who use an object belong to one loop.  What does
 * not wait may be called by callbacks of the loop too, unless it says -EPERM.
 * The ideas are those of Python's asyncio; that the woken are not overtaken is
 * trio's (StrictFIFOLock); conditions are Mesa's (Lampson and Redell, 1980).
 */
#ifndef PLX_SYNC_H
#define PLX_SYNC_H

#include <pollux/await.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_sync_awaitable {
	struct plx_waiter waiter;
};

/* A flag that can be waited for.  It starts out zeroed: clear. */
struct plx_event {
	int set;
	struct plx_line line;
};

/* Ends all waits, now and until it is cleared.  Who waits by then is served,
   even if it is cleared before that task has gone on. */
PLX_API void plx_event_set(struct plx_event *e);
PLX_API void plx_event_clear(struct plx_event *e);
PLX_API int plx_event_is_set(const struct plx_event *e);
PLX_API int plx_event_wait(struct plx_event *e, int64_t deadline);
PLX_API struct plx_awaitable *plx_event_awaitable(struct plx_sync_awaitable *w,
						  struct plx_event *e);

/* What one task at a time can hold.  It starts out zeroed: free.  A task that
   ends while it holds one leaves it taken for good: nobody is told, and no task
   that comes later passes for the owner, in this run or another. */
struct plx_lock {
	uint64_t owner; /* the number of a task, or 0 */
	struct plx_line line;
};

/* -EDEADLK: the caller holds L already. */
PLX_API int plx_lock_acquire(struct plx_lock *l, int64_t deadline);
PLX_API struct plx_awaitable *plx_lock_awaitable(struct plx_sync_awaitable *w,
						 struct plx_lock *l);

/* Hands L to the first in line, or frees it.  -EPERM: the caller does not
   hold it. */
PLX_API int plx_lock_release(struct plx_lock *l);

/* Does the running task hold L? */
PLX_API int plx_lock_held(const struct plx_lock *l);

/* A number of permits, which belong to nobody. */
struct plx_semaphore {
	int value;
	int max;
	struct plx_line line;
};

/* VALUE permits are free, and never more than MAX (0: INT_MAX).  -EINVAL: one
   is below 0, or VALUE above MAX. */
PLX_API int plx_semaphore_init(struct plx_semaphore *s, int value, int max);
PLX_API int plx_semaphore_acquire(struct plx_semaphore *s, int64_t deadline);
PLX_API struct plx_awaitable *
plx_semaphore_awaitable(struct plx_sync_awaitable *w, struct plx_semaphore *s);

/* Hands a permit to the first in line, or frees it.  -EOVERFLOW: MAX are. */
PLX_API int plx_semaphore_release(struct plx_semaphore *s);

/* How many are free. */
PLX_API int plx_semaphore_value(const struct plx_semaphore *s);

/* Where holders of LOCK wait for each other's news. */
struct plx_condition {
	struct plx_lock *lock;
	struct plx_line line;
};

PLX_API void plx_condition_init(struct plx_condition *c, struct plx_lock *lock);

/*
 * Releases the lock, waits to be notified and acquires it again, in line with
 * the others: the caller holds it afterwards whatever is returned, and no
 * cancel or deadline ends that second part, so there is no awaitable.  Who was
 * notified gets 0, cancelled or not; others may have held the lock since, so
 * look again.  Once DEADLINE has passed the lock is not even released.
 * -EPERM: the caller does not hold the lock.
 */
PLX_API int plx_condition_wait(struct plx_condition *c, int64_t deadline);

/* Notifies the first N in line, or all; how many that were.  -EPERM: the
   caller does not hold the lock; -EINVAL: N is below 0. */
PLX_API int plx_condition_notify(struct plx_condition *c, int n);
PLX_API int plx_condition_notify_all(struct plx_condition *c);

/* Where PARTIES tasks wait for each other, as often as they like. */
struct plx_barrier {
	int parties;
	int waiting;
	int aborted;
	struct plx_line line;
};

/* -EINVAL: PARTIES is below 1. */
PLX_API int plx_barrier_init(struct plx_barrier *b, int parties);

/*
 * Waits until PARTIES tasks do, the caller included, which all get their place
 * in the line, 0 to PARTIES - 1, and the next PARTIES begin.  Who gives up
 * leaves the line, and one more is waited for.  -EPIPE: it was aborted, now or
 * before, or reset; -EBUSY: this plx_await_any waits for B already.
 */
PLX_API int plx_barrier_wait(struct plx_barrier *b, int64_t deadline);
PLX_API struct plx_awaitable *
plx_barrier_awaitable(struct plx_sync_awaitable *w, struct plx_barrier *b);

/* Ends all waits with -EPIPE: until it is reset, or those in line only. */
PLX_API void plx_barrier_abort(struct plx_barrier *b);
PLX_API void plx_barrier_reset(struct plx_barrier *b);

PLX_END_DECLS

#endif
