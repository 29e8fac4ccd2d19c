/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen.c: generators: each clause of the contract of Python's that is about
 * values, and who may resume whom.  How they end: test_gen_end.c.
 */
#include <config.h>
#include "gen_common.h"

Test(gen, makes_nothing_of_bad_arguments)
{
	plx_gen *g = NULL;

	cr_assert_eq(plx_gen_new(NULL, NULL, &g), -EINVAL);
	cr_assert_eq(plx_gen_new(follow, NULL, NULL), -EINVAL);
	cr_assert_null(g);
	cr_assert_eq(plx_gen_next(NULL, NULL), -EINVAL);
	cr_assert_eq(plx_gen_send(NULL, NULL, NULL), -EINVAL);
	cr_assert_eq(plx_gen_throw(NULL, -EIO, NULL), -EINVAL);
	cr_assert_eq(plx_gen_close(NULL), -EINVAL);
	cr_assert_eq(plx_gen_result(NULL, NULL), -EINVAL);
	plx_gen_free(NULL);
	plx_gen_free(&g);
}

OF_SCRIPT(gen, runs_nothing_before_the_first_next, .yields = 1)
{
	cr_assert_eq(s->begun, 0);
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(s->begun, 1);
}

OF_SCRIPT(gen, gives_its_values_in_order_and_ends, .yields = 3, .result = 7)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(next_of(g), 2);
	cr_assert_eq(next_of(g), 3);
	cr_assert_eq(plx_gen_result(g, NULL), -EAGAIN);
	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(result_of(g), 7);
}

OF_SCRIPT(gen, done_stays_done, .yields = 0, .result = 7)
{
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(next_of(g), 0);
		cr_assert_eq(send_to(g, 5), 0);
		cr_assert_eq(throw_into(g, -EIO), -EIO);
		cr_assert_eq(plx_gen_close(g), 0);
		cr_assert_eq(result_of(g), 7);
	}
	cr_assert_eq(s->begun, 1);
}

OF_SCRIPT(gen, tells_the_error_of_its_body_once, .yields = 1, .result = -EPIPE)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(next_of(g), -EPIPE);
	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(plx_gen_close(g), 0);
	cr_assert_eq(result_of(g), -EPIPE);
}

OF_SCRIPT(gen, hears_what_is_sent_and_null_from_next, .yields = 4)
{
	cr_assert_eq(send_to(g, 0), 1);
	cr_assert_eq(send_to(g, 41), 2);
	cr_assert_eq(next_of(g), 3);
	cr_assert_eq(send_to(g, 43), 4);
	cr_assert_eq(s->sent[0], 41);
	cr_assert_eq(s->sent[1], 0);
	cr_assert_eq(s->sent[2], 43);
}

OF_SCRIPT(gen, just_made_takes_nothing_but_null, .yields = 1)
{
	cr_assert_eq(send_to(g, 5), -EINVAL);
	cr_assert_eq(s->begun, 0);
	cr_assert_eq(next_of(g), 1);
}

static int
yield_blindly(void *arg)
{
	return plx_yield(arg, NULL);
}

OF_BODY(gen, values_may_be_ignored_on_both_sides, yield_blindly, .yields = 0)
{
	cr_assert_eq(plx_gen_next(g, NULL), 1);
	cr_assert_eq(plx_gen_send(g, g, NULL), 0);
	cr_assert_eq(plx_gen_result(g, NULL), 0);
}

static int
meddle_with_oneself(void *arg)
{
	struct script *s = arg;
	plx_gen *g = s->gen;
	void *value = NULL;

	cr_expect_eq(plx_gen_next(g, &value), -EBUSY);
	cr_expect_eq(plx_gen_send(g, g, &value), -EBUSY);
	cr_expect_eq(plx_gen_throw(g, -EIO, &value), -EBUSY);
	cr_expect_eq(plx_gen_close(g), -EBUSY);
	cr_expect_eq(plx_yield_from(g, NULL), -EBUSY);
	cr_expect_eq(plx_gen_result(g, NULL), -EAGAIN);
	plx_gen_free(&g);
	cr_expect_not_null(g);
	return plx_yield(number(8), NULL);
}

