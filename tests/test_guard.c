/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_guard.c: what runs out of its stack dies there, or is found out.
 *
 * The faults happen in forked children: a sanitizer's own handler of memory
 * faults is taken out first.
 */
#include <config.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "stack_fixture.h"

/* Runs FN(ARG) in a child, quietly; 1 when a memory fault ended it. */
static int
dies(void (*fn)(void *arg), void *arg)
{
	const struct rlimit no_core = {0, 0};
	int status;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		fn(arg);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) &&
	       (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

/* Whether the bytes right below the stack kill who touches them. */
static int
is_guarded(struct slot s)
{
	char *low = s.stack;

	return !dies(write_byte, low) && dies(write_byte, low - 1) &&
	       dies(write_byte, low - pool.page);
}

Test(guard, below_a_stack_lies_a_guard, .timeout = 60)
{
	struct slot s;

	begin();
	s = get();
	cr_assert_neq(pool.guard, PLX_GUARD_CANARY);
	cr_assert(is_guarded(s));
	put(s);
	cr_assert_eq(get().control, s.control);
	cr_assert(is_guarded(s));
	put(s);
	end();
}

Test(guard, without_the_advice_mprotect_guards, .timeout = 60)
{
	struct slot s;

	begin();
	fail(SUPPORT_ADVISE, 2, ENOSYS); /* the first is about huge pages */
	s = get();
	cr_assert_eq(pool.guard, PLX_GUARD_PROTECT);
	cr_assert_eq(pool.protected, 1);
	cr_assert(is_guarded(s));
	put(s);
	end();
}

/* As emulators of user programs do. */
static int
nod(const struct plx_sys *sys, void *p, size_t size, int advice)
{
	(void)sys;
	(void)p;
	(void)size;
	(void)advice;
	return 0;
}

Test(guard, who_takes_any_advice_is_not_believed, .timeout = 60)
{
	struct slot s;

	begin();
	support_sys.sys.advise = nod;
	s = get();
	cr_assert_eq(pool.guard, PLX_GUARD_PROTECT);
	cr_assert(is_guarded(s));
	put(s);
	end();
}

Test(guard, an_advice_short_of_memory_fails_the_call_only, .timeout = 60)
{
	struct slot s;

	begin();
	pool.guard = PLX_GUARD_ADVICE;
	fail(SUPPORT_ADVISE, 2, ENOMEM);
	cr_assert_eq(plx__stack_get(&pool, &s.control, &s.stack, &s.size),
		     -ENOMEM);
	cr_assert_eq(pool.in_use, 0);
	s = get();
	cr_assert_eq(pool.guard, PLX_GUARD_ADVICE);
	put(s);
	end();
}

/* A pool on a system without the advice and out of mappings. */
static struct slot
get_with_canary(void)
{
	begin();
	pool.guard = PLX_GUARD_PROTECT;
	fail(SUPPORT_PROTECT, 1, ENOMEM);
	return get();
}

Test(guard, beyond_the_limit_of_mappings_a_canary_watches, .timeout = 60)
{
	struct slot s = get_with_canary();

	cr_assert_eq(pool.guard, PLX_GUARD_CANARY);
	write_byte(s.stack);
	put(s);
	end();
}

Test(guard, so_many_are_protected_and_no_more, .timeout = 60)
{
	struct slot s;

	begin();
	pool.guard = PLX_GUARD_PROTECT;
	pool.protected = SIZE_MAX;
	s = get();
	cr_assert_eq(pool.guard, PLX_GUARD_CANARY);
	cr_assert_eq(pool.protected, SIZE_MAX);
	put(s);
	end();
}

Test(guard, a_trodden_canary_is_reported_once, .timeout = 60)
{
	struct slot s = get_with_canary();

	write_byte((char *)s.stack - 1);
	cr_assert_eq(plx__stack_put(&pool, s.control), -EFAULT);
	cr_assert_eq(get().control, s.control);
	put(s);
	end();
}

Test(guard, a_canary_is_put_back_when_its_page_has_gone, .timeout = 60)
{
	struct slot s = get_with_canary(), other = get();

	pool.keep = 0;
	put(s);
	cr_assert_eq(pool.dropped, 1);
	cr_assert_eq(get().control, s.control);
	put(s);
	put(other);
	end();
}

Test(guard, a_dropped_slot_is_used_again_behind_its_guard, .timeout = 60)
{
	struct slot a, b;

	begin();
	pool.keep = 0;
	a = get();
	b = get();
	put(a);
	cr_assert_eq(get().control, a.control);
	cr_assert(is_guarded(a));
	put(a);
	put(b);
	end();
}

/* Not a tail call, and not foreseen to be endless. */
static volatile int endless = 1;

__attribute__((noinline)) static int
recurse(int depth)
{
	volatile char room[200];

	room[depth % 200] = (char)depth;
	if (!endless)
		return depth;
	return recurse(depth + 1) + room[depth % 200];
}

static void
overflow(void *arg)
{
	(void)arg;
	endless = recurse(0);
}

static void
overflow_in_coroutine(void *arg)
{
	struct slot *s = arg;
	struct plx_coro home, c;

	plx__coro_init_thread(&home);
	plx__coro_init(&c, s->stack, s->size, overflow, NULL);
	plx__coro_switch(&home, &c);
}

Test(guard, endless_recursion_ends_in_the_guard, .timeout = 60)
{
	struct slot lower, s;

	begin();
	lower = get();
	s = get();
	memset(lower.control, 0, CONTROL);
	cr_assert(dies(overflow_in_coroutine, &s));
	put(lower);
	put(s);
	end();
}

Test(guard, endless_recursion_ends_at_mprotect_too, .timeout = 60)
{
	struct slot s;

	begin();
	pool.guard = PLX_GUARD_PROTECT;
	s = get();
	cr_assert(dies(overflow_in_coroutine, &s));
	put(s);
	end();
}
