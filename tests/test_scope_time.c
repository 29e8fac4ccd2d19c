/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scope_time.c: deadlines of scopes, who owns which, and shields.
 */
#include <config.h>
#include <pollux/sync.h>
#include "task_common.h"

/* Sleeps for ever in a scope that ends at DEADLINE; what leaving it says. */
static int
sleep_until_scope_ends(int64_t deadline)
{
	struct plx_scope s;
	int r;

	plx_scope_enter(&s, deadline);
	r = plx_sleep_until(PLX_NEVER);
	cr_expect_eq(r, -ECANCELED);
	return plx_scope_leave(&s, r);
}

static int
expire(void *arg)
{
	int64_t end = in(5 * PLX_SECOND);

	(void)arg;
	cr_expect_eq(sleep_until_scope_ends(end), -ETIMEDOUT);
	cr_expect_eq(in(0), end, "not early, not late");
	cr_expect_eq(plx_sleep(PLX_SECOND), 0, "it is over");
	cr_expect_eq(sleep_until_scope_ends(0), -ETIMEDOUT);
	cr_expect_eq(sleep_until_scope_ends(in(-1)), -ETIMEDOUT);
	cr_expect_eq(in(0), end + PLX_SECOND, "those had passed");
	return 0;
}
WITH_CLOCK(scope_time, the_scope_that_expires_says_so, expire)

static int
end_in_time(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, in(5 * PLX_SECOND));
	cr_expect_eq(plx_sleep(4 * PLX_SECOND), 0);
	cr_expect_eq(plx_scope_leave(&s, 1), 1);
	cr_expect_eq(plx_scope_status(&s), 0);
	cr_expect_eq(plx_sleep(4 * PLX_SECOND), 0, "its deadline is gone");
	return 0;
}
WITH_CLOCK(scope_time, one_that_is_left_in_time_does_nothing, end_in_time)

