/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_yields.c: where a wait gives way when its task's budget is used up.
 *
 * Between a look at some state and the wait for its change nobody else may
 * run, or the change is missed; so a wait for an awaitable or a task gives
 * way last, when it has its result, and never with deadline 0.
 */
#include <config.h>
#include "task_common.h"

/* A bell that rings for who waits now, and for nobody else. */
struct waiter {
	struct plx_awaitable awaitable;
	int ready_at_once;
};

static struct waiter *waiting;
static int flag, value;

static int
bell_arm(struct plx_awaitable *a)
{
	waiting = (struct waiter *)a;
	return waiting->ready_at_once;
}

static int
bell_disarm(struct plx_awaitable *a)
{
	(void)a;
	waiting = NULL;
	return 0;
}

static int
bell_result(struct plx_awaitable *a)
{
	(void)a;
	return value;
}

static const struct plx_awaitable_ops bell_ops = {
	.kind = "bell",
	.arm = bell_arm,
	.disarm = bell_disarm,
	.result = bell_result,
};

#define WAITER                                                 \
	{                                                      \
		.awaitable.ops = &bell_ops, .ready_at_once = 0 \
	}

static int
ring(void *arg)
{
	(void)arg;
	flag = 1;
	if (waiting)
		plx_awaitable_ready(&waiting->awaitable);
	return 0;
}

/* The next call in this task that may wait finds its budget used up. */
static void
spend_budget(void)
{
	for (int i = 0; i < 1000; i++)
		plx_await_fd(-1, PLX_READ, 0);
}

static int
look_and_await(void *arg)
{
	struct waiter w = WAITER;
	int64_t deadline = in(5 * PLX_SECOND);

	(void)arg;
	plx_spawn(NULL, ring, NULL, NULL);
	spend_budget();
	if (!flag)
		cr_expect_eq(plx_await(&w.awaitable, deadline), 0);
	cr_expect(flag);
	return 0;
}
WITH_CLOCK(yields, what_comes_after_a_look_is_not_missed, look_and_await)

static int
look_and_await_any(void *arg)
{
	struct waiter w[2] = {WAITER, WAITER};
	struct plx_awaitable *list[2] = {&w[0].awaitable, &w[1].awaitable};
	int64_t deadline = in(5 * PLX_SECOND);

	(void)arg;
	plx_spawn(NULL, ring, NULL, NULL);
	spend_budget();
	if (!flag)
		cr_expect_eq(plx_await_any(list, 2, deadline), 1);
	cr_expect(flag);
	return 0;
}
WITH_CLOCK(yields, what_comes_after_a_look_is_not_missed_by_any,
	   look_and_await_any)

static int
count_and_change(void *arg)
{
	int *rounds = arg;

	do {
		++*rounds;
		value++;
	} while (plx_checkpoint() == 0);
	return 0;
}

static int
await_beside_change(void *arg)
{
	struct waiter w = WAITER;
	int rounds = 0;
	int before;
	plx_task *t;

	(void)arg;
	w.ready_at_once = 1;
	plx_spawn(NULL, count_and_change, &rounds, &t);
	for (int i = 0; i < 1000; i++) {
		before = value;
		cr_expect_eq(plx_await(&w.awaitable, PLX_NEVER), before);
	}
	cr_expect_gt(rounds, 2, "%d rounds", rounds);
	rounds = 0;
	for (int i = 0; i < 1000; i++)
		plx_await(&w.awaitable, 0);
	cr_expect_eq(rounds, 0, "deadline 0 gave way");
	return stop_task(t);
}
IN_A_TASK(yields, an_await_has_its_result_before_it_gives_way,
	  await_beside_change)

/* Nothing is to be waited for, again and again; and a scope may end. */
static int
close_beside_change(void *arg)
{
	struct plx_scope s;
	plx_nursery *n;
	int i, r = 0, rounds = 0;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, count_and_change, &rounds, &t);
	for (i = 0; i < 1000; i++) {
		plx_nursery_open(NULL, &n);
		cr_expect_eq(plx_nursery_close(&n, i), i);
	}
	cr_expect_gt(rounds, 2, "%d rounds", rounds);
	plx_scope_enter(&s, in(PLX_SECOND));
	support_sys.now += 2 * PLX_SECOND;
	for (i = 0; r == 0 && i < 1000; i++) {
		plx_nursery_open(NULL, &n);
		plx_nursery_close(&n, 0);
		r = plx_scope_status(&s);
	}
	cr_expect_eq(r, -ETIMEDOUT);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), r);
	return stop_task(t);
}
WITH_CLOCK(yields, the_end_of_a_nursery_without_tasks_gives_way,
	   close_beside_change)

