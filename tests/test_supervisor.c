/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_supervisor.c: who is started anew, in which order, how often.
 */
#include <config.h>
#include "supervisor_common.h"

static const struct plx_child permanent[] = {
	CHILD("a", PLX_PERMANENT),
	CHILD("b", PLX_PERMANENT),
	CHILD("c", PLX_PERMANENT),
};
static const struct plx_child mixed[] = {
	CHILD("p", PLX_PERMANENT),
	CHILD("t", PLX_TRANSIENT),
	CHILD("x", PLX_TEMPORARY),
};

static const struct plx_supervise_options one_for_one = {
	.strategy = PLX_ONE_FOR_ONE,
	.intensity = 3,
	.period = 10 * PLX_SECOND,
};
static const struct plx_supervise_options one_for_all = {
	.strategy = PLX_ONE_FOR_ALL,
	.intensity = 3,
	.period = 10 * PLX_SECOND,
};
static const struct plx_supervise_options rest_for_one = {
	.strategy = PLX_REST_FOR_ONE,
	.intensity = 3,
	.period = 10 * PLX_SECOND,
};

static int
restart_one(void *arg)
{
	struct supervision s = SUPERVISION(permanent, &one_for_one);
	struct plx_actor old;

	(void)arg;
	begin(&s);
	expect_events("+a+b+c");
	old = find("b");
	tell("b", -EIO);
	expect_events("-b+b");
	cr_expect_eq(send_number(old, 1, 0), -ESRCH, "stays dead");
	cr_expect_neq(find("b").id, 0, "the new one");
	cr_expect_neq(find("b").id, old.id);
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	expect_events("-c-b-a");
	cr_expect_eq(find("a").id, 0);
	return 0;
}
WITH_CLOCK(supervisor, one_for_one_starts_that_one_anew, restart_one)

static int
restart_all(void *arg)
{
	struct supervision s = SUPERVISION(permanent, &one_for_all);

	(void)arg;
	begin(&s);
	expect_events("+a+b+c");
	tell("b", -EIO);
	expect_events("-b-c-a+a+b+c");
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	expect_events("-c-b-a");
	return 0;
}
WITH_CLOCK(supervisor, one_for_all_starts_all_anew, restart_all)

static int
restart_rest(void *arg)
{
	struct supervision s = SUPERVISION(permanent, &rest_for_one);

	(void)arg;
	begin(&s);
	expect_events("+a+b+c");
	tell("b", -EIO);
	expect_events("-b-c+b+c");
	tell("c", -EIO);
	expect_events("-c+c");
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	expect_events("-c-b-a");
	return 0;
}
WITH_CLOCK(supervisor, rest_for_one_starts_the_later_ones_anew, restart_rest)

static int
end_well(void *arg)
{
	struct supervision s = SUPERVISION(mixed, &one_for_one);

	(void)arg;
	begin(&s);
	expect_events("+p+t+x");
	tell("t", -EIO);
	expect_events("-t+t");
	tell("t", 0);
	expect_events("-t");
	tell("p", 0);
	expect_events("-p+p");
	tell("x", -EIO);
	expect_events("-x");
	cr_expect_eq(s.result, 1, "p is left");
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	expect_events("-p");
	return 0;
}
WITH_CLOCK(supervisor, a_child_tells_after_which_ends, end_well)

static int
end_all(void *arg)
{
	struct supervision s = SUPERVISION(mixed, &one_for_one);

	(void)arg;
	s.children = &mixed[1];
	s.n = 2;
	begin(&s);
	tell("t", 5);
	cr_expect_eq(s.result, 1);
	tell("x", -EIO);
	cr_expect_eq(end(&s), 0);
	expect_events("+t+x-t-x");
	cr_expect_eq(plx_supervise(NULL, 0, NULL), 0);
	return 0;
}
WITH_CLOCK(supervisor, it_ends_when_all_are_over, end_all)

static int
restart_mixed(void *arg)
{
	struct supervision s = SUPERVISION(mixed, &one_for_all);

	(void)arg;
	begin(&s);
	tell("p", 0);
	expect_events("+p+t+x-p-x-t+p+t");
	tell("t", 0);
	tell("p", 0);
	expect_events("-t-p+p");
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	expect_events("-p");
	return 0;
}
WITH_CLOCK(supervisor, what_is_over_is_not_started_with_the_others,
	   restart_mixed)

