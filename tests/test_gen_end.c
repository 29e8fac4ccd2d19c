/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen_end.c: what is thrown into a generator, closed and freed: each
 * clause of the contract of Python's about that.
 */
#include <config.h>
#include "gen_common.h"

OF_SCRIPT(gen, may_catch_what_is_thrown_and_yield, .yields = 3, .stubborn = 1,
	  .result = 4)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(throw_into(g, -EIO), 2);
	cr_assert_eq(s->caught, -EIO);
	cr_assert_eq(send_to(g, 9), 3);
	cr_assert_eq(s->sent[1], 9, "the error has not stuck");
	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(result_of(g), 4);
}

OF_SCRIPT(gen, may_catch_what_is_thrown_and_end, .yields = 1, .stubborn = 1,
	  .result = 4)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(throw_into(g, -EIO), 0);
	cr_assert_eq(result_of(g), 4);
}

OF_SCRIPT(gen, lets_out_what_it_does_not_catch, .yields = 3)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(throw_into(g, -EIO), -EIO);
	cr_assert_eq(s->cleaned, 1);
	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(result_of(g), -EIO);
}

static int
translate(void *arg)
{
	return plx_yield(arg, NULL) < 0 ? -EPROTO : 0;
}

OF_BODY(gen, may_end_with_another_error_than_was_thrown, translate, .yields = 0)
{
	cr_assert_eq(plx_gen_next(g, NULL), 1);
	cr_assert_eq(throw_into(g, -EIO), -EPROTO);
}

OF_SCRIPT(gen, thrown_into_before_it_began_ends_without_its_body, .yields = 1)
{
	cr_assert_eq(throw_into(g, -EIO), -EIO);
	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(s->begun, 0);
	cr_assert_eq(result_of(g), -EIO);
}

OF_SCRIPT(gen, only_errors_are_thrown, .yields = 2)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(throw_into(g, 0), -EINVAL);
	cr_assert_eq(throw_into(g, 5), -EINVAL);
	cr_assert_eq(next_of(g), 2);
	cr_assert_eq(s->errors, 0);
}

OF_SCRIPT(gen, a_close_runs_the_clean_up, .yields = 3)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(plx_gen_close(g), 0);
	cr_assert_eq(s->caught, -ECANCELED);
	cr_assert_eq(s->cleaned, 1);
	cr_assert_eq(result_of(g), -ECANCELED);
	cr_assert_eq(plx_gen_close(g), 0);
	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(s->cleaned, 1);
}

OF_SCRIPT(gen, a_close_may_be_answered_with_a_result, .yields = 1,
	  .stubborn = 1, .result = 6)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(plx_gen_close(g), 0);
	cr_assert_eq(result_of(g), 6);
}

OF_SCRIPT(gen, a_close_tells_another_error, .yields = 1, .stubborn = 1,
	  .result = -EPIPE)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(plx_gen_close(g), -EPIPE);
	cr_assert_eq(plx_gen_close(g), 0);
}

OF_SCRIPT(gen, a_close_that_is_ignored_is_told_and_can_be_repeated, .yields = 5,
	  .stubborn = 2)
{
	cr_assert_eq(next_of(g), 1);
	cr_assert_eq(plx_gen_close(g), -EPROTO);
	cr_assert_eq(plx_gen_result(g, NULL), -EAGAIN);
	cr_assert_eq(next_of(g), 3, "it stands at the yield of 2");
	cr_assert_eq(plx_gen_close(g), -EPROTO);
	cr_assert_eq(plx_gen_close(g), 0);
	cr_assert_eq(s->errors, 3);
}

OF_SCRIPT(gen, closed_before_it_began_never_runs, .yields = 1)
{
	cr_assert_eq(plx_gen_close(g), 0);
	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(s->begun, 0);
	cr_assert_eq(result_of(g), -ECANCELED);
}

Test(gen, a_free_closes_first)
{
	struct support_mark mark = support_begin(NULL);
	struct script s = {.yields = 3};
	plx_gen *g = gen_of(follow, &s);

	cr_assert_eq(next_of(g), 1);
	plx_gen_free(&g);
	cr_assert_null(g);
	cr_assert_eq(s.caught, -ECANCELED);
	cr_assert_eq(s.cleaned, 1);
	support_end(mark, NULL);
}

Test(gen, a_free_abandons_who_ignores_the_close)
{
	struct support_mark mark = support_begin(NULL);
	struct script s = {.yields = 1000000, .stubborn = 1000000};
	plx_gen *g = gen_of(follow, &s);

	cr_assert_eq(next_of(g), 1);
	plx_gen_free(&g);
	cr_assert_null(g);
	cr_assert_eq(s.errors, 1);
	cr_assert_eq(s.cleaned, 0);
	support_end(mark, NULL);
}

static int
leave_generator(void *arg)
{
	struct script *s = arg;

	cr_expect_eq(next_of(gen_of(follow, s)), 1);
	return 0;
}

static int
outlive_maker(void *arg)
{
	struct script s = {.yields = 3};
	struct plx_stats stats;

	(void)arg;
	plx_spawn(NULL, leave_generator, &s, NULL);
	let_run(2);
	cr_expect_eq(s.caught, -ECANCELED);
	cr_expect_eq(s.cleaned, 1);
	plx_stats(plx_self_loop(), &stats);
	cr_expect_eq(stats.generators, 0, "its stack is free again");
	return 0;
}
IN_A_TASK(gen, one_that_its_task_has_left_goes_with_it, outlive_maker)
