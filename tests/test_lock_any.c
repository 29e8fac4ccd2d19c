/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_lock_any.c: locks and permits among other things that a task waits for.
 * Who loses has taken nothing; what it would have had is the next one's.
 */
#include <config.h>
#include "sync_common.h"

static int
pass_through(void *l, int64_t deadline)
{
	int r = plx_lock_acquire(l, deadline);

	return r < 0 ? r : plx_lock_release(l);
}

static int
take_permit(void *s, int64_t deadline)
{
	return plx_semaphore_acquire(s, deadline);
}

/* Waits for one of two locks, EVENT or a permit, and gives it back. */
struct chooser {
	struct plx_lock lock[2];
	struct plx_event event;
	struct plx_semaphore permits;
};

static int
choose_lock(void *arg, int64_t deadline)
{
	struct chooser *c = arg;
	struct plx_sync_awaitable w[2];
	int r = either(plx_lock_awaitable(&w[0], &c->lock[0]),
		       plx_lock_awaitable(&w[1], &c->lock[1]), deadline);

	if (r < 0)
		return r;
	cr_expect_eq(plx_awaitable_result(&w[r].waiter.base), 0);
	cr_expect_eq(plx_lock_held(&c->lock[r]), 1);
	cr_expect_eq(plx_lock_held(&c->lock[!r]), 0, "both");
	cr_expect_null(w[0].waiter.in);
	cr_expect_null(w[1].waiter.in);
	plx_lock_release(&c->lock[r]);
	return r;
}

static int
choose_event_or_lock(void *arg, int64_t deadline)
{
	struct chooser *c = arg;
	struct plx_sync_awaitable w[2];

	return either(plx_event_awaitable(&w[0], &c->event),
		      plx_lock_awaitable(&w[1], &c->lock[0]), deadline);
}

static int
choose_event_or_permit(void *arg, int64_t deadline)
{
	struct chooser *c = arg;
	struct plx_sync_awaitable w[2];

	return either(plx_event_awaitable(&w[0], &c->event),
		      plx_semaphore_awaitable(&w[1], &c->permits), deadline);
}

static int
choose_free(void *arg)
{
	struct chooser c = {.event.set = 0};

	(void)arg;
	cr_expect_eq(choose_lock(&c, 0), 0);
	cr_expect_eq(plx_lock_acquire(&c.lock[0], 0), 0);
	cr_expect_eq(choose_event_or_lock(&c, 0), -EDEADLK);
	plx_lock_release(&c.lock[0]);
	plx_event_set(&c.event);
	cr_expect_eq(choose_event_or_lock(&c, 0), 0);
	cr_expect_eq(c.lock[0].owner, 0, "a free lock that was not needed");
	return 0;
}
IN_A_TASK(lock_any, a_free_lock_is_taken_only_if_it_is_the_first, choose_free)

static int
choose_later(void *arg)
{
	struct chooser c = {.event.set = 0};
	struct waiter w[2];

	(void)arg;
	plx_lock_acquire(&c.lock[0], 0);
	plx_lock_acquire(&c.lock[1], 0);
	begin_wait(&w[0], choose_lock, &c, PLX_NEVER);
	begin_wait(&w[1], choose_lock, &c, 0);
	cr_expect_eq(end_wait(&w[1]), -ETIMEDOUT);
	plx_lock_release(&c.lock[1]);
	plx_lock_release(&c.lock[0]);
	cr_expect_eq(c.lock[0].owner, 0, "nobody could have it");
	cr_expect_eq(end_wait(&w[0]), 1);
	cr_expect_eq(c.lock[1].owner, 0);
	return 0;
}
IN_A_TASK(lock_any, of_two_that_are_released_it_has_the_first, choose_later)

