/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_condition.c: a wait gives the lock up and has it again, come what may.
 */
#include <config.h>
#include "sync_common.h"

static struct plx_lock lock;
static struct plx_condition news;

static int
acquire(void *l, int64_t deadline)
{
	return plx_lock_acquire(l, deadline);
}

/* Holds the lock for a few turns. */
static int
pass_through(void *l, int64_t deadline)
{
	int r = plx_lock_acquire(l, deadline);

	if (r < 0)
		return r;
	let_run(3);
	return plx_lock_release(l);
}

/* Whatever ends the wait, the caller has the lock. */
static int
wait_news(void *c, int64_t deadline)
{
	int r = plx_lock_acquire(&lock, PLX_NEVER);

	if (r < 0)
		return r;
	r = plx_condition_wait(c, deadline);
	cr_expect_eq(plx_lock_held(&lock), 1, "it returned %d", r);
	cr_expect_eq(plx_lock_release(&lock), 0);
	return r;
}

static void
begin(void)
{
	plx_condition_init(&news, &lock);
}

static void
take(void)
{
	cr_expect_eq(plx_lock_acquire(&lock, PLX_NEVER), 0);
}

static void
let_go(void)
{
	cr_expect_eq(plx_lock_release(&lock), 0);
}

static int
notify_some(void *arg)
{
	struct waiter w[4];

	(void)arg;
	begin();
	begin_waits(w, 4, wait_news, &news);
	let_run(3);
	take();
	cr_expect_eq(places, 0, "nobody was notified");
	cr_expect_eq(plx_condition_notify(&news, 0), 0);
	cr_expect_eq(plx_condition_notify(&news, 2), 2);
	let_go();
	expect_in_order(w, 2, 0);
	let_run(3);
	take();
	cr_expect_eq(places, 2, "two were notified");
	cr_expect_eq(plx_condition_notify(&news, 5), 2, "there were two left");
	cr_expect_eq(plx_condition_notify(&news, 1), 0);
	let_go();
	expect_in_order(w + 2, 2, 0);
	cr_expect_eq(lock.owner, 0);
	return 0;
}
IN_A_TASK(condition, a_notification_reaches_the_first_in_line, notify_some)

static int
notify_everybody(void *arg)
{
	struct waiter w[5];

	(void)arg;
	begin();
	take();
	cr_expect_eq(plx_condition_notify_all(&news), 0, "nobody");
	let_go();
	begin_waits(w, 5, wait_news, &news);
	take();
	cr_expect_eq(plx_condition_notify_all(&news), 5);
	let_run(3);
	cr_expect_eq(places, 0, "the notifier has the lock");
	let_go();
	expect_in_order(w, 5, 0);
	return 0;
}
IN_A_TASK(condition, all_who_are_notified_have_the_lock_in_turn,
	  notify_everybody)

static int
wait_for_others(void *arg)
{
	struct waiter w[2];

	(void)arg;
	begin();
	begin_wait(&w[0], wait_news, &news, PLX_NEVER);
	cr_expect_eq(lock.owner, 0, "a waiter keeps the lock");
	take();
	begin_wait(&w[1], pass_through, &lock, PLX_NEVER);
	plx_condition_notify(&news, 1);
	let_run(3);
	let_go();
	cr_expect_eq(end_wait(&w[0]), 0);
	cr_expect_eq(w[1].place, 1, "it asked for the lock before");
	cr_expect_eq(end_wait(&w[1]), 0);
	return 0;
}
IN_A_TASK(condition, who_is_notified_queues_for_the_lock, wait_for_others)

static int
notify_unlocked(void *c, int64_t deadline)
{
	cr_expect_eq(plx_condition_notify(c, 1), -EPERM);
	cr_expect_eq(plx_condition_notify_all(c), -EPERM);
	return plx_condition_wait(c, deadline);
}

static int
use_without_lock(void *arg)
{
	struct waiter w;

	(void)arg;
	begin();
	cr_expect_eq(notify_unlocked(&news, PLX_NEVER), -EPERM);
	take();
	cr_expect_eq(plx_condition_notify(&news, -1), -EINVAL);
	begin_wait(&w, notify_unlocked, &news, PLX_NEVER);
	cr_expect_eq(end_wait(&w), -EPERM, "another has it");
	let_go();
	return 0;
}
IN_A_TASK(condition, it_is_for_the_owner_of_the_lock_alone, use_without_lock)

Test(condition, outside_a_task_it_is_refused)
{
	begin();
	cr_expect_eq(notify_unlocked(&news, 0), -EPERM);
}

static int
miss_deadline(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	struct waiter w;

	(void)arg;
	begin();
	begin_wait(&w, wait_news, &news, deadline);
	take();
	plx_sleep(3 * PLX_SECOND);
	cr_expect_eq(w.place, 0, "it has to have the lock first");
	cr_expect_null(news.line.first);
	cr_expect_eq(plx_condition_notify(&news, 1), 0, "it has given up");
	let_go();
	cr_expect_eq(end_wait(&w), -ETIMEDOUT);
	cr_expect_eq(lock.owner, 0);
	return 0;
}
WITH_CLOCK(condition, a_deadline_ends_the_wait_but_not_for_the_lock,
	   miss_deadline)

