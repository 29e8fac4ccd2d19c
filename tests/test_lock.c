/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_lock.c: what one task at a time can hold, and who comes next.
 */
#include <config.h>
#include "sync_common.h"

static int
acquire(void *l, int64_t deadline)
{
	return plx_lock_acquire(l, deadline);
}

static void
release(void *l)
{
	cr_expect_eq(plx_lock_release(l), 0);
}

/* Holds it for a turn. */
static int
pass_through(void *l, int64_t deadline)
{
	int r = plx_lock_acquire(l, deadline);

	if (r < 0)
		return r;
	cr_expect_eq(plx_lock_held(l), 1);
	plx_checkpoint();
	release(l);
	return 0;
}

static int
hold_free(void *arg)
{
	struct plx_lock l = {0};

	(void)arg;
	cr_expect_eq(plx_lock_held(&l), 0);
	cr_expect_eq(plx_lock_acquire(&l, 0), 0);
	cr_expect_eq(plx_lock_held(&l), 1);
	cr_expect_eq(plx_lock_release(&l), 0);
	cr_expect_eq(plx_lock_held(&l), 0);
	cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), 0);
	cr_expect_eq(plx_lock_release(&l), 0);
	return 0;
}
IN_A_TASK(lock, a_free_one_is_had_at_once, hold_free)

static int
hold_others_back(void *arg)
{
	struct plx_lock l = {0};
	struct waiter w[4];

	(void)arg;
	cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), 0);
	begin_waits(w, 4, pass_through, &l);
	let_run(5);
	cr_expect_eq(places, 0, "somebody passed");
	release(&l);
	cr_expect_eq(plx_lock_held(&l), 0);
	expect_in_order(w, 4, 0);
	cr_expect_eq(l.owner, 0);
	return 0;
}
IN_A_TASK(lock, those_who_wait_have_it_in_the_order_they_came, hold_others_back)

static int
try_to_overtake(void *arg)
{
	struct plx_lock l = {0};
	struct waiter w;

	(void)arg;
	cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), 0);
	begin_wait(&w, pass_through, &l, PLX_NEVER);
	release(&l);
	cr_expect_eq(plx_lock_acquire(&l, 0), -ETIMEDOUT, "it has gone");
	cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), 0);
	cr_expect_eq(w.place, 1, "it was overtaken");
	release(&l);
	end_wait(&w);
	return 0;
}
IN_A_TASK(lock, a_newcomer_cannot_overtake_the_one_that_was_woken,
	  try_to_overtake)

static void
release_in_callback(void *l)
{
	cr_expect_eq(plx_lock_held(l), 0);
	cr_expect_eq(plx_lock_release(l), -EPERM);
}

static int
release_only(void *l, int64_t deadline)
{
	(void)deadline;
	return plx_lock_release(l);
}

static int
release_foreign(void *arg)
{
	struct plx_lock l = {0};
	struct waiter w;

	(void)arg;
	cr_expect_eq(plx_lock_release(&l), -EPERM, "nobody has it");
	cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), 0);
	begin_wait(&w, release_only, &l, 0);
	cr_expect_eq(end_wait(&w), -EPERM);
	call_in_loop(release_in_callback, &l);
	cr_expect_eq(plx_lock_held(&l), 1);
	release(&l);
	cr_expect_eq(plx_lock_release(&l), -EPERM, "twice");
	return 0;
}
IN_A_TASK(lock, only_its_owner_can_release_it, release_foreign)

Test(lock, outside_a_task_it_is_refused)
{
	struct plx_lock l = {0};

	cr_expect_eq(plx_lock_release(&l), -EPERM);
	cr_expect_eq(plx_lock_acquire(&l, 0), -EPERM);
	cr_expect_eq(plx_lock_held(&l), 0);
}

