/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_common.h: what the tests of generators share.
 *
 * A script is a body that yields its numbers in order and keeps what came back
 * from each yield.  In bodies cr_expect is used, not cr_assert: the latter
 * would jump off their stacks.
 */
#ifndef PLX_GEN_COMMON_H
#define PLX_GEN_COMMON_H

#include "gen_int.h"
#include "task_common.h"

struct script {
	int yields; /* how many values: 1, 2, ... */
	int result;
	int stubborn; /* errors that it catches before it gives in */
	int caught;   /* the last error */
	int errors;   /* how many */
	int begun, cleaned;
	intptr_t sent[8];
	plx_gen *gen; /* itself, or what its body is to use */
};

static inline void *
number(intptr_t n)
{
	return (void *)n;
}

static inline int
follow(void *arg)
{
	struct script *s = arg;
	void *sent = number(-1);
	int r;

	s->begun++;
	for (int i = 0; i < s->yields; i++) {
		r = plx_yield(number(i + 1), &sent);
		s->sent[i % 8] = r < 0 ? r : (intptr_t)sent;
		if (r < 0) {
			s->caught = r;
			s->errors++;
		}
		if (r < 0 && s->stubborn-- <= 0) {
			s->cleaned++;
			return r;
		}
	}
	s->cleaned++;
	return s->result;
}

static inline int
yield_endlessly(void *arg)
{
	int r;

	do
		r = plx_yield(arg, NULL);
	while (r == 0);
	return r;
}

/* A generator over support_sys, whose allocations are counted. */
static inline plx_gen *
gen_of(plx_gen_fn *fn, void *arg)
{
	plx_gen *g = NULL;

	if (plx_self())
		cr_expect_eq(plx_gen_new(fn, arg, &g), 0);
	else
		cr_expect_eq(plx__gen_make(&support_sys.sys, fn, arg, &g), 0);
	return g;
}

/* The next value: 0 it has ended, or the error. */
static inline intptr_t
next_of(plx_gen *g)
{
	void *value = number(-99);
	int r = plx_gen_next(g, &value);

	if (r != 1)
		cr_expect_eq((intptr_t)value, -99, "written without success");
	return r == 1 ? (intptr_t)value : r;
}

static inline intptr_t
send_to(plx_gen *g, intptr_t sent)
{
	void *value = NULL;
	int r = plx_gen_send(g, number(sent), &value);

	return r == 1 ? (intptr_t)value : r;
}

static inline intptr_t
throw_into(plx_gen *g, int error)
{
	void *value = NULL;
	int r = plx_gen_throw(g, error, &value);

	return r == 1 ? (intptr_t)value : r;
}

static inline int
result_of(const plx_gen *g)
{
	int result = -1000;
	int r = plx_gen_result(g, &result);

	return r < 0 ? r : result;
}

/*
 * A test of generator G, whose body is FN and is given script *S of the values
 * that follow; G is gone at the end, and nothing else left.
 */
#define OF_BODY(SUITE, NAME, FN, ...)                                     \
	static void SUITE##_##NAME##_steps(plx_gen *g, struct script *s); \
	Test(SUITE, NAME)                                                 \
	{                                                                 \
		struct support_mark mark = support_begin(NULL);           \
		struct script s = {__VA_ARGS__};                          \
		plx_gen *g = gen_of(FN, &s);                              \
                                                                          \
		SUITE##_##NAME##_steps(g, &s);                            \
		plx_gen_free(&g);                                         \
		cr_assert_null(g);                                        \
		support_end(mark, NULL);                                  \
	}                                                                 \
	static void SUITE##_##NAME##_steps(                               \
		plx_gen *g, __attribute__((unused)) struct script *s)

/* The same where the body follows the script. */
#define OF_SCRIPT(SUITE, NAME, ...) OF_BODY(SUITE, NAME, follow, __VA_ARGS__)

#endif
