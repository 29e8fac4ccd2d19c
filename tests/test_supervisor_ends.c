/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_supervisor_ends.c: how supervisors begin and end: cancels, deadlines,
 * shortages and misuse.
 */
#include <config.h>
#include "supervisor_common.h"

static const struct plx_child children[] = {
	CHILD("a", PLX_PERMANENT),
	CHILD("b", PLX_PERMANENT),
	CHILD("c", PLX_PERMANENT),
};

static const struct plx_child slow[] = {
	{.actor.name = "a", .fn = obey_slowly, .arg = (void *)"a"},
	{.actor.name = "b", .fn = obey_slowly, .arg = (void *)"b"},
};

static int
cancel_slow(void *arg)
{
	struct supervision s = SUPERVISION(slow, NULL);
	int64_t start = in(0);

	(void)arg;
	begin(&s);
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	expect_events("+a+b~b-b~a-a");
	cr_expect_eq(in(0), start + 2 * PLX_SECOND);
	return 0;
}
WITH_CLOCK(supervisor_ends, each_child_has_ended_before_the_next_is_cancelled,
	   cancel_slow)

static int
cancel_in_restart(void *arg)
{
	const struct plx_supervise_options o = {
		.strategy = PLX_ONE_FOR_ALL,
		.intensity = 1,
		.period = 1,
	};
	struct supervision s = SUPERVISION(slow, &o);

	(void)arg;
	begin(&s);
	cr_expect_eq(send_number(find("a"), -EIO, 0), 0);
	plx_sleep(3 * PLX_SECOND / 2);
	expect_events("+a+b~a-a~b");
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	cr_expect_eq(find("a").id, 0);
	cr_expect_eq(find("b").id, 0);
	return 0;
}
WITH_CLOCK(supervisor_ends, a_cancel_in_a_restart_ends_all, cancel_in_restart)

static int
supervise_until(void *arg)
{
	struct plx_scope scope;
	int r;

	(void)arg;
	plx_scope_enter(&scope, in(PLX_SECOND));
	r = plx_supervise(children, 3, NULL);
	cr_expect_eq(r, -ECANCELED);
	cr_expect_eq(plx_scope_leave(&scope, r), -ETIMEDOUT);
	expect_events("+a+b+c-c-b-a");
	plx_scope_enter(&scope, PLX_NEVER);
	plx_scope_cancel(&scope);
	cr_expect_eq(plx_supervise(children, 3, NULL), -ECANCELED);
	plx_scope_leave(&scope, 0);
	expect_events("");
	return 0;
}
WITH_CLOCK(supervisor_ends, a_scope_around_it_ends_it, supervise_until)

static int
cancel_at_once(void *arg)
{
	struct supervision s = SUPERVISION(children, NULL);

	(void)arg;
	plx_spawn(NULL, supervise_in_task, &s, &s.task);
	plx_checkpoint();
	plx_cancel(s.task);
	cr_expect_eq(end(&s), -ECANCELED);
	expect_events("+a+b+c-c-b-a");
	return 0;
}
IN_A_TASK(supervisor_ends, children_that_have_not_begun_are_cancelled,
	  cancel_at_once)

static int
start_twice(void *arg)
{
	const struct plx_child twins[] = {
		CHILD("a", PLX_PERMANENT),
		CHILD("b", PLX_PERMANENT),
		CHILD("a", PLX_PERMANENT),
	};

	(void)arg;
	cr_expect_eq(plx_supervise(twins, 3, NULL), -EEXIST);
	expect_events("+a+b-b-a");
	return 0;
}
IN_A_TASK(supervisor_ends, when_one_cannot_be_started_all_are_ended,
	  start_twice)

static int
misuse(void *arg)
{
	struct plx_child bad = CHILD("a", PLX_PERMANENT);
	struct plx_supervise_options o = {.intensity = 1};

	(void)arg;
	cr_expect_eq(plx_supervise(NULL, 1, NULL), -EINVAL);
	cr_expect_eq(plx_supervise(children, 3, &o), -EINVAL, "no period");
	o.period = 1;
	o.strategy = (enum plx_strategy)3;
	cr_expect_eq(plx_supervise(children, 3, &o), -EINVAL);
	o.strategy = PLX_ONE_FOR_ALL;
	bad.restart = (enum plx_restart)3;
	cr_expect_eq(plx_supervise(&bad, 1, &o), -EINVAL);
	bad.restart = PLX_PERMANENT;
	bad.fn = NULL;
	cr_expect_eq(plx_supervise(&bad, 1, &o), -EINVAL);
	return 0;
}
IN_A_TASK(supervisor_ends, what_makes_no_sense_is_refused, misuse)

Test(supervisor_ends, outside_a_task_there_is_none)
{
	cr_expect_eq(plx_supervise(children, 3, NULL), -EPERM);
}

static int
restart_without_memory(void *arg)
{
	const struct plx_supervise_options o = {
		.intensity = 2,
		.period = PLX_SECOND,
	};
	struct supervision s = SUPERVISION(children, &o);

	(void)arg;
	begin(&s);
	cr_expect_eq(send_number(find("a"), -EIO, 0), 0);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	let_run(5);
	expect_events("+a+b+c-a+a");
	tell("b", -EPIPE);
	cr_expect_eq(end(&s), -EPIPE, "the failed start counts");
	return 0;
}
WITH_CLOCK(supervisor_ends, a_restart_without_memory_is_tried_again,
	   restart_without_memory)

