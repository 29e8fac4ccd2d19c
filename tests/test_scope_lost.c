/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scope_lost.c: a scope that was closed unseen, when one around it was
 * left too early, does not reach those that were opened since; grace that is
 * longer than time, and time that jumps.
 */
#include <config.h>
#include "task_common.h"

static int
lose_one(void *arg)
{
	struct plx_scope a, lost, c, d, e;

	(void)arg;
	plx_scope_enter(&a, PLX_NEVER);
	plx_scope_enter(&lost, PLX_NEVER);
	cr_expect_eq(plx_scope_leave(&a, 0), -EPROTO);
	plx_scope_enter(&c, PLX_NEVER);
	plx_scope_enter(&d, PLX_NEVER);
	plx_scope_enter(&e, PLX_NEVER);
	plx_scope_cancel(&lost);
	cr_expect_eq(plx_scope_set_deadline(&lost, 0), 0);
	cr_expect_eq(plx_checkpoint(), 0, "none of the others is reached");
	plx_scope_cancel(&d);
	cr_expect_eq(plx_checkpoint(), -ECANCELED, "of those that are open");
	cr_expect_eq(plx_scope_leave(&e, 0), 0);
	cr_expect_eq(plx_scope_leave(&d, 0), 0);
	cr_expect_eq(plx_checkpoint(), 0);
	cr_expect_eq(plx_scope_leave(&c, 0), 0);
	return 0;
}
IN_A_TASK(scope_lost, one_that_was_lost_reaches_none_since, lose_one)

static int
lose_inner(void *arg)
{
	struct plx_scope top, a, lost, d, e;

	(void)arg;
	plx_scope_enter(&top, PLX_NEVER);
	plx_scope_enter(&a, PLX_NEVER);
	plx_scope_enter(&lost, PLX_NEVER);
	cr_expect_eq(plx_scope_leave(&a, 0), -EPROTO);
	plx_scope_enter(&d, PLX_NEVER);
	plx_scope_enter(&e, PLX_NEVER);
	cr_expect_eq(plx_scope_leave(&e, 0), 0);
	plx_scope_enter(&e, PLX_NEVER);
	plx_scope_cancel(&top);
	cr_expect_eq(plx_checkpoint(), -ECANCELED, "one from before is open");
	plx_scope_leave(&e, 0);
	plx_scope_leave(&d, 0);
	cr_expect_eq(plx_scope_leave(&top, 0), 0);
	return 0;
}
IN_A_TASK(scope_lost, one_from_before_reaches_them, lose_inner)

static int
wait_in_long_grace(void *arg)
{
	struct plx_scope outer, shield;

	(void)arg;
	plx_scope_enter(&outer, in(PLX_SECOND));
	plx_scope_shield(&shield, PLX_NEVER, INT64_MAX);
	cr_expect_eq(plx_sleep(9 * PLX_SECOND), 0, "its grace has no end");
	cr_expect_eq(plx_scope_leave(&shield, 0), 0);
	cr_expect_eq(plx_checkpoint(), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&outer, -ECANCELED), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(scope_lost, grace_longer_than_time_is_no_limit, wait_in_long_grace)

static int
jump(void *arg)
{
	(void)arg;
	support_sys.now += 9 * PLX_SECOND;
	return 0;
}

/* The turn that finds the end of OUTER finds that of the sleep, too. */
static int
sleep_in_shield(void *arg)
{
	struct plx_scope outer, shield;
	int64_t end = in(2 * PLX_SECOND);

	(void)arg;
	plx_scope_enter(&outer, in(PLX_SECOND));
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	plx_spawn(NULL, jump, NULL, NULL);
	cr_expect_eq(plx_sleep_until(end), 0);
	cr_expect_lt(in(0), end + 9 * PLX_SECOND, "it has not slept twice");
	plx_scope_leave(&shield, 0);
	cr_expect_eq(plx_scope_leave(&outer, plx_checkpoint()), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(scope_lost, an_end_outside_of_a_shield_hides_none_inside,
	   sleep_in_shield)

static int
check_in_shield(void *arg)
{
	struct plx_scope outer, shield;

	(void)arg;
	plx_scope_enter(&outer, in(PLX_SECOND));
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	support_sys.now += 2 * PLX_SECOND;
	/* The first brings the turn in which the second finds the end. */
	for (int i = 0; i < 3; i++)
		cr_expect_eq(plx_checkpoint(), 0, "a shield holds: %d", i);
	plx_scope_leave(&shield, 0);
	cr_expect_eq(plx_scope_leave(&outer, plx_checkpoint()), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(scope_lost, an_end_outside_of_a_shield_ends_no_checkpoint,
	   check_in_shield)
