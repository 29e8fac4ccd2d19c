/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_cross.c: the switch, tried where no test framework is: linked with
 * src/task/coro.c and the processor's coro_*.S it needs libc alone, so it
 * runs under an emulator of another processor.  Speaks TAP.
 */
#include <config.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "coro.h"
#include "coro_work.h"

#define STACK ((size_t)64 << 10)
#define MANY 1000

struct worker {
	struct plx_coro coro;
	void *stack;
	uint64_t seed, sum;
	int rounding, rounding_kept, misaligned, done;
};

static struct plx_coro home;
static int number;

static void
report(int good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++number, what);
}

static void
pause_worker(void *arg)
{
	struct worker *w = arg;

	plx__coro_switch(&w->coro, &home);
	if (fegetround() != w->rounding)
		w->rounding_kept = 0;
}

static void
run_worker(void *arg)
{
	struct worker *w = arg;
	/* A compiler that relies on the stack's alignment shows it here. */
	_Alignas(16) volatile char aligned[16] = {0};

	w->misaligned = (uintptr_t)aligned % 16 != 0;
	w->rounding_kept = fegetround() == FE_TONEAREST;
	fesetround(w->rounding);
	w->sum = coro_work(w->seed, 50, pause_worker, w);
	w->done = 1;
	plx__coro_leave(&w->coro, &home);
}

static int
start(struct worker *w, uint64_t seed, int rounding)
{
	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->rounding = rounding;
	w->stack = aligned_alloc(16, STACK);
	return w->stack ? plx__coro_init(&w->coro, w->stack, STACK, run_worker,
					 w)
			: -1;
}

/* What the sum must be, under the rounding that the worker has. */
static uint64_t
expected(const struct worker *w)
{
	int before = fegetround();
	uint64_t sum;

	fesetround(w->rounding);
	sum = coro_work(w->seed, 50, coro_work_no_pause, NULL);
	fesetround(before);
	return sum;
}

static void
run_all(struct worker *w, int n)
{
	int left = n;

	while (left > 0) {
		left = 0;
		for (int i = 0; i < n; i++) {
			if (!w[i].done)
				plx__coro_switch(&home, &w[i].coro);
			left += !w[i].done;
		}
	}
}

int
main(void)
{
	static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD,
				    FE_TOWARDZERO};
	static struct worker w[MANY];
	int started = 1, sums = 1, rounding = 1, aligned = 1;

	printf("1..5\n");
	plx__coro_init_thread(&home);
	for (int i = 0; i < MANY; i++)
		started &=
			start(&w[i], (uint64_t)i * 977 + 5, modes[i % 4]) == 0;
	report(started, "a thousand coroutines are made");
	if (!started)
		return 1;
	run_all(w, MANY);
	for (int i = 0; i < MANY; i++) {
		sums &= w[i].sum == expected(&w[i]);
		rounding &= w[i].rounding_kept;
		aligned &= !w[i].misaligned;
		plx__coro_fini(&w[i].coro);
		free(w[i].stack);
	}
	report(sums, "registers keep their values across switches");
	report(rounding, "each coroutine has a rounding mode of its own");
	report(aligned, "a new stack is aligned");
	report(fegetround() == FE_TONEAREST,
	       "the thread's rounding mode is its own");
	return !(sums && rounding && aligned);
}
