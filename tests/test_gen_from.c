/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen_from.c: delegation: values, sends, throws and closes go straight
 * through, results and errors come back one by one.
 */
#include <config.h>
#include <sys/mman.h>
#include "gen_common.h"

/* A body that delegates to GEN and keeps what that came to. */
struct link_up {
	plx_gen *gen;
	int ret, result;
	int go_on; /* ends with 3 whatever came back, having yielded 100 */
	plx_gen *clean_up;
	int clean_ret, clean_result;
};

static int
delegate(void *arg)
{
	struct link_up *l = arg;
	int r;

	l->result = -1000;
	l->ret = r = plx_yield_from(l->gen, &l->result);
	if (l->clean_up) {
		l->clean_result = -1000;
		l->clean_ret = plx_yield_from(l->clean_up, &l->clean_result);
	}
	if (l->go_on) {
		r = plx_yield(number(100), NULL);
		return r < 0 ? r : 3;
	}
	return r < 0 ? r : l->result;
}

/* outer delegates to middle, middle to inner, which follows its script. */
struct chain {
	struct support_mark mark;
	struct script s;
	struct link_up middle, outer;
	plx_gen *g;
};

static void
begin(struct chain *c)
{
	c->mark = support_begin(NULL);
	c->middle.gen = gen_of(follow, &c->s);
	c->outer.gen = gen_of(delegate, &c->middle);
	c->g = gen_of(delegate, &c->outer);
}

static void
end(struct chain *c)
{
	plx_gen_free(&c->g);
	plx_gen_free(&c->outer.gen);
	plx_gen_free(&c->middle.gen);
	support_end(c->mark, NULL);
}

Test(gen_from, values_and_the_result_come_through)
{
	struct chain c = {.s = {.yields = 2, .result = 7}};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(next_of(c.g), 2);
	cr_assert_eq(next_of(c.g), 0);
	cr_assert_eq(c.middle.result, 7);
	cr_assert_eq(result_of(c.g), 7);
	end(&c);
}

Test(gen_from, what_is_sent_goes_to_the_innermost)
{
	struct chain c = {.s = {.yields = 3}};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(send_to(c.g, 55), 2);
	cr_assert_eq(send_to(c.g, 66), 3);
	cr_assert_eq(c.s.sent[0], 55);
	cr_assert_eq(c.s.sent[1], 66);
	end(&c);
}

Test(gen_from, what_is_thrown_may_be_caught_by_the_innermost)
{
	struct chain c = {.s = {.yields = 3, .stubborn = 1}};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(throw_into(c.g, -EIO), 2);
	cr_assert_eq(c.s.caught, -EIO);
	cr_assert_eq(next_of(c.g), 3);
	end(&c);
}

Test(gen_from, what_the_innermost_does_not_catch_goes_outwards)
{
	struct chain c = {.s = {.yields = 3}, .outer.go_on = 1};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(throw_into(c.g, -EIO), 100);
	cr_assert_eq(c.s.cleaned, 1);
	cr_assert_eq(c.middle.ret, -EIO);
	cr_assert_eq(c.outer.ret, -EIO);
	cr_assert_eq(c.middle.result, -1000, "written without success");
	cr_assert_eq(next_of(c.g), 0);
	cr_assert_eq(result_of(c.g), 3);
	end(&c);
}

Test(gen_from, a_close_goes_from_the_innermost_outwards)
{
	struct chain c = {.s = {.yields = 3}};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(plx_gen_close(c.g), 0);
	cr_assert_eq(c.s.caught, -ECANCELED);
	cr_assert_eq(c.s.cleaned, 1);
	cr_assert_eq(c.middle.ret, -ECANCELED);
	cr_assert_eq(c.outer.ret, -ECANCELED);
	cr_assert_eq(result_of(c.outer.gen), -ECANCELED);
	end(&c);
}

Test(gen_from, a_close_that_the_innermost_answers_goes_on_outwards)
{
	struct chain c = {.s = {.yields = 1, .stubborn = 1, .result = 6}};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(plx_gen_close(c.g), 0);
	cr_assert_eq(result_of(c.middle.gen), 6);
	cr_assert_eq(c.middle.ret, -ECANCELED);
	cr_assert_eq(c.outer.ret, -ECANCELED);
	end(&c);
}

Test(gen_from, an_error_of_a_close_goes_outwards)
{
	struct chain c = {.s = {.yields = 1, .stubborn = 1, .result = -EIO}};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(plx_gen_close(c.g), -EIO);
	cr_assert_eq(c.middle.ret, -EIO);
	cr_assert_eq(c.outer.ret, -EIO);
	end(&c);
}