static int
wait_too_late(void *arg)
{
	int64_t deadlines[2] = {0, in(0)};
	struct waiter w;

	(void)arg;
	begin();
	for (int i = 0; i < 2; i++) {
		take();
		begin_wait(&w, acquire, &lock, PLX_NEVER);
		cr_expect_eq(plx_condition_wait(&news, deadlines[i]),
			     -ETIMEDOUT);
		cr_expect_eq(plx_lock_held(&lock), 1);
		cr_expect_eq(w.place, 0, "the lock was given up");
		cr_expect_eq(stop_task(w.task), 0);
		let_go();
	}
	return 0;
}
WITH_CLOCK(condition, once_the_deadline_has_passed_the_lock_is_kept,
	   wait_too_late)

static int
cancel_waiter(void *arg)
{
	struct waiter w;

	(void)arg;
	begin();
	begin_wait(&w, wait_news, &news, PLX_NEVER);
	take();
	plx_cancel(w.task);
	let_run(5);
	cr_expect_eq(w.place, 0, "it has to have the lock first");
	cr_expect_null(news.line.first);
	let_go();
	cr_expect_eq(end_wait(&w), -ECANCELED);
	cr_expect_eq(lock.owner, 0);
	return 0;
}
IN_A_TASK(condition, a_cancel_ends_the_wait_but_not_for_the_lock, cancel_waiter)

static int
cancel_notified(void *arg)
{
	struct waiter w[2];

	(void)arg;
	begin();
	for (int when = 0; when < 3; when++) {
		begin_waits(w, 2, wait_news, &news);
		take();
		if (when == 0)
			plx_cancel(w[0].task);
		cr_expect_eq(plx_condition_notify(&news, 1), 1);
		let_run(when == 2 ? 3 : 0);
		plx_cancel(w[0].task);
		let_go();
		cr_expect_eq(end_wait(&w[0]), 0, "%d: lost", when);
		take();
		cr_expect_eq(plx_condition_notify(&news, 2), 1, "%d", when);
		let_go();
		cr_expect_eq(end_wait(&w[1]), 0);
	}
	return 0;
}
IN_A_TASK(condition, a_cancel_loses_no_notification, cancel_notified)

static int
notify_in_time(void *arg)
{
	struct waiter w;

	(void)arg;
	begin();
	begin_wait(&w, wait_news, &news, in(PLX_SECOND));
	take();
	cr_expect_eq(plx_condition_notify(&news, 1), 1);
	plx_sleep(3 * PLX_SECOND);
	let_go();
	cr_expect_eq(end_wait(&w), 0, "it was notified before");
	return 0;
}
WITH_CLOCK(condition, a_deadline_does_not_count_for_the_lock, notify_in_time)

static int
hold_long(void *l, int64_t deadline)
{
	cr_expect_eq(plx_lock_acquire(l, deadline), 0);
	plx_sleep(3 * PLX_SECOND);
	return plx_lock_release(l);
}

static int
wait_in_scope(void *arg)
{
	int64_t start = in(0);
	struct plx_scope s;
	struct waiter w;
	int r;

	(void)arg;
	begin();
	take();
	begin_wait(&w, hold_long, &lock, PLX_NEVER);
	plx_scope_enter(&s, in(PLX_SECOND));
	r = plx_condition_wait(&news, PLX_NEVER);
	cr_expect_eq(r, -ECANCELED);
	cr_expect_eq(plx_lock_held(&lock), 1);
	cr_expect_eq(in(0), start + 3 * PLX_SECOND);
	cr_expect_eq(plx_condition_wait(&news, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s, r), -ETIMEDOUT);
	let_go();
	return end_wait(&w);
}
WITH_CLOCK(condition, a_scope_that_expires_leaves_the_lock_to_the_caller,
	   wait_in_scope)

static int
wait_cancelled(void *l, int64_t deadline)
{
	int r;

	take();
	plx_cancel(plx_self());
	r = plx_condition_wait(&news, deadline);
	cr_expect_eq(plx_lock_held(l), 1);
	let_go();
	return r;
}

static int
cancelled_before(void *arg)
{
	struct waiter w;

	(void)arg;
	begin();
	begin_wait(&w, wait_cancelled, &lock, PLX_NEVER);
	cr_expect_eq(w.place, 1, "it did not wait");
	cr_expect_eq(end_wait(&w), -ECANCELED);
	return 0;
}
IN_A_TASK(condition, a_cancelled_task_does_not_even_release_the_lock,
	  cancelled_before)

static int
run_out_of_timers(void *arg)
{
	struct waiter w;
	int r;

	(void)arg;
	begin();
	take();
	begin_wait(&w, pass_through, &lock, PLX_NEVER);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	r = plx_condition_wait(&news, in(PLX_SECOND));
	support_sys.fails = 0;
	cr_expect_eq(r, -ENOMEM);
	cr_expect_eq(plx_lock_held(&lock), 1);
	cr_expect_null(news.line.first);
	let_go();
	return end_wait(&w);
}
WITH_CLOCK(condition, without_memory_for_a_timer_the_lock_is_had_again,
	   run_out_of_timers)

static int
cancel_crowd(void *arg)
{
	(void)arg;
	begin();
	expect_crowd_gone(wait_news, &news, &news.line);
	cr_expect_eq(lock.owner, 0);
	cr_expect_null(lock.line.first);
	return 0;
}
IN_A_TASK(condition, a_crowd_can_be_cancelled_at_once, cancel_crowd)
