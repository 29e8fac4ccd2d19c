/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_defer.c: what is deferred is called once, however its place ends, last
 * come first.
 */
#include <config.h>
#include "gen_common.h"

/* The order of calls, as letters. */
static char trace[32];

static void
note(void *arg)
{
	strncat(trace, arg, sizeof(trace) - strlen(trace) - 1);
}

static void
defer_letters(const char *letters)
{
	static char text[8][2];
	static int used;

	for (; *letters; letters++) {
		used = (used + 1) % 8;
		text[used][0] = *letters;
		cr_expect_eq(plx_defer(note, text[used]), 0);
	}
}

static int
defer_in_task(void *arg)
{
	defer_letters("abc");
	note((char[]){'-', 0});
	return arg ? *(int *)arg : 0;
}

Test(defer, it_waits_for_the_end_of_the_task)
{
	cr_assert_eq(plx_defer(note, trace), -EPERM);
	cr_assert_eq(run_on(NULL, defer_in_task, NULL), 0);
	cr_assert_str_eq(trace, "-cba");
}

Test(defer, it_is_called_after_an_error_too)
{
	int error = -EIO;

	cr_assert_eq(run_on(NULL, defer_in_task, &error), -EIO);
	cr_assert_str_eq(trace, "-cba");
}

static int
defer_in_scopes(void *arg)
{
	struct plx_scope outer, inner;

	(void)arg;
	defer_letters("a");
	plx_scope_enter(&outer, PLX_NEVER);
	defer_letters("b");
	plx_scope_enter(&inner, PLX_NEVER);
	defer_letters("cd");
	plx_scope_leave(&inner, 0);
	note((char[]){'-', 0});
	defer_letters("e");
	plx_scope_leave(&outer, 0);
	note((char[]){'-', 0});
	return 0;
}

Test(defer, it_is_called_when_its_scope_is_left)
{
	cr_assert_eq(run_on(NULL, defer_in_scopes, NULL), 0);
	cr_assert_str_eq(trace, "dc-eb-a");
}

static int
defer_and_wait(void *arg)
{
	struct plx_scope s;
	int r;

	(void)arg;
	defer_letters("a");
	plx_scope_enter(&s, PLX_NEVER);
	defer_letters("b");
	r = plx_sleep_until(PLX_NEVER);
	note((char[]){'-', 0});
	return plx_scope_leave(&s, r);
}

static int
cancel_waiting(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, defer_and_wait, NULL, &t);
	plx_checkpoint();
	cr_expect_str_eq(trace, "");
	cr_expect_eq(stop_task(t), -ECANCELED);
	cr_expect_str_eq(trace, "-ba");
	return 0;
}
IN_A_TASK(defer, it_is_called_after_a_cancel, cancel_waiting)

static void
wait_shielded(void *arg)
{
	struct plx_scope s;
	int r;

	cr_expect_eq(plx_checkpoint(), -ECANCELED);
	plx_scope_shield(&s, PLX_NEVER, PLX_SECOND);
	r = plx_sleep(PLX_MILLISECOND);
	*(int *)arg = plx_scope_leave(&s, r);
}

static int
defer_a_wait(void *arg)
{
	plx_defer(wait_shielded, arg);
	return plx_sleep_until(PLX_NEVER);
}

static int
cancel_with_waiting_cleanup(void *arg)
{
	int waited = -1;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, defer_a_wait, &waited, &t);
	plx_checkpoint();
	cr_expect_eq(stop_task(t), -ECANCELED);
	cr_expect_eq(waited, 0);
	return 0;
}
WITH_CLOCK(defer, clean_up_may_wait_in_a_shield, cancel_with_waiting_cleanup)

static void
defer_more(void *arg)
{
	note((char[]){'x', 0});
	if (arg)
		plx_defer(defer_more, NULL);
}

static int
defer_in_deferred(void *arg)
{
	defer_letters("a");
	plx_defer(defer_more, arg);
	return 0;
}

Test(defer, what_is_deferred_meanwhile_is_called_next)
{
	int more = 1;

	cr_assert_eq(run_on(NULL, defer_in_deferred, &more), 0);
	cr_assert_str_eq(trace, "xxa");
}