Test(gen_from, who_ignores_a_close_is_left_standing)
{
	struct chain c = {.s = {.yields = 4, .stubborn = 1}};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(plx_gen_close(c.g), -EPROTO);
	cr_assert_eq(c.middle.ret, -EPROTO);
	cr_assert_eq(c.outer.ret, -EPROTO);
	cr_assert_eq(result_of(c.g), -EPROTO);
	cr_assert_eq(next_of(c.middle.gen), 3, "2 was lost");
	cr_assert_eq(send_to(c.middle.gen, 8), 4);
	cr_assert_eq(c.s.sent[2], 8);
	end(&c);
}

Test(gen_from, a_delegator_that_ignores_a_close_is_left_standing)
{
	struct chain c = {.s = {.yields = 3}, .middle.go_on = 1};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(plx_gen_close(c.g), -EPROTO);
	cr_assert_eq(c.middle.ret, -ECANCELED);
	cr_assert_eq(c.outer.ret, -EPROTO);
	cr_assert_eq(next_of(c.outer.gen), 0);
	cr_assert_eq(result_of(c.outer.gen), 3);
	end(&c);
}

Test(gen_from, the_outermost_that_ignores_a_close_can_be_resumed)
{
	struct chain c = {.s = {.yields = 3}, .outer.go_on = 1};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(plx_gen_close(c.g), -EPROTO);
	cr_assert_eq(c.outer.ret, -ECANCELED);
	cr_assert_eq(next_of(c.g), 0);
	cr_assert_eq(result_of(c.g), 3);
	end(&c);
}

Test(gen_from, a_clean_up_may_delegate)
{
	struct chain c = {.s = {.yields = 3}};
	struct script tidy = {.yields = 0, .result = 5};

	begin(&c);
	c.middle.clean_up = gen_of(follow, &tidy);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(plx_gen_close(c.g), 0);
	cr_assert_eq(tidy.begun, 1);
	cr_assert_eq(c.middle.clean_ret, 0);
	cr_assert_eq(c.middle.clean_result, 5);
	cr_assert_eq(c.outer.ret, -ECANCELED);
	plx_gen_free(&c.middle.clean_up);
	end(&c);
}

Test(gen_from, a_clean_up_that_yields_by_delegation_ignores_the_close)
{
	struct chain c = {.s = {.yields = 3}};
	struct script tidy = {.yields = 2, .result = 5};

	begin(&c);
	c.middle.clean_up = gen_of(follow, &tidy);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(plx_gen_close(c.g), -EPROTO);
	cr_assert_eq(c.outer.ret, -EPROTO);
	cr_assert_eq(next_of(c.middle.clean_up), -EBUSY);
	cr_assert_eq(next_of(c.outer.gen), 2);
	cr_assert_eq(next_of(c.outer.gen), -ECANCELED);
	cr_assert_eq(c.middle.clean_result, 5);
	plx_gen_free(&c.middle.clean_up);
	end(&c);
}

Test(gen_from, an_abandoned_delegator_sets_its_delegate_free)
{
	struct chain c = {.s = {.yields = 3}};
	struct script tidy = {.yields = 3};
	struct link_up between = {0};

	begin(&c);
	between.gen = gen_of(follow, &tidy);
	c.outer.clean_up = gen_of(delegate, &between);
	cr_assert_eq(next_of(c.g), 1);
	plx_gen_free(&c.g);
	cr_assert_null(c.g);
	cr_assert_eq(next_of(c.outer.clean_up), 2);
	cr_assert_eq(next_of(between.gen), -EBUSY);
	plx_gen_free(&c.outer.clean_up);
	cr_assert_eq(tidy.cleaned, 1);
	plx_gen_free(&between.gen);
	end(&c);
}

Test(gen_from, throwing_the_error_of_a_close_closes_the_delegates)
{
	struct chain c = {
		.s = {.yields = 1, .stubborn = 1, .result = 6},
		.outer.go_on = 1,
	};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(throw_into(c.g, -ECANCELED), 100);
	cr_assert_eq(result_of(c.middle.gen), 6);
	cr_assert_eq(c.middle.ret, -ECANCELED, "closed, so it gets no result");
	cr_assert_eq(c.outer.ret, -ECANCELED);
	cr_assert_eq(next_of(c.g), 0);
	end(&c);
}

Test(gen_from, throwing_the_error_of_a_close_minds_who_ignores_it)
{
	struct chain c = {
		.s = {.yields = 3, .stubborn = 1},
		.outer.go_on = 1,
	};

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	cr_assert_eq(throw_into(c.g, -ECANCELED), 100);
	cr_assert_eq(c.outer.ret, -EPROTO);
	cr_assert_eq(next_of(c.middle.gen), 3);
	end(&c);
}