static int
fail_together(void *arg)
{
	struct supervision s = SUPERVISION(permanent, &one_for_all);

	(void)arg;
	begin(&s);
	cr_expect_eq(send_number(find("c"), -EIO, 0), 0);
	cr_expect_eq(send_number(find("a"), -EIO, 0), 0);
	let_run(12);
	expect_events("+a+b+c-c-a-b+a+b+c");
	for (int i = 0; i < 2; i++)
		tell("a", -EIO);
	expect_events("-a-c-b+a+b+c-a-c-b+a+b+c");
	tell("a", -EPIPE);
	cr_expect_eq(end(&s), -EPIPE, "the fourth");
	return 0;
}
WITH_CLOCK(supervisor, those_that_fail_together_count_once, fail_together)

static int
give_up(void *arg)
{
	struct supervision s = SUPERVISION(permanent, &one_for_one);

	(void)arg;
	begin(&s);
	tell("a", -EIO);
	tell("b", -EIO);
	tell("b", -EIO);
	expect_events("+a+b+c-a+a-b+b-b+b");
	tell("b", -EPIPE);
	cr_expect_eq(end(&s), -EPIPE);
	expect_events("-b-c-a");
	return 0;
}
WITH_CLOCK(supervisor, a_restart_too_many_ends_it, give_up)

static int
give_up_on_good_ends(void *arg)
{
	struct plx_supervise_options never = {.intensity = 0};
	struct supervision s = SUPERVISION(permanent, &never);

	(void)arg;
	begin(&s);
	tell("a", 3);
	cr_expect_eq(end(&s), -ELOOP);
	expect_events("+a+b+c-a-c-b");
	return 0;
}
WITH_CLOCK(supervisor, good_ends_too_many_are_an_error, give_up_on_good_ends)

static int
fail_slowly(void *arg)
{
	struct supervision s = SUPERVISION(permanent, &one_for_one);

	(void)arg;
	begin(&s);
	for (int i = 0; i < 20; i++) {
		tell("a", -EIO);
		cr_expect_eq(s.result, 1, "%d", i);
		plx_sleep(4 * PLX_SECOND);
	}
	tell("a", -EIO);
	cr_expect_eq(s.result, 1);
	tell("a", -EIO);
	cr_expect_eq(end(&s), -EIO, "within 8 seconds: 4");
	return 0;
}
WITH_CLOCK(supervisor, only_restarts_within_the_period_count, fail_slowly)

static int
use_defaults(void *arg)
{
	struct supervision s = SUPERVISION(permanent, NULL);

	(void)arg;
	begin(&s);
	tell("a", -EIO);
	plx_sleep(5 * PLX_SECOND + 1);
	tell("a", -EIO);
	cr_expect_eq(s.result, 1);
	plx_sleep(4 * PLX_SECOND);
	tell("a", -EIO);
	cr_expect_eq(end(&s), -EIO);
	expect_events("+a+b+c-a+a-a+a-a-c-b");
	return 0;
}
WITH_CLOCK(supervisor, once_in_five_seconds_is_the_default, use_defaults)

static int
cancel_child(void *arg)
{
	struct supervision s = SUPERVISION(permanent, &one_for_one);

	(void)arg;
	begin(&s);
	cr_expect_eq(plx_actor_cancel(find("a")), 0);
	let_run(5);
	expect_events("+a+b+c-a+a");
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	return 0;
}
WITH_CLOCK(supervisor, a_child_that_somebody_cancels_has_failed, cancel_child)

static int
supervise_inside(void *arg)
{
	note("(", "");
	return plx_supervise(arg, 2, NULL);
}

static int
nest(void *arg)
{
	const struct plx_child outer[] = {
		CHILD("a", PLX_PERMANENT),
		{
			.fn = supervise_inside,
			.arg = (void *)&permanent[1],
		},
	};
	struct supervision s = SUPERVISION(outer, &one_for_one);

	(void)arg;
	begin(&s);
	let_run(3);
	expect_events("+a(+b+c");
	tell("c", -EIO);
	expect_events("-c+c");
	tell("b", -EIO);
	expect_events("-b-c(+b+c");
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	expect_events("-c-b-a");
	return 0;
}
WITH_CLOCK(supervisor, a_child_may_supervise, nest)