static int
nest(void *arg)
{
	int64_t start = in(0);
	struct plx_scope outer;
	int r;

	(void)arg;
	plx_scope_enter(&outer, start + 5 * PLX_SECOND);
	cr_expect_eq(sleep_until_scope_ends(start + PLX_SECOND), -ETIMEDOUT);
	cr_expect_eq(plx_checkpoint(), 0, "the outer one lasts");
	r = sleep_until_scope_ends(start + 9 * PLX_SECOND);
	cr_expect_eq(r, -ECANCELED, "the outer one was first");
	cr_expect_eq(in(0), start + 5 * PLX_SECOND);
	cr_expect_eq(plx_scope_leave(&outer, r), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(scope_time, of_nested_deadlines_the_first_counts, nest)

static int
own_waits(void *arg)
{
	struct plx_scope s;
	int64_t end = in(5 * PLX_SECOND);
	int fd[2];
	char c;

	(void)arg;
	support_pipe(fd);
	plx_scope_enter(&s, end);
	cr_expect_eq(plx_read(fd[0], &c, 1, end - 2 * PLX_MILLISECOND),
		     -ETIMEDOUT);
	cr_expect_eq(plx_checkpoint(), 0, "the scope lasts");
	cr_expect_eq(plx_read(fd[0], &c, 1, end + 1), -ECANCELED);
	cr_expect_eq(in(0), end);
	cr_expect_eq(plx_read(fd[0], &c, 1, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s, -EIO), -EIO);
	cr_expect_eq(plx_scope_status(&s), -ETIMEDOUT);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
WITH_CLOCK(scope_time, a_waits_own_deadline_is_the_waits, own_waits)

/* The budget makes it give way, and look at the clock. */
static int
never_park(void *arg)
{
	struct plx_scope s;
	int fd[2], n = 0;
	char c;

	(void)arg;
	support_pipe(fd);
	plx_scope_enter(&s, in(PLX_SECOND));
	for (int i = 0; i < 1000; i++)
		cr_expect_eq(plx_read(fd[0], &c, 1, 0), -ETIMEDOUT, "%d", i);
	support_sys.now += 2 * PLX_SECOND;
	while (plx_write(fd[1], "x", 1, PLX_NEVER) == 1 &&
	       plx_read(fd[0], &c, 1, PLX_NEVER) == 1)
		n++;
	cr_expect_lt(n, 1000);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
WITH_CLOCK(scope_time, a_task_that_never_parks_is_caught, never_park)

/* Neither does one that only asks: it never gives way, but looks. */
static int
only_ask(void *arg)
{
	struct plx_event e = {0};
	struct plx_scope s;
	int fd[2], n = 0;
	char c;

	(void)arg;
	support_pipe(fd);
	plx_scope_enter(&s, in(PLX_SECOND));
	support_sys.now += 2 * PLX_SECOND;
	while (n < 1000 && plx_read(fd[0], &c, 1, 0) == -ETIMEDOUT)
		n++;
	cr_expect_lt(n, 1000, "asking a descriptor");
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	plx_scope_enter(&s, in(PLX_SECOND));
	support_sys.now += 2 * PLX_SECOND;
	for (n = 0; n < 1000 && plx_event_wait(&e, 0) == -ETIMEDOUT;)
		n++;
	cr_expect_lt(n, 1000, "asking anything else");
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
WITH_CLOCK(scope_time, a_task_that_only_asks_is_caught, only_ask)

static int
move(void *arg)
{
	int64_t start = in(0);
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, start + PLX_SECOND);
	cr_expect_eq(plx_scope_set_deadline(&s, start + 3 * PLX_SECOND), 0);
	cr_expect_eq(plx_sleep_until(start + 2 * PLX_SECOND), 0);
	cr_expect_eq(plx_sleep_until(PLX_NEVER), -ECANCELED);
	cr_expect_eq(in(0), start + 3 * PLX_SECOND);
	cr_expect_eq(plx_scope_set_deadline(&s, PLX_NEVER), 0);
	cr_expect_eq(plx_checkpoint(), -ECANCELED, "too late");
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(scope_time, a_deadline_can_be_moved, move)

static int
sleep_in(void *arg)
{
	struct plx_scope *s = arg;

	plx_scope_enter(s, PLX_NEVER);
	return plx_scope_leave(s, plx_sleep_until(PLX_NEVER)) + ETIMEDOUT;
}

static int
move_from_outside(void *arg)
{
	int64_t end = in(2 * PLX_SECOND);
	struct plx_scope s;
	int result = -1;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_in, &s, &t);
	plx_checkpoint();
	cr_expect_eq(plx_scope_set_deadline(&s, end), 0);
	cr_expect_eq(plx_join(t, &result, PLX_NEVER), 0);
	cr_expect_eq(result, 0, "it timed out");
	cr_expect_eq(in(0), end);
	return 0;
}
WITH_CLOCK(scope_time, a_parked_task_hears_of_a_new_deadline, move_from_outside)

/* In a shield with GRACE within a scope that is cancelled: how long it lasts */
static int64_t
last_in_shield(int64_t deadline, int64_t grace, int expected)
{
	struct plx_scope s, shield;
	int64_t start = in(0);
	int r;

	plx_scope_enter(&s, PLX_NEVER);
	plx_scope_cancel(&s);
	plx_scope_shield(&shield, deadline, grace);
	r = plx_sleep(20 * PLX_SECOND);
	cr_expect_eq(plx_scope_leave(&shield, r), expected);
	cr_expect_eq(plx_checkpoint(), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), 0);
	return in(0) - start;
}

static int
shield_cleanup(void *arg)
{
	const int64_t second = PLX_SECOND;

	(void)arg;
	cr_expect_eq(last_in_shield(PLX_NEVER, PLX_NEVER, 0), 20 * second);
	cr_expect_eq(last_in_shield(PLX_NEVER, 3 * second, -ECANCELED),
		     3 * second);
	cr_expect_eq(last_in_shield(in(second), 3 * second, -ECANCELED),
		     second);
	cr_expect_eq(last_in_shield(PLX_NEVER, 0, -ECANCELED), 0);
	cr_expect_eq(last_in_shield(PLX_NEVER, 30 * second, 0), 20 * second);
	return 0;
}
WITH_CLOCK(scope_time, a_shield_lasts_for_its_grace, shield_cleanup)

static int
expire_around_shield(void *arg)
{
	int64_t start = in(0);
	struct plx_scope outer, shield;
	int r;

	(void)arg;
	plx_scope_enter(&outer, start + 5 * PLX_SECOND);
	plx_scope_shield(&shield, PLX_NEVER, 2 * PLX_SECOND);
	r = sleep_until_scope_ends(start + PLX_SECOND);
	cr_expect_eq(r, -ETIMEDOUT, "scopes in a shield are as ever");
	r = plx_sleep_until(PLX_NEVER);
	cr_expect_eq(r, -ECANCELED);
	cr_expect_eq(in(0), start + 7 * PLX_SECOND);
	cr_expect_eq(plx_scope_leave(&shield, r), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&outer, r), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(scope_time, grace_begins_when_what_is_around_expires,
	   expire_around_shield)

static int
shield_from_task(void *arg)
{
	struct plx_scope s;
	int r;

	(void)arg;
	plx_scope_shield(&s, PLX_NEVER, PLX_NEVER);
	r = plx_sleep(PLX_SECOND);
	cr_expect_eq(plx_scope_leave(&s, r), 0, "shielded");
	return plx_checkpoint();
}

static int
cancel_shielded(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, shield_from_task, NULL, &t);
	plx_checkpoint();
	cr_expect_eq(stop_task(t), -ECANCELED, "but not for ever");
	return 0;
}
WITH_CLOCK(scope_time, a_shield_holds_off_a_cancel_of_the_task, cancel_shielded)

static int
compute(void *arg)
{
	struct plx_scope s;
	int n = 0;

	(void)arg;
	plx_scope_enter(&s, in(PLX_SECOND));
	while (plx_checkpoint() == 0 && n < 1000) {
		support_sys.now += 10 * PLX_MILLISECOND;
		n++;
	}
	cr_expect_lt(n, 1000);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(scope_time, a_loop_that_computes_hears_of_it, compute)

static int
tie(void *arg)
{
	int64_t end = in(PLX_SECOND);
	struct plx_scope s;
	int fd[2];
	char c;

	(void)arg;
	support_pipe(fd);
	plx_scope_enter(&s, end);
	cr_expect_eq(plx_read(fd[0], &c, 1, end), -ETIMEDOUT);
	cr_expect_eq(plx_checkpoint(), -ECANCELED, "the next one tells");
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
WITH_CLOCK(scope_time, of_equal_deadlines_the_waits_is_told_first, tie)

static int
move_to_the_past(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	cr_expect_eq(plx_scope_set_deadline(&s, 0), 0);
	cr_expect_eq(plx_scope_status(&s), -ETIMEDOUT);
	cr_expect_eq(plx_checkpoint(), -ECANCELED);
	plx_scope_leave(&s, 0);
	return 0;
}
WITH_CLOCK(scope_time, a_deadline_moved_to_the_past_counts_at_once,
	   move_to_the_past)

static int
lift_grace(void *arg)
{
	struct plx_scope s, shield;
	int64_t start = in(0);

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	plx_scope_shield(&shield, PLX_NEVER, PLX_SECOND);
	plx_scope_cancel(&s);
	cr_expect_eq(plx_scope_set_deadline(&shield, start + 9 * PLX_SECOND),
		     0);
	cr_expect_eq(plx_sleep(5 * PLX_SECOND), -ECANCELED);
	cr_expect_eq(in(0), start + PLX_SECOND);
	cr_expect_eq(plx_scope_status(&shield), -ECANCELED);
	plx_scope_leave(&shield, 0);
	plx_scope_leave(&s, 0);
	return 0;
}
WITH_CLOCK(scope_time, a_deadline_does_not_prolong_the_grace, lift_grace)

static int
sleep_in_scope(void *arg)
{
	struct plx_scope *s = arg;
	int r;

	plx_scope_enter(s, PLX_NEVER);
	r = plx_sleep_until(PLX_NEVER);
	return plx_scope_leave(s, r);
}

static int
move_without_memory(void *arg)
{
	struct plx_scope s;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, sleep_in_scope, &s, &t);
	plx_checkpoint();
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	cr_expect_eq(plx_scope_set_deadline(&s, in(PLX_SECOND)), -ENOMEM);
	cr_expect_eq(plx_sleep(2 * PLX_SECOND), 0);
	cr_expect_eq(plx_scope_status(&s), 0, "nothing has changed");
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
WITH_CLOCK(scope_time, without_memory_no_deadline_is_moved, move_without_memory)
