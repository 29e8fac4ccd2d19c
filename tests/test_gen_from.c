/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen_from.c: delegation: values and sends go straight through, results
 * come back one by one.  Errors and closes: test_gen_from_end.c.
 */
#include <config.h>
#include <sys/mman.h>
#include "gen_chain.h"

OF_CHAIN(gen_from, values_and_the_result_come_through,
	 .s = {.yields = 2, .result = 7})
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(next_of(c->g), 2);
	cr_assert_eq(next_of(c->g), 0);
	cr_assert_eq(c->middle.result, 7);
	cr_assert_eq(result_of(c->g), 7);
}

OF_CHAIN(gen_from, what_is_sent_goes_to_the_innermost, .s = {.yields = 3})
{
	cr_assert_eq(next_of(c->g), 1);
	cr_assert_eq(send_to(c->g, 55), 2);
	cr_assert_eq(send_to(c->g, 66), 3);
	cr_assert_eq(c->s.sent[0], 55);
	cr_assert_eq(c->s.sent[1], 66);
}

OF_CHAIN(gen_from, one_that_has_ended_has_its_outcome_at_once,
	 .s = {.yields = 0, .result = 7})
{
	cr_assert_eq(next_of(c->middle.gen), 0);
	cr_assert_eq(next_of(c->g), 0);
	cr_assert_eq(c->middle.result, 7);
}

OF_CHAIN(gen_from, one_that_has_failed_has_its_error_at_once,
	 .s = {.yields = 0, .result = -EIO})
{
	cr_assert_eq(next_of(c->middle.gen), -EIO);
	cr_assert_eq(next_of(c->g), -EIO);
	cr_assert_eq(c->middle.ret, -EIO);
}

OF_CHAIN(gen_from, one_that_stands_goes_on_with_null, .s = {.yields = 4})
{
	cr_assert_eq(next_of(c->middle.gen), 1);
	cr_assert_eq(send_to(c->middle.gen, 5), 2);
	cr_assert_eq(next_of(c->g), 3);
	cr_assert_eq(c->s.sent[1], 0);
}

OF_CHAIN(gen_from, one_that_caught_an_error_goes_on_without,
	 .s = {.yields = 4, .stubborn = 1})
{
	cr_assert_eq(next_of(c->middle.gen), 1);
	cr_assert_eq(throw_into(c->middle.gen, -EIO), 2);
	cr_assert_eq(next_of(c->g), 3);
	cr_assert_eq(c->s.errors, 1);
}

OF_CHAIN(gen_from, one_that_delegates_already_is_joined_to_the_chain,
	 .s = {.yields = 3, .result = 7})
{
	cr_assert_eq(next_of(c->outer.gen), 1);
	cr_assert_eq(send_to(c->outer.gen, 5), 2);
	cr_assert_eq(next_of(c->g), 3);
	cr_assert_eq(next_of(c->outer.gen), -EBUSY);
	cr_assert_eq(next_of(c->g), 0);
	cr_assert_eq(result_of(c->g), 7);
}

OF_CHAIN(gen_from, who_is_delegated_to_is_busy, .s = {.yields = 3})
{
	struct link_up second = {0};
	plx_gen *g, *same;

	cr_assert_eq(next_of(c->g), 1);
	for (int i = 0; i < 2; i++) {
		second.gen = i ? c->middle.gen : c->outer.gen;
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
	cr_assert_eq(next_of(c->g), 2);
}

OF_CHAIN(gen_from, a_circle_is_refused, .s = {.yields = 3})
{
	plx_gen_free(&c->middle.gen);
	c->middle.gen = c->g;
	cr_assert_eq(next_of(c->g), -EBUSY);
	cr_assert_eq(c->middle.ret, -EBUSY);
	c->middle.gen = NULL;
}

OF_CHAIN(gen_from, nothing_is_refused, .s = {.yields = 3})
{
	plx_gen_free(&c->middle.gen);
	cr_assert_eq(next_of(c->g), -EINVAL);
	cr_assert_eq(c->middle.ret, -EINVAL);
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