static int
lose_lock(void *arg)
{
	struct chooser c = {.event.set = 0};
	struct waiter w[2];

	(void)arg;
	plx_lock_acquire(&c.lock[0], 0);
	begin_wait(&w[0], choose_event_or_lock, &c, PLX_NEVER);
	begin_wait(&w[1], pass_through, &c.lock[0], PLX_NEVER);
	plx_event_set(&c.event);
	plx_lock_release(&c.lock[0]);
	cr_expect_eq(end_wait(&w[0]), 0);
	cr_expect_eq(end_wait(&w[1]), 0, "handed to one that had lost");
	cr_expect_eq(c.lock[0].owner, 0);
	return 0;
}
IN_A_TASK(lock_any, a_lock_goes_past_one_that_has_lost, lose_lock)

static int
lose_permit(void *arg)
{
	struct chooser c = {.event.set = 0};
	struct waiter w[3];

	(void)arg;
	plx_semaphore_init(&c.permits, 0, 0);
	begin_wait(&w[0], choose_event_or_permit, &c, PLX_NEVER);
	begin_wait(&w[1], choose_event_or_permit, &c, PLX_NEVER);
	begin_wait(&w[2], take_permit, &c.permits, PLX_NEVER);
	plx_event_set(&c.event);
	plx_semaphore_release(&c.permits);
	plx_semaphore_release(&c.permits);
	cr_expect_eq(end_wait(&w[0]), 0);
	cr_expect_eq(end_wait(&w[1]), 0);
	cr_expect_eq(end_wait(&w[2]), 0, "handed to one that had lost");
	cr_expect_eq(plx_semaphore_value(&c.permits), 1);
	plx_event_clear(&c.event);
	begin_wait(&w[0], choose_event_or_permit, &c, PLX_NEVER);
	cr_expect_eq(end_wait(&w[0]), 1);
	cr_expect_eq(plx_semaphore_value(&c.permits), 0);
	return 0;
}
IN_A_TASK(lock_any, a_permit_goes_past_those_that_have_lost, lose_permit)

static int
cancel_winner(void *arg)
{
	struct chooser c = {.event.set = 0};
	struct waiter w;

	(void)arg;
	plx_lock_acquire(&c.lock[0], 0);
	plx_lock_acquire(&c.lock[1], 0);
	begin_wait(&w, choose_lock, &c, PLX_NEVER);
	plx_lock_release(&c.lock[1]);
	plx_cancel(w.task);
	plx_lock_release(&c.lock[0]);
	cr_expect_eq(end_wait(&w), 1);
	begin_wait(&w, choose_lock, &c, PLX_NEVER);
	cr_expect_eq(end_wait(&w), 0, "both are free");
	return 0;
}
IN_A_TASK(lock_any, a_cancel_in_the_same_turn_changes_nothing, cancel_winner)

static int
cancel_loser(void *arg)
{
	struct chooser c = {.event.set = 0};
	struct waiter w;

	(void)arg;
	plx_lock_acquire(&c.lock[0], 0);
	plx_lock_acquire(&c.lock[1], 0);
	begin_wait(&w, choose_lock, &c, PLX_NEVER);
	plx_cancel(w.task);
	cr_expect_eq(end_wait(&w), -ECANCELED);
	cr_expect_null(c.lock[0].line.first);
	cr_expect_null(c.lock[1].line.first);
	return 0;
}
IN_A_TASK(lock_any, a_cancel_takes_it_out_of_both_lines, cancel_loser)

static int
choose_same(void *arg)
{
	struct plx_lock l = {0};
	struct plx_sync_awaitable w[2];
	struct waiter holder;

	(void)arg;
	cr_expect_eq(either(plx_lock_awaitable(&w[0], &l),
			    plx_lock_awaitable(&w[1], &l), 0),
		     0);
	plx_lock_release(&l);
	plx_lock_acquire(&l, 0);
	begin_wait(&holder, pass_through, &l, PLX_NEVER);
	plx_lock_release(&l);
	cr_expect_eq(either(plx_lock_awaitable(&w[0], &l),
			    plx_lock_awaitable(&w[1], &l), PLX_NEVER),
		     0);
	cr_expect_eq(plx_lock_held(&l), 1);
	cr_expect_null(l.line.first);
	return end_wait(&holder);
}
IN_A_TASK(lock_any, one_lock_twice_is_had_once, choose_same)