Test(gen_from, one_that_has_ended_has_its_outcome_at_once)
{
	struct chain c = {.s = {.yields = 0, .result = 7}};

	begin(&c);
	cr_assert_eq(next_of(c.middle.gen), 0);
	cr_assert_eq(next_of(c.g), 0);
	cr_assert_eq(c.middle.result, 7);
	end(&c);
}

Test(gen_from, one_that_has_failed_has_its_error_at_once)
{
	struct chain c = {.s = {.yields = 0, .result = -EIO}};

	begin(&c);
	cr_assert_eq(next_of(c.middle.gen), -EIO);
	cr_assert_eq(next_of(c.g), -EIO);
	cr_assert_eq(c.middle.ret, -EIO);
	end(&c);
}

Test(gen_from, one_that_stands_goes_on_with_null)
{
	struct chain c = {.s = {.yields = 4}};

	begin(&c);
	cr_assert_eq(next_of(c.middle.gen), 1);
	cr_assert_eq(send_to(c.middle.gen, 5), 2);
	cr_assert_eq(next_of(c.g), 3);
	cr_assert_eq(c.s.sent[1], 0);
	end(&c);
}

Test(gen_from, one_that_caught_an_error_goes_on_without)
{
	struct chain c = {.s = {.yields = 4, .stubborn = 1}};

	begin(&c);
	cr_assert_eq(next_of(c.middle.gen), 1);
	cr_assert_eq(throw_into(c.middle.gen, -EIO), 2);
	cr_assert_eq(next_of(c.g), 3);
	cr_assert_eq(c.s.errors, 1);
	end(&c);
}

Test(gen_from, one_that_delegates_already_is_joined_to_the_chain)
{
	struct chain c = {.s = {.yields = 3, .result = 7}};

	begin(&c);
	cr_assert_eq(next_of(c.outer.gen), 1);
	cr_assert_eq(send_to(c.outer.gen, 5), 2);
	cr_assert_eq(next_of(c.g), 3);
	cr_assert_eq(next_of(c.outer.gen), -EBUSY);
	cr_assert_eq(next_of(c.g), 0);
	cr_assert_eq(result_of(c.g), 7);
	end(&c);
}

Test(gen_from, who_is_delegated_to_is_busy)
{
	struct chain c = {.s = {.yields = 3}};
	struct link_up second = {0};
	plx_gen *g, *same;

	begin(&c);
	cr_assert_eq(next_of(c.g), 1);
	for (int i = 0; i < 2; i++) {
		second.gen = i ? c.middle.gen : c.outer.gen;
		g = gen_of(delegate, &second);
		same = second.gen;
		cr_assert_eq(next_of(second.gen), -EBUSY);
		cr_assert_eq(throw_into(second.gen, -EIO), -EBUSY);
		cr_assert_eq(plx_gen_close(second.gen), -EBUSY);
		cr_assert_eq(plx_gen_result(second.gen, NULL), -EAGAIN);
		plx_gen_free(&same);
		cr_assert_not_null(same);
		cr_assert_eq(next_of(g), -EBUSY);
		cr_assert_eq(second.ret, -EBUSY);
		plx_gen_free(&g);
	}
	cr_assert_eq(next_of(c.g), 2);
	end(&c);
}

Test(gen_from, a_circle_is_refused)
{
	struct chain c = {.s = {.yields = 3}};

	begin(&c);
	plx_gen_free(&c.middle.gen);
	c.middle.gen = c.g;
	cr_assert_eq(next_of(c.g), -EBUSY);
	cr_assert_eq(c.middle.ret, -EBUSY);
	c.middle.gen = NULL;
	end(&c);
}

Test(gen_from, nothing_is_refused)
{
	struct chain c = {.s = {.yields = 3}};

	begin(&c);
	plx_gen_free(&c.middle.gen);
	cr_assert_eq(next_of(c.g), -EINVAL);
	cr_assert_eq(c.middle.ret, -EINVAL);
	end(&c);
}

static int
count_to_two_twice(void *arg)
{
	struct script s[2] = {{.yields = 2}, {.yields = 2}};
	plx_gen *g;
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++) {
		g = gen_of(follow, &s[i]);
		r = plx_yield_from(g, NULL);
		plx_gen_free(&g);
	}
	if (r == 0)
		r = plx_yield(arg, NULL);
	return r;
}

Test(gen_from, a_body_may_delegate_again_and_yield_itself)
{
	const intptr_t expected[] = {1, 2, 1, 2, 9, 0};
	struct support_mark mark = support_begin(NULL);
	plx_gen *g = gen_of(count_to_two_twice, number(9));

	for (int i = 0; i < 6; i++)
		cr_assert_eq(next_of(g), expected[i], "%d", i);
	plx_gen_free(&g);
	support_end(mark, NULL);
}

