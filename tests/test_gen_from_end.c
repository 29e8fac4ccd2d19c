/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen_from_end.c: what is thrown into a chain of generators, and how it is
 * closed, from the innermost outwards.
 */
#include <config.h>
#include "gen_chain.h"

OF_CHAIN(gen_from, what_is_thrown_may_be_caught_by_the_innermost,
	 .s = {.yields = 3, .stubborn = 1})
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(throw_into(c->g, -EIO), 2);
	cr_assert_eq(c->s.caught, -EIO);
	cr_assert_eq(next_of(c->g), 3);
}

OF_CHAIN(gen_from, what_the_innermost_does_not_catch_goes_outwards,
	 .s = {.yields = 3}, .outer.go_on = 1)
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(throw_into(c->g, -EIO), 100);
	cr_assert_eq(c->s.cleaned, 1);
	cr_assert_eq(c->middle.ret, -EIO);
	cr_assert_eq(c->outer.ret, -EIO);
	cr_assert_eq(c->middle.result, -1000, "written without success");
	cr_assert_eq(next_of(c->g), 0);
	cr_assert_eq(result_of(c->g), 3);
}

OF_CHAIN(gen_from, a_close_goes_from_the_innermost_outwards, .s = {.yields = 3})
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(plx_gen_close(c->g), 0);
	cr_assert_eq(c->s.caught, -ECANCELED);
	cr_assert_eq(c->s.cleaned, 1);
	cr_assert_eq(c->middle.ret, -ECANCELED);
	cr_assert_eq(c->outer.ret, -ECANCELED);
	cr_assert_eq(result_of(c->outer.gen), -ECANCELED);
}

OF_CHAIN(gen_from, a_close_that_the_innermost_answers_goes_on_outwards,
	 .s = {.yields = 1, .stubborn = 1, .result = 6})
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(plx_gen_close(c->g), 0);
	cr_assert_eq(result_of(c->middle.gen), 6);
	cr_assert_eq(c->middle.ret, -ECANCELED);
	cr_assert_eq(c->outer.ret, -ECANCELED);
}

OF_CHAIN(gen_from, an_error_of_a_close_goes_outwards,
	 .s = {.yields = 1, .stubborn = 1, .result = -EIO})
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(plx_gen_close(c->g), -EIO);
	cr_assert_eq(c->middle.ret, -EIO);
	cr_assert_eq(c->outer.ret, -EIO);
}

OF_CHAIN(gen_from, who_ignores_a_close_is_left_standing,
	 .s = {.yields = 4, .stubborn = 1})
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(plx_gen_close(c->g), -EPROTO);
	cr_assert_eq(c->middle.ret, -EPROTO);
	cr_assert_eq(c->outer.ret, -EPROTO);
	cr_assert_eq(result_of(c->g), -EPROTO);
	cr_assert_eq(next_of(c->middle.gen), 3, "2 was lost");
	cr_assert_eq(send_to(c->middle.gen, 8), 4);
	cr_assert_eq(c->s.sent[2], 8);
}

OF_CHAIN(gen_from, a_delegator_that_ignores_a_close_is_left_standing,
	 .s = {.yields = 3}, .middle.go_on = 1)
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(plx_gen_close(c->g), -EPROTO);
	cr_assert_eq(c->middle.ret, -ECANCELED);
	cr_assert_eq(c->outer.ret, -EPROTO);
	cr_assert_eq(next_of(c->outer.gen), 0);
	cr_assert_eq(result_of(c->outer.gen), 3);
}

OF_CHAIN(gen_from, the_outermost_that_ignores_a_close_can_be_resumed,
	 .s = {.yields = 3}, .outer.go_on = 1)
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(plx_gen_close(c->g), -EPROTO);
	cr_assert_eq(c->outer.ret, -ECANCELED);
	cr_assert_eq(next_of(c->g), 0);
	cr_assert_eq(result_of(c->g), 3);
}

OF_CHAIN(gen_from, a_clean_up_may_delegate, .s = {.yields = 3})
{
	struct script tidy = {.yields = 0, .result = 5};

	c->middle.clean_up = gen_of(follow, &tidy);
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(plx_gen_close(c->g), 0);
	cr_assert_eq(tidy.begun, 1);
	cr_assert_eq(c->middle.clean_ret, 0);
	cr_assert_eq(c->middle.clean_result, 5);
	cr_assert_eq(c->outer.ret, -ECANCELED);
	plx_gen_free(&c->middle.clean_up);
}

OF_CHAIN(gen_from, a_clean_up_that_yields_by_delegation_ignores_the_close,
	 .s = {.yields = 3})
{
	struct script tidy = {.yields = 2, .result = 5};

	c->middle.clean_up = gen_of(follow, &tidy);
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(plx_gen_close(c->g), -EPROTO);
	cr_assert_eq(c->outer.ret, -EPROTO);
	cr_assert_eq(next_of(c->middle.clean_up), -EBUSY);
	cr_assert_eq(next_of(c->outer.gen), 2);
	cr_assert_eq(next_of(c->outer.gen), -ECANCELED);
	cr_assert_eq(c->middle.clean_result, 5);
	plx_gen_free(&c->middle.clean_up);
}

OF_CHAIN(gen_from, an_abandoned_delegator_sets_its_delegate_free,
	 .s = {.yields = 3})
{
	struct script tidy = {.yields = 3};
	struct link_up between = {0};

	between.gen = gen_of(follow, &tidy);
	c->outer.clean_up = gen_of(delegate, &between);
	cr_assert_eq(next_of(c->g), 1);
	plx_gen_free(&c->g);
	cr_assert_null(c->g);
	cr_assert_eq(next_of(c->outer.clean_up), 2);
	cr_assert_eq(next_of(between.gen), -EBUSY);
	plx_gen_free(&c->outer.clean_up);
	cr_assert_eq(tidy.cleaned, 1);
	plx_gen_free(&between.gen);
}

OF_CHAIN(gen_from, throwing_the_error_of_a_close_closes_the_delegates,
	 .s = {.yields = 1, .stubborn = 1, .result = 6}, .outer.go_on = 1)
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(throw_into(c->g, -ECANCELED), 100);
	cr_assert_eq(result_of(c->middle.gen), 6);
	cr_assert_eq(c->middle.ret, -ECANCELED, "closed, so it gets no result");
	cr_assert_eq(c->outer.ret, -ECANCELED);
	cr_assert_eq(next_of(c->g), 0);
}

OF_CHAIN(gen_from, throwing_the_error_of_a_close_minds_who_ignores_it,
	 .s = {.yields = 3, .stubborn = 1}, .outer.go_on = 1)
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(throw_into(c->g, -ECANCELED), 100);
	cr_assert_eq(c->outer.ret, -EPROTO);
	cr_assert_eq(next_of(c->middle.gen), 3);
}

static struct chain left;

static int
leave_a_chain(void *arg)
{
	left.middle.gen = gen_of(follow, &left.s);
	left.outer.gen = gen_of(delegate, &left.middle);
	left.g = gen_of(delegate, &left.outer);
	return (int)next_of(left.g) - 1 + *(int *)arg;
}

Test(gen_from, a_chain_left_at_the_end_of_the_run_is_closed)
{
	int result = 5;

	left.s.yields = 3;
	cr_assert_eq(run_on(NULL, leave_a_chain, &result), 5);
	cr_assert_eq(left.s.cleaned, 1);
	cr_assert_eq(left.outer.ret, -ECANCELED);
}