static int
take_back(void *arg)
{
	char a[] = "a", b[] = "b", c[] = "c", d[] = "d";
	struct plx_scope s;

	(void)arg;
	plx_defer(note, a);
	cr_expect_eq(plx_undefer(note, NULL, 0), -ENOENT);
	plx_scope_enter(&s, PLX_NEVER);
	plx_defer(note, b);
	plx_defer(note, c);
	cr_expect_eq(plx_undefer(note, a, 0), -ENOENT, "that is outside");
	cr_expect_eq(plx_undefer(note, b, 0), 0);
	cr_expect_eq(plx_undefer(note, b, 0), -ENOENT);
	cr_expect_eq(plx_undefer(note, c, 1), 0);
	cr_expect_str_eq(trace, "c");
	plx_scope_leave(&s, 0);
	cr_expect_str_eq(trace, "c");
	plx_defer(note, d);
	cr_expect_eq(plx_undefer(note, d, 1), 0);
	cr_expect_eq(plx_undefer(note, a, 1), 0);
	return 0;
}

Test(defer, it_can_be_taken_back)
{
	cr_assert_eq(run_on(NULL, take_back, NULL), 0);
	cr_assert_str_eq(trace, "cda");
}

static int
defer_and_yield(void *arg)
{
	(void)arg;
	defer_letters("ab");
	while (plx_yield(NULL, NULL) >= 0)
		;
	note((char[]){'-', 0});
	return 0;
}

/* Ignores every close. */
static int
defer_and_yield_on(void *arg)
{
	defer_letters("ab");
	while (plx_yield(NULL, NULL) < 0 || arg == NULL)
		;
	return 0;
}

static void
generate(plx_gen_fn *fn)
{
	plx_gen *g = gen_of(fn, NULL);

	cr_expect_eq(plx_gen_next(g, NULL), 1);
	cr_expect_str_eq(trace, "");
	plx_gen_free(&g);
}

Test(defer, a_generator_has_its_own)
{
	struct support_mark mark = support_begin(NULL);

	generate(defer_and_yield);
	cr_assert_str_eq(trace, "-ba");
	support_end(mark, NULL);
}

Test(defer, a_body_that_is_abandoned_is_cleaned_up_after)
{
	struct support_mark mark = support_begin(NULL);

	generate(defer_and_yield_on);
	cr_assert_str_eq(trace, "ba");
	support_end(mark, NULL);
}

static int
generate_in_task(void *arg)
{
	(void)arg;
	defer_letters("x");
	generate(defer_and_yield);
	cr_expect_str_eq(trace, "-ba");
	return 0;
}

Test(defer, a_generators_is_not_its_tasks)
{
	cr_assert_eq(run_on(NULL, generate_in_task, NULL), 0);
	cr_assert_str_eq(trace, "-bax");
}

static int
close_with_scope(void *arg)
{
	struct plx_scope s;
	plx_gen *g, *outer = gen_of(defer_and_yield, NULL);
	void *value;

	(void)arg;
	plx_gen_next(outer, &value);
	plx_scope_enter(&s, PLX_NEVER);
	g = gen_of(defer_and_yield, NULL);
	plx_gen_next(g, &value);
	plx_scope_leave(&s, 0);
	cr_expect_str_eq(trace, "-ba");
	cr_expect_eq(plx_gen_next(g, &value), 0, "closed, and still there");
	cr_expect_eq(plx_gen_next(outer, &value), 1, "that one is outside");
	plx_gen_free(&g);
	return 0;
}

Test(defer, a_generator_is_closed_with_its_scope)
{
	cr_assert_eq(run_on(NULL, close_with_scope, NULL), 0);
	cr_assert_str_eq(trace, "-ba-ba", "and with its task");
}

static int
no_memory(void *arg)
{
	(void)arg;
	cr_expect_eq(plx_defer(NULL, NULL), -EINVAL);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	cr_expect_eq(plx_defer(note, trace), -ENOMEM);
	return 0;
}

Test(defer, without_memory_it_will_not_be_called)
{
	cr_assert_eq(run_on(NULL, no_memory, NULL), 0);
	cr_assert_str_eq(trace, "");
}
