/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_semaphore.c: permits: none is lost, none is made, none is jumped at.
 */
#include <config.h>
#include <limits.h>
#include "sync_common.h"

static int
acquire(void *s, int64_t deadline)
{
	return plx_semaphore_acquire(s, deadline);
}

static void
release(void *s)
{
	cr_expect_eq(plx_semaphore_release(s), 0);
}

static struct plx_semaphore
semaphore(int value, int max)
{
	struct plx_semaphore s;

	cr_expect_eq(plx_semaphore_init(&s, value, max), 0);
	return s;
}

Test(semaphore, it_begins_with_the_permits_that_it_is_given)
{
	struct plx_semaphore s = semaphore(3, 5);

	cr_expect_eq(plx_semaphore_value(&s), 3);
	cr_expect_eq(plx_semaphore_init(&s, -1, 0), -EINVAL);
	cr_expect_eq(plx_semaphore_init(&s, 0, -1), -EINVAL);
	cr_expect_eq(plx_semaphore_init(&s, 6, 5), -EINVAL);
	cr_expect_eq(plx_semaphore_value(&s), 3, "an error changes nothing");
	cr_expect_eq(plx_semaphore_init(&s, INT_MAX, 0), 0);
	cr_expect_eq(plx_semaphore_release(&s), -EOVERFLOW);
	cr_expect_eq(plx_semaphore_acquire(&s, 0), -EPERM, "outside a task");
}

static int
take_all(void *arg)
{
	struct plx_semaphore s = semaphore(2, 2);

	(void)arg;
	cr_expect_eq(plx_semaphore_release(&s), -EOVERFLOW);
	cr_expect_eq(plx_semaphore_acquire(&s, 0), 0);
	cr_expect_eq(plx_semaphore_acquire(&s, PLX_NEVER), 0);
	cr_expect_eq(plx_semaphore_value(&s), 0);
	cr_expect_eq(plx_semaphore_acquire(&s, 0), -ETIMEDOUT);
	release(&s);
	cr_expect_eq(plx_semaphore_value(&s), 1);
	release(&s);
	cr_expect_eq(plx_semaphore_release(&s), -EOVERFLOW);
	cr_expect_eq(plx_semaphore_value(&s), 2);
	return 0;
}
IN_A_TASK(semaphore, there_are_as_many_as_there_are, take_all)

static int
wait_in_line(void *arg)
{
	struct plx_semaphore s = semaphore(0, 0);
	struct waiter w[5];

	(void)arg;
	begin_waits(w, 5, acquire, &s);
	let_run(3);
	cr_expect_eq(places, 0, "there was none");
	for (int i = 0; i < 3; i++)
		release(&s);
	cr_expect_eq(plx_semaphore_value(&s), 0, "they are handed over");
	expect_in_order(w, 3, 0);
	let_run(3);
	cr_expect_eq(places, 3, "one permit, one task");
	release(&s);
	release(&s);
	release(&s);
	expect_in_order(w + 3, 2, 0);
	cr_expect_eq(plx_semaphore_value(&s), 1);
	return 0;
}
IN_A_TASK(semaphore, a_permit_goes_to_the_first_in_line, wait_in_line)

static int
try_to_overtake(void *arg)
{
	struct plx_semaphore s = semaphore(0, 0);
	struct waiter w;

	(void)arg;
	begin_wait(&w, acquire, &s, PLX_NEVER);
	release(&s);
	cr_expect_eq(plx_semaphore_acquire(&s, 0), -ETIMEDOUT);
	release(&s);
	cr_expect_eq(plx_semaphore_acquire(&s, 0), 0, "one more");
	cr_expect_eq(w.place, 0, "which did not have to wait");
	return end_wait(&w);
}
IN_A_TASK(semaphore, a_newcomer_cannot_overtake_the_one_that_was_woken,
	  try_to_overtake)

static int
release_in_callback(void *arg)
{
	struct plx_semaphore s = semaphore(0, 0);
	struct waiter w;

	(void)arg;
	begin_wait(&w, acquire, &s, PLX_NEVER);
	call_in_loop(release, &s);
	cr_expect_eq(end_wait(&w), 0);
	call_in_loop(release, &s);
	cr_expect_eq(plx_semaphore_value(&s), 1);
	return 0;
}
IN_A_TASK(semaphore, a_callback_of_the_loop_may_release, release_in_callback)

static int
give_up(void *arg)
{
	struct plx_semaphore s = semaphore(0, 1);
	struct waiter w[3];

	(void)arg;
	begin_wait(&w[0], acquire, &s, in(PLX_SECOND));
	begin_wait(&w[1], acquire, &s, PLX_NEVER);
	begin_wait(&w[2], acquire, &s, PLX_NEVER);
	cr_expect_eq(end_wait(&w[0]), -ETIMEDOUT);
	plx_cancel(w[2].task);
	cr_expect_eq(end_wait(&w[2]), -ECANCELED);
	release(&s);
	cr_expect_eq(end_wait(&w[1]), 0);
	release(&s);
	cr_expect_eq(plx_semaphore_value(&s), 1, "they took nothing along");
	return 0;
}
WITH_CLOCK(semaphore, who_gives_up_takes_nothing_along, give_up)

static int
cancel_served(void *arg)
{
	struct plx_semaphore s = semaphore(0, 0);
	struct waiter w[2];

	(void)arg;
	for (int cancel_first = 0; cancel_first < 2; cancel_first++) {
		begin_waits(w, 2, acquire, &s);
		if (cancel_first)
			plx_cancel(w[0].task);
		release(&s);
		plx_cancel(w[0].task);
		cr_expect_eq(end_wait(&w[0]), 0, "%d: it had it", cancel_first);
		cr_expect_eq(plx_semaphore_value(&s), 0);
		cr_expect_eq(w[1].place, 0, "%d: two of one", cancel_first);
		release(&s);
		cr_expect_eq(end_wait(&w[1]), 0);
		places = 0;
	}
	return 0;
}
IN_A_TASK(semaphore, who_is_cancelled_in_the_turn_of_its_permit_has_it,
	  cancel_served)

static int
run_out_of_timers(void *arg)
{
	struct plx_semaphore s = semaphore(0, 0);
	struct waiter w;

	(void)arg;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	cr_expect_eq(plx_semaphore_acquire(&s, in(PLX_SECOND)), -ENOMEM);
	support_sys.fails = 0;
	cr_expect_null(s.line.first);
	begin_wait(&w, acquire, &s, in(PLX_SECOND));
	release(&s);
	return end_wait(&w);
}
WITH_CLOCK(semaphore, a_wait_without_memory_for_its_timer_leaves_the_line,
	   run_out_of_timers)

static int
try_often(void *arg)
{
	struct plx_semaphore s = semaphore(1, 1);

	(void)arg;
	expect_fair(acquire, &s, 0, release);
	cr_expect_eq(plx_semaphore_acquire(&s, 0), 0);
	expect_fair(acquire, &s, -ETIMEDOUT, NULL);
	return 0;
}
IN_A_TASK(semaphore, a_free_permit_does_not_keep_the_others_out, try_often)

static int
cancel_crowd(void *arg)
{
	struct plx_semaphore s = semaphore(0, 0);

	(void)arg;
	expect_crowd_gone(acquire, &s, &s.line);
	release(&s);
	cr_expect_eq(plx_semaphore_value(&s), 1);
	return 0;
}
IN_A_TASK(semaphore, a_crowd_can_be_cancelled_at_once, cancel_crowd)