Test(gen, cannot_resume_itself)
{
	struct support_mark mark = support_begin(NULL);
	struct script s = {.yields = 0};

	s.gen = gen_of(meddle_with_oneself, &s);
	cr_assert_eq(next_of(s.gen), 8);
	cr_assert_eq(next_of(s.gen), 0);
	plx_gen_free(&s.gen);
	support_end(mark, NULL);
}

static int
resume_another(void *arg)
{
	struct script *s = arg;

	return (int)next_of(s->gen);
}

Test(gen, cannot_resume_who_resumed_it)
{
	struct support_mark mark = support_begin(NULL);
	struct script outer = {.yields = 0}, inner = {.yields = 0};
	plx_gen *g = gen_of(resume_another, &outer);

	outer.gen = gen_of(resume_another, &inner);
	inner.gen = g;
	cr_assert_eq(next_of(g), -EBUSY);
	cr_assert_eq(result_of(outer.gen), -EBUSY);
	plx_gen_free(&outer.gen);
	plx_gen_free(&g);
	support_end(mark, NULL);
}

static int
double_values(void *arg)
{
	struct script *s = arg;
	intptr_t n;
	int r;

	while ((n = next_of(s->gen)) > 0) {
		r = plx_yield(number(2 * n), NULL);
		if (r < 0)
			return r;
	}
	return (int)n;
}

Test(gen, generators_resume_each_other)
{
	struct support_mark mark = support_begin(NULL);
	struct script s = {.yields = 3}, twice = {.yields = 0};
	plx_gen *g = gen_of(double_values, &twice);

	twice.gen = gen_of(follow, &s);
	cr_assert_eq(next_of(g), 2);
	cr_assert_eq(next_of(g), 4);
	cr_assert_eq(next_of(twice.gen), 3, "anybody may, while it stands");
	cr_assert_eq(next_of(g), 0);
	plx_gen_free(&g);
	plx_gen_free(&twice.gen);
	support_end(mark, NULL);
}

Test(gen, nobody_yields_outside)
{
	void *sent = number(5);

	cr_assert_eq(plx_yield(NULL, &sent), -EPERM);
	cr_assert_eq((intptr_t)sent, 5);
	cr_assert_eq(plx_yield_from(NULL, NULL), -EPERM);
}

static int
wait_without_a_task(void *arg)
{
	(void)arg;
	return plx_sleep(1);
}

OF_BODY(gen, a_wait_without_a_task_is_refused, wait_without_a_task, .yields = 0)
{
	cr_assert_eq(next_of(g), -EPERM);
}

OF_BODY(gen, a_value_allocates_nothing, yield_endlessly, .yields = 0)
{
	unsigned long before = support_calls(&support_sys, ~0u);

	for (int i = 0; i < 1000; i++)
		cr_assert_eq(plx_gen_next(g, NULL), 1);
	cr_assert_eq(support_calls(&support_sys, ~0u), before);
}

Test(gen, each_failure_to_make_one_leaves_nothing)
{
	const unsigned kinds[] = {SUPPORT_RESIZE, SUPPORT_MAP, SUPPORT_ADVISE};
	plx_gen *g = NULL;

	for (int i = 0; i < 3; i++) {
		struct support_mark mark = support_begin(NULL);

		support_sys.fails = kinds[i];
		support_sys.fail_at = kinds[i] == SUPPORT_ADVISE ? 2 : 1;
		support_sys.fail_with = ENOMEM;
		cr_assert_eq(plx__gen_make(&support_sys.sys, follow, NULL, &g),
			     -ENOMEM, "%d", i);
		cr_assert_null(g);
		support_end(mark, NULL);
	}
}

Test(gen, a_thousand_stand_at_once)
{
	struct support_mark mark = support_begin(NULL);
	static struct script s[1000];
	static plx_gen *g[1000];

	for (int i = 0; i < 1000; i++) {
		s[i].yields = 2;
		g[i] = gen_of(follow, &s[i]);
		cr_assert_eq(next_of(g[i]), 1);
	}
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(next_of(g[i]), 2);
	for (int i = 0; i < 1000; i++) {
		plx_gen_free(&g[i]);
		cr_assert_eq(s[i].cleaned, 1);
	}
	support_end(mark, NULL);
}
