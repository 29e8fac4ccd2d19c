/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_chain.h: a chain of generators that delegate: outer to middle, middle to
 * inner.
 */
#ifndef PLX_GEN_CHAIN_H
#define PLX_GEN_CHAIN_H

#include "gen_common.h"

/* A body that delegates to GEN and keeps what that came to. */
struct link_up {
	plx_gen *gen;
	int ret, result;
	int go_on; /* ends with 3 whatever came back, having yielded 100 */
	plx_gen *clean_up;
	int clean_ret, clean_result;
};

static inline int
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

static inline void
chain_begin(struct chain *c)
{
	c->mark = support_begin(NULL);
	c->middle.gen = gen_of(follow, &c->s);
	c->outer.gen = gen_of(delegate, &c->middle);
	c->g = gen_of(delegate, &c->outer);
}

static inline void
chain_end(struct chain *c)
{
	plx_gen_free(&c->g);
	plx_gen_free(&c->outer.gen);
	plx_gen_free(&c->middle.gen);
	support_end(c->mark, NULL);
}

/* A test of chain *C, which begins with the values that follow. */
#define OF_CHAIN(SUITE, NAME, ...)                           \
	static void SUITE##_##NAME##_steps(struct chain *c); \
	Test(SUITE, NAME)                                    \
	{                                                    \
		struct chain c = {__VA_ARGS__};              \
                                                             \
		chain_begin(&c);                             \
		SUITE##_##NAME##_steps(&c);                  \
		chain_end(&c);                               \
	}                                                    \
	static void SUITE##_##NAME##_steps(struct chain *c)

#endif