static int
acquire_again(void *arg)
{
	struct plx_lock l = {0};
	struct plx_event e = {0};
	struct plx_sync_awaitable w[2];

	(void)arg;
	cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), 0);
	cr_expect_eq(plx_lock_acquire(&l, 0), -EDEADLK);
	cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), -EDEADLK);
	cr_expect_eq(either(plx_event_awaitable(&w[0], &e),
			    plx_lock_awaitable(&w[1], &l), PLX_NEVER),
		     -EDEADLK);
	cr_expect_null(e.line.first);
	cr_expect_eq(plx_lock_held(&l), 1, "one acquire, one release");
	release(&l);
	return 0;
}
IN_A_TASK(lock, an_owner_that_acquires_it_again_is_told, acquire_again)

static int
give_up(void *arg)
{
	struct plx_lock l = {0};
	struct waiter w[3];

	(void)arg;
	cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), 0);
	begin_wait(&w[0], pass_through, &l, in(PLX_SECOND));
	begin_wait(&w[1], pass_through, &l, PLX_NEVER);
	begin_wait(&w[2], pass_through, &l, PLX_NEVER);
	cr_expect_eq(end_wait(&w[0]), -ETIMEDOUT);
	plx_cancel(w[1].task);
	cr_expect_eq(end_wait(&w[1]), -ECANCELED);
	release(&l);
	cr_expect_eq(end_wait(&w[2]), 0, "it is the next now");
	cr_expect_eq(l.owner, 0);
	return 0;
}
WITH_CLOCK(lock, who_gives_up_leaves_the_line, give_up)

static int
cancel_new_owner(void *arg)
{
	struct plx_lock l = {0};
	struct waiter w[2];

	(void)arg;
	for (int cancel_first = 0; cancel_first < 2; cancel_first++) {
		cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), 0);
		begin_waits(w, 2, pass_through, &l);
		if (cancel_first)
			plx_cancel(w[0].task);
		release(&l);
		plx_cancel(w[0].task);
		cr_expect_eq(end_wait(&w[0]), 0, "%d: it had it", cancel_first);
		cr_expect_eq(end_wait(&w[1]), 0, "%d: lost", cancel_first);
		cr_expect_eq(l.owner, 0);
	}
	return 0;
}
IN_A_TASK(lock, who_is_cancelled_in_the_turn_of_its_hand_over_has_it,
	  cancel_new_owner)

static int
hold_until(void *l, int64_t deadline)
{
	cr_expect_eq(plx_lock_acquire(l, 0), 0);
	plx_sleep_until(deadline);
	release(l);
	return 0;
}

/* Both alarms go off in one turn, that of the owner first. */
static int
time_out_new_owner(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	struct plx_lock l = {0};
	struct waiter w[2];

	(void)arg;
	begin_wait(&w[0], hold_until, &l, deadline);
	begin_wait(&w[1], pass_through, &l, deadline);
	cr_expect_eq(end_wait(&w[0]), 0);
	cr_expect_eq(end_wait(&w[1]), 0, "it had it in time");
	cr_expect_eq(in(0), deadline);
	cr_expect_eq(l.owner, 0);
	return 0;
}
WITH_CLOCK(lock, who_times_out_in_the_turn_of_its_hand_over_has_it,
	   time_out_new_owner)

static int
cancelled_before(void *arg)
{
	struct plx_lock l = {0};
	struct waiter w = {.wait = acquire, .object = &l};

	(void)arg;
	plx_spawn(NULL, wait_once, &w, &w.task);
	plx_cancel(w.task);
	cr_expect_eq(end_wait(&w), -ECANCELED);
	cr_expect_eq(l.owner, 0, "it has taken nothing");
	return 0;
}
IN_A_TASK(lock, a_cancelled_task_does_not_even_begin, cancelled_before)

static int
leave_taken(void *arg)
{
	struct plx_lock l = {0};
	struct waiter w;

	(void)arg;
	begin_wait(&w, acquire, &l, PLX_NEVER);
	cr_expect_eq(w.place, 1, "it has ended");
	cr_expect_eq(plx_lock_acquire(&l, 0), -ETIMEDOUT);
	cr_expect_eq(plx_lock_release(&l), -EPERM);
	return end_wait(&w);
}
IN_A_TASK(lock, a_task_that_ends_with_it_leaves_it_taken, leave_taken)

