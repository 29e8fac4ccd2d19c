/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_barrier.c: tasks that wait for each other: all of them go on, or none.
 */
#include <config.h>
#include "sync_common.h"

static int
wait_barrier(void *b, int64_t deadline)
{
	return plx_barrier_wait(b, deadline);
}

static struct plx_barrier
barrier(int parties)
{
	struct plx_barrier b;

	cr_expect_eq(plx_barrier_init(&b, parties), 0);
	return b;
}

Test(barrier, it_needs_a_party)
{
	struct plx_barrier b = barrier(2);

	cr_expect_eq(plx_barrier_init(&b, 0), -EINVAL);
	cr_expect_eq(plx_barrier_init(&b, -1), -EINVAL);
	cr_expect_eq(b.parties, 2, "an error changes nothing");
	cr_expect_eq(plx_barrier_wait(&b, 0), -EPERM, "outside a task");
}

static int
meet(void *arg)
{
	struct plx_barrier b = barrier(4);
	struct waiter w[3];

	(void)arg;
	for (int round = 0; round < 3; round++) {
		cr_expect_eq(plx_barrier_wait(&b, 0), -ETIMEDOUT, "alone");
		places = 0;
		begin_waits(w, 3, wait_barrier, &b);
		let_run(3);
		cr_expect_eq(places, 0, "one is missing");
		cr_expect_eq(plx_barrier_wait(&b, 0), 3, "it is the last");
		for (int i = 0; i < 3; i++) {
			cr_expect_eq(end_wait(&w[i]), i);
			cr_expect_eq(w[i].place, i + 1);
		}
	}
	return 0;
}
IN_A_TASK(barrier, all_go_on_when_the_last_has_come_and_again, meet)

/* Comes back at once, before the others have gone on. */
static int
meet_often(void *b, int64_t deadline)
{
	int sum = 0;

	for (int i = 0; i < 100; i++)
		sum += plx_barrier_wait(b, deadline);
	return sum;
}

static int
meet_without_pause(void *arg)
{
	struct plx_barrier b = barrier(3);
	struct waiter w[3];
	int sum = 0;

	(void)arg;
	begin_waits(w, 3, meet_often, &b);
	for (int i = 0; i < 3; i++)
		sum += end_wait(&w[i]);
	cr_expect_eq(sum, 100 * (0 + 1 + 2), "%d", sum);
	cr_expect_eq(b.waiting, 0);
	return 0;
}
IN_A_TASK(barrier, one_that_comes_back_at_once_is_of_the_next_round,
	  meet_without_pause)

static int
meet_alone(void *arg)
{
	struct plx_barrier b = barrier(1);

	(void)arg;
	expect_fair(wait_barrier, &b, 0, NULL);
	return 0;
}
IN_A_TASK(barrier, a_single_party_never_waits, meet_alone)

static int
give_up(void *arg)
{
	struct plx_barrier b = barrier(3);
	struct waiter w[4];

	(void)arg;
	begin_wait(&w[0], wait_barrier, &b, in(PLX_SECOND));
	begin_wait(&w[1], wait_barrier, &b, PLX_NEVER);
	cr_expect_eq(end_wait(&w[0]), -ETIMEDOUT);
	begin_wait(&w[2], wait_barrier, &b, PLX_NEVER);
	plx_cancel(w[1].task);
	cr_expect_eq(end_wait(&w[1]), -ECANCELED);
	begin_wait(&w[3], wait_barrier, &b, PLX_NEVER);
	let_run(3);
	cr_expect_eq(w[2].place, 0, "two of three");
	cr_expect_eq(plx_barrier_wait(&b, PLX_NEVER), 2);
	cr_expect_eq(end_wait(&w[2]), 0);
	cr_expect_eq(end_wait(&w[3]), 1);
	return 0;
}
WITH_CLOCK(barrier, for_one_that_gives_up_another_is_waited_for, give_up)

static int
cancel_when_open(void *arg)
{
	struct plx_barrier b = barrier(2);
	struct waiter w;

	(void)arg;
	begin_wait(&w, wait_barrier, &b, PLX_NEVER);
	cr_expect_eq(plx_barrier_wait(&b, 0), 1);
	plx_cancel(w.task);
	cr_expect_eq(end_wait(&w), 0, "opened first");
	begin_wait(&w, wait_barrier, &b, PLX_NEVER);
	plx_cancel(w.task);
	cr_expect_eq(plx_barrier_wait(&b, 0), 1, "it is still there");
	cr_expect_eq(end_wait(&w), 0, "cancelled first");
	cr_expect_eq(b.waiting, 0);
	return 0;
}
IN_A_TASK(barrier, who_is_cancelled_in_the_turn_it_opens_keeps_its_place,
	  cancel_when_open)

static void
abort_barrier(void *b)
{
	plx_barrier_abort(b);
}