static int
supervise_short_of_memory(void *arg)
{
	struct supervision s = SUPERVISION(children, NULL);
	int failures = 0;

	(void)arg;
	for (;; failures++) {
		s.result = 1;
		plx_spawn(NULL, supervise_in_task, &s, &s.task);
		support_sys.fails = SUPPORT_RESIZE;
		support_sys.fail_at = failures + 1;
		support_sys.fail_with = ENOMEM;
		let_run(10);
		support_sys.fail_at = 0;
		if (s.result != -ENOMEM || failures > 20)
			break;
		cr_expect_eq(end(&s), -ENOMEM);
		cr_expect_eq(find("a").id, 0);
	}
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	cr_expect_geq(failures, 4, "%d", failures);
	return 0;
}
IN_A_TASK(supervisor_ends, without_memory_nothing_is_left,
	  supervise_short_of_memory)

/* The others wait for c's end when b ends by itself. */
static int
end_beside_a_stop(void *arg)
{
	static const struct plx_child mixed[] = {
		CHILD("a", PLX_PERMANENT),
		CHILD("b", PLX_PERMANENT),
		{.actor.name = "c", .fn = obey_slowly, .arg = (void *)"c"},
	};
	const struct plx_supervise_options o = {
		.strategy = PLX_ONE_FOR_ALL,
		.intensity = 1,
		.period = 1,
	};
	struct supervision s = SUPERVISION(mixed, &o);

	(void)arg;
	begin(&s);
	cr_expect_eq(send_number(find("a"), -EIO, 0), 0);
	plx_sleep(PLX_SECOND / 2);
	cr_expect_eq(send_number(find("b"), 1, 0), 0);
	let_run(3);
	expect_events("+a+b+c-a~c-b");
	plx_sleep(PLX_SECOND);
	expect_events("-c+a+b+c");
	cr_expect_eq(cancel_and_end(&s), -ECANCELED);
	expect_events("~c-c-b-a");
	return 0;
}
WITH_CLOCK(supervisor_ends, one_that_ends_beside_a_stop_ends_no_wait_for_it,
	   end_beside_a_stop)

/* As obey_slowly, but its time is counted in turns. */
static int
obey_lazily(void *arg)
{
	struct plx_scope shield;
	int64_t n;

	note("+", arg);
	n = receive_number(PLX_NEVER);
	note("~", arg);
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	let_run(3);
	plx_scope_leave(&shield, 0);
	note("-", arg);
	return (int)n;
}

static const struct plx_child lazy[] = {
	{.actor.name = "a", .fn = obey_lazily, .arg = (void *)"a"},
	{.actor.name = "b", .fn = obey_lazily, .arg = (void *)"b"},
};

static struct plx_sys fed;
static long ration;
static int64_t time_given;

static void *
give_so_many(const struct plx_sys *sys, void *block, size_t size)
{
	if (size > 0 && ration-- <= 0)
		return NULL;
	return fed.resize(sys, block, size);
}

static int
supervise_in_scope(void *arg)
{
	struct supervision *s = arg;
	struct plx_scope scope;

	plx_scope_enter(&scope, time_given < 0 ? PLX_NEVER : in(time_given));
	s->result = plx_supervise(s->children, s->n, s->options);
	plx_scope_leave(&scope, 0);
	return 0;
}

/* From the Kth on there is no memory: not for the alarm of a wait either. */
static int
supervise_on_rations(long k)
{
	struct supervision s = SUPERVISION(lazy, NULL);

	s.result = 1;
	events[0] = '\0';
	plx_spawn(NULL, supervise_in_scope, &s, &s.task);
	fed = support_sys.sys;
	ration = k;
	support_sys.sys.resize = give_so_many;
	let_run(20);
	support_sys.sys = fed;
	if (s.result == 1)
		plx_cancel(s.task);
	return end(&s);
}

/* If both have begun, b has ended before a is told to. */
static void
expect_one_by_one(long k)
{
	const char *b = strstr(events, "-b"), *a = strstr(events, "~a");

	cr_expect(!a || !strstr(events, "+b") || (b && b < a), "%ld: %s", k,
		  events);
}

static int
run_out_of_memory(void *arg)
{
	int r = -ENOMEM;
	long k;

	(void)arg;
	/* What the run keeps is there then; but no alarm was needed. */
	time_given = PLX_NEVER;
	cr_expect_eq(supervise_on_rations(100), -ECANCELED);
	time_given = PLX_SECOND;
	for (k = 0; r == -ENOMEM && k < 40; k++) {
		r = supervise_on_rations(k);
		cr_expect_eq(find("a").id, 0, "%ld", k);
		cr_expect_eq(find("b").id, 0, "%ld", k);
		expect_one_by_one(k);
	}
	cr_expect_eq(r, -ECANCELED, "%ld: %d", k, r);
	cr_expect_geq(k, 4, "%ld", k);
	events[0] = '\0';
	return 0;
}
WITH_CLOCK(supervisor_ends, without_memory_it_ends_all_the_same,
	   run_out_of_memory)