static int
take_place(void *arg)
{
	wait_fn *const tries[] = {acquire, release_only};
	const int expected[] = {-ETIMEDOUT, -EPERM};
	struct plx_lock l = {0};
	struct waiter owner, w;

	(void)arg;
	begin_wait(&owner, acquire, &l, PLX_NEVER);
	cr_expect_eq(end_wait(&owner), 0);
	for (int i = 0; i < 2; i++) {
		begin_wait(&w, tries[i], &l, 0);
		cr_expect_eq(w.task, owner.task, "it lies elsewhere");
		cr_expect_eq(end_wait(&w), expected[i], "%d: %d", i, w.result);
	}
	return 0;
}
IN_A_TASK(lock, a_task_in_the_place_of_the_owner_is_not_the_owner, take_place)

static int
acquire_only(void *l)
{
	return plx_lock_acquire(l, PLX_NEVER);
}

static int
find_taken(void *l)
{
	cr_expect_eq(plx_lock_held(l), 0);
	cr_expect_eq(plx_lock_release(l), -EPERM);
	cr_expect_eq(plx_lock_acquire(l, 0), -ETIMEDOUT);
	return 0;
}

Test(lock, a_later_run_has_no_task_that_owns_it)
{
	struct plx_lock l = {0};

	cr_expect_eq(run_on(NULL, acquire_only, &l), 0);
	cr_expect_eq(run_on(NULL, find_taken, &l), 0);
}

static int
move_free(void *arg)
{
	struct plx_lock l[2] = {{0}};
	struct waiter w;

	(void)arg;
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(plx_lock_acquire(&l[i], 0), 0);
		begin_wait(&w, pass_through, &l[i], PLX_NEVER);
		release(&l[i]);
		cr_expect_eq(end_wait(&w), 0);
		if (i == 0)
			l[1] = l[0];
		memset(&l[0], 0xff, sizeof(l[0]));
	}
	cr_expect_eq(l[1].owner, 0);
	return 0;
}
IN_A_TASK(lock, one_that_nobody_waits_for_can_be_moved, move_free)

static int
try_often(void *arg)
{
	struct plx_lock l = {0};
	struct waiter w;

	(void)arg;
	expect_fair(acquire, &l, 0, release);
	begin_wait(&w, acquire, &l, PLX_NEVER);
	expect_fair(acquire, &l, -ETIMEDOUT, NULL);
	return 0;
}
IN_A_TASK(lock, a_free_one_does_not_keep_the_others_out, try_often)

/* How often it had the lock until it was cancelled. */
static int
contend(void *l, int64_t deadline)
{
	int had = 0;

	while (pass_through(l, deadline) == 0)
		had++;
	return had;
}

static int
share(void *arg)
{
	struct plx_lock l = {0};
	struct waiter w[10];
	int least = 0, most = 0;

	(void)arg;
	begin_waits(w, 10, contend, &l);
	let_run(1000);
	for (int i = 0; i < 10; i++)
		plx_cancel(w[i].task);
	for (int i = 0; i < 10; i++) {
		int had = end_wait(&w[i]);

		least = i == 0 || had < least ? had : least;
		most = had > most ? had : most;
	}
	cr_expect_geq(least, 30, "%d", least);
	cr_expect_leq(most, least + 2, "%d to %d times", least, most);
	return 0;
}
IN_A_TASK(lock, those_who_contend_have_it_equally_often, share)

static int
cancel_crowd(void *arg)
{
	struct plx_lock l = {0};

	(void)arg;
	cr_expect_eq(plx_lock_acquire(&l, PLX_NEVER), 0);
	expect_crowd_gone(acquire, &l, &l.line);
	release(&l);
	cr_expect_eq(plx_lock_acquire(&l, 0), 0);
	return 0;
}
IN_A_TASK(lock, a_crowd_can_be_cancelled_at_once, cancel_crowd)
