/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_differential.c: the same random operations on every backend at once,
 * with poll(2) as the oracle (differential_compare.c).
 *
 * PLX_SEED gives the seed, PLX_OPS the number of operations (a run has 1,000
 * of them, the seed of the next run is one more), PLX_WRONG_ENDS=1 includes
 * the wrong ends of pipes.
 */
#include <config.h>

#include "differential.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_OPS 20000

unsigned
differential_random(struct world *w, unsigned n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (unsigned)((w->random >> 24) % n);
}

enum differential_kind
differential_kind(struct world *w)
{
	return differential_random(w, KIND_COUNT);
}

static void
run(uint64_t seed, long ops)
{
	struct world *w = calloc(1, sizeof(*w));

	w->seed = seed;
	w->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	w->wrong_ends = getenv("PLX_WRONG_ENDS") != NULL;
	differential_open(w);
	for (long i = 0; i < ops; i++) {
		differential_step(w);
		differential_compare(w);
	}
	differential_close(w);
	free(w);
}

static uint64_t
number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

Test(differential, all_backends_agree_with_poll)
{
	struct support_mark mark = support_begin(NULL);
	uint64_t seed = number_from("PLX_SEED", (uint64_t)plx_now());
	long ops = (long)number_from("PLX_OPS", DEFAULT_OPS);

	signal(SIGPIPE, SIG_IGN);
	fprintf(stderr, "differential: PLX_SEED=%llu\n",
		(unsigned long long)seed);
	for (; ops > 0; ops -= RUN_LENGTH) {
		run(seed++, ops < RUN_LENGTH ? ops : RUN_LENGTH);
	}
	support_end(mark, NULL);
}
