/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks_floor.c: the least that a coroutine can cost, and what libc has.
 *
 * The raw switch saves the six registers that the calling convention of
 * x86-64 asks for, and nothing else: no floating-point control words, no
 * queue, nobody to be told.  It leaves by a jump, for a `ret' would be foretold
 * from the wrong stack.  Elsewhere there is none, and the harness says so.
 *
 * Neighbouring stacks lie an odd number of cache lines apart: at a power of
 * two all of them would compete for the same few sets of the cache.
 */
#ifdef __APPLE__ /* which has contexts for those who ask only */
#define _XOPEN_SOURCE 700
#endif
#include <config.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef HAVE_MAKECONTEXT
#include <ucontext.h>
#else
typedef int ucontext_t;
#endif
#include "tasks.h"

#define STACK 8192
#define STRIDE (STACK + 3 * 64)

struct floor {
	long n;
	long next; /* whose turn it is */
	long ended;
	char *stacks;
	void **at;	      /* of the raw ones: where they stand */
	ucontext_t *contexts; /* of the others */
	void *scheduler;
	ucontext_t scheduling;
};

/* The one that runs: an entry point of a context takes no pointer. */
static struct floor *here;

static char *
stack_of(const struct floor *f, long i)
{
	return f->stacks + i * STRIDE;
}

static int
open_floor(long x, struct floor **out)
{
	struct floor *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->n = x;
	f->stacks = aligned_alloc(64, (size_t)x * STRIDE);
	f->at = calloc((size_t)x, sizeof(*f->at));
	f->contexts = calloc((size_t)x, sizeof(*f->contexts));
	*out = f;
	if (f->stacks && f->at && f->contexts)
		return 0;
	floor_close(f);
	return -ENOMEM;
}

void
floor_close(void *state)
{
	struct floor *f = state;

	free(f->stacks);
	free(f->at);
	free(f->contexts);
	free(f);
}

#if defined(__x86_64__) && defined(__ELF__)

/* Stops here, at *FROM, and goes on at TO. */
void floor_jump(void **from, void *to) __attribute__((visibility("hidden")));

__asm__(".text\n"
	".globl floor_jump\n"
	".hidden floor_jump\n"
	".type floor_jump, @function\n"
	".p2align 6\n"
	"floor_jump:\n\t"
	"pushq	%rbp\n\t"
	"pushq	%rbx\n\t"
	"pushq	%r12\n\t"
	"pushq	%r13\n\t"
	"pushq	%r14\n\t"
	"pushq	%r15\n\t"
	"movq	%rsp, (%rdi)\n\t"
	"movq	%rsi, %rsp\n\t"
	"popq	%r15\n\t"
	"popq	%r14\n\t"
	"popq	%r13\n\t"
	"popq	%r12\n\t"
	"popq	%rbx\n\t"
	"popq	%rbp\n\t"
	"popq	%rax\n\t"
	"notrack jmp	*%rax\n"
	".size floor_jump, . - floor_jump\n");

/* A new one stands before ENTRY with six registers of no meaning, on a stack
   that is aligned as after a call. */
static void *
lay_out(char *stack, void (*entry)(void))
{
	uint64_t *top = (uint64_t *)(void *)(stack + STACK);

	top[-2] = (uintptr_t)entry;
	return top - 8;
}

static void
raw_give_way(void)
{
	long i = here->next;

	for (;;)
		floor_jump(&here->at[i], here->scheduler);
}

static void
raw_end(void)
{
	here->ended++;
	floor_jump(&here->at[here->next], here->scheduler);
	abort();
}

int
floor_raw_open(const struct bench_contender *c, long x, void **state)
{
	struct floor *f;
	int r = open_floor(x, &f);

	(void)c;
	if (r < 0)
		return r;
	for (long i = 0; i < x; i++)
		f->at[i] = lay_out(stack_of(f, i), raw_give_way);
	*state = f;
	return 0;
}

void
floor_raw_switch(void *state, long n)
{
	struct floor *f = here = state;

	for (n /= 2; n > 0; n--) {
		floor_jump(&f->scheduler, f->at[f->next]);
		if (++f->next == f->n)
			f->next = 0;
	}
}

void
floor_raw_spawn(void *state, long n)
{
	struct floor *f = here = state;

	for (f->ended = 0; f->ended < n;) {
		for (long i = 0; i < f->n; i++)
			f->at[i] = lay_out(stack_of(f, i), raw_end);
		for (f->next = 0; f->next < f->n; f->next++)
			floor_jump(&f->scheduler, f->at[f->next]);
	}
}

#else

int
floor_raw_open(const struct bench_contender *c, long x, void **state)
{
	(void)c;
	(void)x;
	(void)state;
	return -ENOSYS;
}

void
floor_raw_switch(void *state, long n)
{
	(void)state;
	(void)n;
}

void
floor_raw_spawn(void *state, long n)
{
	(void)state;
	(void)n;
}

#endif

#ifdef HAVE_MAKECONTEXT

static void
context_give_way(void)
{
	long i = here->next;

	for (;;)
		(void)swapcontext(&here->contexts[i], &here->scheduling);
}

/* It returns, and goes on where uc_link says. */
static void
context_end(void)
{
	here->ended++;
}

static void
make_context(struct floor *f, long i, void (*entry)(void))
{
	ucontext_t *u = &f->contexts[i];

	(void)getcontext(u);
	u->uc_link = &f->scheduling;
	u->uc_stack.ss_sp = stack_of(f, i);
	u->uc_stack.ss_size = STACK;
	makecontext(u, entry, 0);
}

int
floor_ucontext_open(const struct bench_contender *c, long x, void **state)
{
	struct floor *f;
	int r = open_floor(x, &f);

	(void)c;
	if (r < 0)
		return r;
	for (long i = 0; i < x; i++)
		make_context(f, i, context_give_way);
	*state = f;
	return 0;
}

void
floor_ucontext_switch(void *state, long n)
{
	struct floor *f = here = state;

	for (n /= 2; n > 0; n--) {
		(void)swapcontext(&f->scheduling, &f->contexts[f->next]);
		if (++f->next == f->n)
			f->next = 0;
	}
}

void
floor_ucontext_spawn(void *state, long n)
{
	struct floor *f = here = state;

	for (f->ended = 0; f->ended < n;) {
		for (long i = 0; i < f->n; i++)
			make_context(f, i, context_end);
		for (long i = 0; i < f->n; i++)
			(void)swapcontext(&f->scheduling, &f->contexts[i]);
	}
}

#else

int
floor_ucontext_open(const struct bench_contender *c, long x, void **state)
{
	(void)c;
	(void)x;
	(void)state;
	return -ENOSYS;
}

void
floor_ucontext_switch(void *state, long n)
{
	(void)state;
	(void)n;
}

void
floor_ucontext_spawn(void *state, long n)
{
	(void)state;
	(void)n;
}

#endif