/* The numbers from LOW to HIGH, as a tree. */
struct tree {
	intptr_t low, high;
};

static int
walk(void *arg)
{
	const struct tree *t = arg;
	intptr_t here = (t->low + t->high) / 2;
	struct tree side[2] = {{t->low, here - 1}, {here + 1, t->high}};
	plx_gen *g;
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++) {
		if (i == 1)
			r = plx_yield(number(here), NULL);
		if (r < 0 || side[i].low > side[i].high)
			continue;
		g = gen_of(walk, &side[i]);
		r = plx_yield_from(g, NULL);
		plx_gen_free(&g);
	}
	return r;
}

Test(gen_from, a_tree_is_walked_in_order)
{
	struct support_mark mark = support_begin(NULL);
	struct tree t = {1, 100};
	plx_gen *g = gen_of(walk, &t);

	for (intptr_t i = 1; i <= 100; i++)
		cr_assert_eq(next_of(g), i);
	cr_assert_eq(next_of(g), 0);
	plx_gen_free(&g);
	support_end(mark, NULL);
}

Test(gen_from, a_close_in_a_tree_frees_all_of_it)
{
	struct support_mark mark = support_begin(NULL);
	struct tree t = {1, 100};
	plx_gen *g;

	for (intptr_t n = 1; n <= 100; n++) {
		g = gen_of(walk, &t);
		for (intptr_t i = 1; i <= n; i++)
			cr_assert_eq(next_of(g), i);
		plx_gen_free(&g);
	}
	support_end(mark, NULL);
}

#define DEPTH 200

static struct link_up deep[DEPTH];

/* Takes away, or gives back, the slots of those between the innermost and
   the outermost; meanwhile nobody else can say where they are. */
static void
protect_between(int protection)
{
	static struct plx_stack_pool pool;
	static void *places[DEPTH];

	if (protection == PROT_NONE)
		pool = *deep[0].gen->own;
	for (int i = 1; i < DEPTH; i++) {
		if (protection == PROT_NONE)
			places[i] = deep[i].gen->coro.stack;
		cr_assert_eq(mprotect(places[i], pool.slot_size, protection),
			     0);
	}
}

Test(gen_from, a_value_touches_nobody_between_the_ends)
{
	struct support_mark mark = support_begin(NULL);
	struct script s = {.yields = 50, .result = 7};
	plx_gen *g = gen_of(follow, &s);

	for (int i = 0; i < DEPTH; i++) {
		deep[i].gen = g;
		g = gen_of(delegate, &deep[i]);
	}
	cr_assert_eq(next_of(g), 1);
	protect_between(PROT_NONE);
	for (int i = 2; i <= 50; i++)
		cr_assert_eq(i % 2 ? next_of(g) : send_to(g, i), i);
	cr_assert_eq(s.sent[48 % 8], 50);
	protect_between(PROT_READ | PROT_WRITE);
	cr_assert_eq(next_of(g), 0);
	cr_assert_eq(result_of(g), 7);
	plx_gen_free(&g);
	for (int i = 0; i < DEPTH; i++)
		plx_gen_free(&deep[i].gen);
	support_end(mark, NULL);
}

static int
wait_and_yield(void *arg)
{
	int r = plx_sleep(PLX_SECOND);

	if (r == 0)
		r = plx_yield(arg, NULL);
	return r < 0 ? r : 8;
}

static int
delegate_to_a_waiter(void *arg)
{
	int64_t start = in(0);
	struct link_up l = {.gen = gen_of(wait_and_yield, number(4))};
	plx_gen *g = gen_of(delegate, &l);

	(void)arg;
	cr_expect_eq(next_of(g), 4);
	cr_expect_geq(in(0), start + PLX_SECOND);
	cr_expect_eq(next_of(g), 0);
	cr_expect_eq(result_of(g), 8);
	plx_gen_free(&g);
	plx_gen_free(&l.gen);
	return 0;
}
WITH_CLOCK(gen_from, a_delegate_may_wait, delegate_to_a_waiter)

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

static struct link_up outsider;

static int
let_an_outsider_delegate(void *arg)
{
	struct script s = {.yields = 1};

	outsider.gen = gen_of(follow, &s);
	cr_expect_eq(next_of(arg), -EINVAL);
	cr_expect_eq(outsider.ret, -EINVAL);
	cr_expect_eq(s.begun, 0);
	plx_gen_free(&outsider.gen);
	return 0;
}

Test(gen_from, one_of_a_run_is_refused_to_one_that_outlives_it)
{
	struct support_mark mark = support_begin(NULL);
	plx_gen *g = gen_of(delegate, &outsider);

	cr_assert_eq(plx_run(NULL, let_an_outsider_delegate, g), 0);
	plx_gen_free(&g);
	support_end(mark, NULL);
}