static int
await_its_awaitable(void *arg)
{
	struct waiter *w = arg;

	return plx_await(&w->awaitable, 0) == -EBUSY;
}

static int
keep_winner(void *arg)
{
	struct waiter w = WAITER;
	struct plx_awaitable *list[1] = {&w.awaitable};
	int busy = 0;
	plx_task *t;

	(void)arg;
	w.ready_at_once = 1;
	plx_spawn(NULL, await_its_awaitable, &w, &t);
	spend_budget();
	cr_expect_eq(plx_await_any(list, 1, PLX_NEVER), 0);
	cr_expect_eq(plx_join(t, &busy, 0), 0, "it gave way");
	cr_expect_eq(busy, 1, "nobody takes it over before its result is had");
	cr_expect_eq(plx_await(&w.awaitable, 0), value, "it can be used again");
	return 0;
}
IN_A_TASK(yields, the_winner_of_any_stays_its_own_while_it_gives_way,
	  keep_winner)

static int
cancel_arg(void *arg)
{
	plx_cancel(arg);
	return 0;
}

static int
await_and_be_cancelled(void *arg)
{
	struct waiter w = WAITER;
	int r;

	(void)arg;
	w.ready_at_once = 1;
	plx_spawn(NULL, cancel_arg, plx_self(), NULL);
	spend_budget();
	r = plx_await(&w.awaitable, PLX_NEVER);
	cr_expect_eq(r, value, "%d", r);
	cr_expect_eq(plx_await(&w.awaitable, PLX_NEVER), -ECANCELED);
	return 0;
}
IN_A_TASK(yields, what_completed_is_kept_when_cancelled_while_giving_way,
	  await_and_be_cancelled)

static plx_task *target;
static int results[2];

static int
end_later(void *arg)
{
	int r = plx_sleep(PLX_SECOND);

	(void)arg;
	return r < 0 ? r : 7;
}

static int
join_first(void *arg)
{
	(void)arg;
	spend_budget();
	return plx_join(target, &results[0], in(5 * PLX_SECOND));
}

static int
join_second(void *arg)
{
	(void)arg;
	results[1] = plx_join(target, NULL, in(5 * PLX_SECOND));
	return 0;
}

static int
join_twice(void *arg)
{
	plx_task *first, *second;

	(void)arg;
	plx_spawn(NULL, end_later, NULL, &target);
	plx_spawn(NULL, join_first, NULL, &first);
	plx_spawn(NULL, join_second, NULL, &second);
	cr_expect_eq(plx_join(second, NULL, PLX_NEVER), 0);
	cr_expect_eq(plx_join(first, NULL, PLX_NEVER), 0);
	cr_expect_eq(results[0], 7);
	cr_expect_eq(results[1], -EBUSY, "%d", results[1]);
	return 0;
}
WITH_CLOCK(yields, the_first_who_joins_is_the_one_who_joins, join_twice)

static int
join_many_ended(void *arg)
{
	enum {
		MANY = 300
	};
	plx_task *tasks[MANY], *other;
	int rounds = 0;
	int seven = 7;

	(void)arg;
	for (int i = 0; i < MANY; i++)
		plx_spawn(NULL, return_arg, &seven, &tasks[i]);
	plx_spawn(NULL, count_and_change, &rounds, &other);
	plx_checkpoint();
	rounds = 0;
	for (int i = 0; i < MANY; i++)
		cr_expect_eq(plx_join(tasks[i], NULL, PLX_NEVER), 0);
	cr_expect_geq(rounds, 2, "%d rounds", rounds);
	return stop_task(other);
}
IN_A_TASK(yields, who_joins_what_has_ended_gives_way_now_and_then,
	  join_many_ended)
