/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_buf_model.c: a buffer under chance, beside a plain array of bytes.
 *
 * buf_model.c does the operations.  PLX_SEED gives the seed, PLX_OPS the number
 * of operations (a run has 1,000 of them, the seed of the next run is one
 * more).
 */
#include <config.h>

#include "buf_model.h"
#include <pollux/loop.h>

enum {
	RUN_LENGTH = 1000,
	DEFAULT_OPS = 40000
};

size_t
buf_model_chance(struct model *m, size_t n)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (size_t)(m->random >> 24) % n;
}

static void
run(struct model *m, long ops)
{
	m->random = m->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	buf_model_begin(m);
	for (m->op = 0; m->op < ops; m->op++)
		buf_model_step(m);
	buf_model_end(m);
}

static uint64_t
number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

Test(buf_model, it_holds_what_an_array_would, .timeout = 600)
{
	struct model m = {.high = BUF_MODEL_HIGH};
	long ops = (long)number_from("PLX_OPS", DEFAULT_OPS);
	int enough = ops >= DEFAULT_OPS; /* for every thing to happen */

	m.seed = number_from("PLX_SEED", (uint64_t)plx_now());
	m.bytes = malloc(BUF_MODEL_ROOM);
	m.text = malloc(BUF_MODEL_ROOM);
	cr_assert(m.bytes && m.text);
	fprintf(stderr, "buf_model: PLX_SEED=%llu\n",
		(unsigned long long)m.seed);
	for (; ops > 0; ops -= RUN_LENGTH, m.seed++)
		run(&m, ops < RUN_LENGTH ? ops : RUN_LENGTH);
	if (enough) {
		cr_expect_gt(m.failed, 0);
		cr_expect_gt(m.found, 0);
	}
	free(m.bytes);
	free(m.text);
}