static int
abort_and_reset(void *arg)
{
	struct plx_barrier b = barrier(3);
	struct waiter w[2];

	(void)arg;
	begin_waits(w, 2, wait_barrier, &b);
	call_in_loop(abort_barrier, &b);
	expect_in_order(w, 2, -EPIPE);
	cr_expect_eq(plx_barrier_wait(&b, PLX_NEVER), -EPIPE);
	cr_expect_eq(plx_barrier_wait(&b, 0), -EPIPE);
	plx_barrier_reset(&b);
	begin_waits(w, 2, wait_barrier, &b);
	cr_expect_eq(plx_barrier_wait(&b, 0), 2, "as good as new");
	cr_expect_eq(end_wait(&w[0]), 0);
	cr_expect_eq(end_wait(&w[1]), 1);
	return 0;
}
IN_A_TASK(barrier, an_abort_lasts_until_a_reset, abort_and_reset)

static int
reset_waiting(void *arg)
{
	struct plx_barrier b = barrier(3);
	struct waiter w[2];

	(void)arg;
	begin_waits(w, 2, wait_barrier, &b);
	plx_barrier_reset(&b);
	cr_expect_eq(plx_barrier_wait(&b, 0), -ETIMEDOUT, "they count no more");
	expect_in_order(w, 2, -EPIPE);
	return 0;
}
IN_A_TASK(barrier, a_reset_sends_those_away_who_wait, reset_waiting)

static int
abort_when_open(void *arg)
{
	struct plx_barrier b = barrier(2);
	struct waiter w;

	(void)arg;
	begin_wait(&w, wait_barrier, &b, PLX_NEVER);
	cr_expect_eq(plx_barrier_wait(&b, 0), 1);
	plx_barrier_abort(&b);
	cr_expect_eq(end_wait(&w), 0, "it had its place");
	return 0;
}
IN_A_TASK(barrier, an_abort_is_too_late_for_those_who_got_through,
	  abort_when_open)

struct chooser {
	struct plx_barrier barrier;
	struct plx_event event;
	int place;
};

static int
choose(void *arg, int64_t deadline)
{
	struct chooser *c = arg;
	struct plx_sync_awaitable w[2];
	struct plx_awaitable *b = plx_barrier_awaitable(&w[0], &c->barrier);
	int r = either(b, plx_event_awaitable(&w[1], &c->event), deadline);

	if (r == 0)
		c->place = plx_awaitable_result(b);
	return r;
}

static int
choose_barrier(void *arg)
{
	struct chooser c = {.barrier = barrier(2)};
	struct waiter w;

	(void)arg;
	begin_wait(&w, wait_barrier, &c.barrier, PLX_NEVER);
	cr_expect_eq(choose(&c, PLX_NEVER), 0);
	cr_expect_eq(c.place, 1);
	cr_expect_eq(end_wait(&w), 0);
	begin_wait(&w, choose, &c, PLX_NEVER);
	cr_expect_eq(plx_barrier_wait(&c.barrier, 0), 1);
	cr_expect_eq(end_wait(&w), 0);
	cr_expect_eq(c.place, 0);
	plx_barrier_abort(&c.barrier);
	cr_expect_eq(choose(&c, 0), 0, "ready");
	cr_expect_eq(c.place, -EPIPE, "but not to be had");
	return 0;
}
IN_A_TASK(barrier, any_may_wait_for_it, choose_barrier)

static int
lose_barrier(void *arg)
{
	struct chooser c = {.barrier = barrier(3)};
	struct waiter w[2];

	(void)arg;
	begin_wait(&w[0], choose, &c, PLX_NEVER);
	begin_wait(&w[1], wait_barrier, &c.barrier, PLX_NEVER);
	plx_event_set(&c.event);
	cr_expect_eq(plx_barrier_wait(&c.barrier, 0), -ETIMEDOUT,
		     "one of the two in line has lost");
	cr_expect_eq(end_wait(&w[0]), 1);
	plx_event_clear(&c.event);
	cr_expect_eq(w[1].place, 0);
	begin_wait(&w[0], choose, &c, PLX_NEVER);
	cr_expect_eq(plx_barrier_wait(&c.barrier, 0), 2);
	cr_expect_eq(end_wait(&w[1]), 0);
	cr_expect_eq(end_wait(&w[0]), 0);
	cr_expect_eq(c.place, 1);
	return 0;
}
IN_A_TASK(barrier, one_that_has_lost_does_not_count, lose_barrier)

static int
choose_same(void *arg)
{
	struct plx_barrier b = barrier(2);
	struct plx_sync_awaitable w[2];

	(void)arg;
	cr_expect_eq(either(plx_barrier_awaitable(&w[0], &b),
			    plx_barrier_awaitable(&w[1], &b), PLX_NEVER),
		     -EBUSY);
	cr_expect_eq(b.waiting, 0);
	cr_expect_null(b.line.first);
	return 0;
}
IN_A_TASK(barrier, one_task_is_one_party, choose_same)

static int
cancel_crowd(void *arg)
{
	struct plx_barrier b = barrier(CROWD + 1);

	(void)arg;
	expect_crowd_gone(wait_barrier, &b, &b.line);
	cr_expect_eq(b.waiting, 0);
	return 0;
}
IN_A_TASK(barrier, a_crowd_can_be_cancelled_at_once, cancel_crowd)
