/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_parked.c: ten thousand tasks that wait: what they hold meanwhile, and
 * what is left when all are cancelled at once.
 */
#include <config.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include "task_common.h"
#include "task_int.h"

/* ThreadSanitizer keeps a shadow of each stack. */
#define MANY (SUPPORT_TSAN ? 1000 : 10000)

/* What surrounds each local for AddressSanitizer may take another page. */
#if defined(__SANITIZE_ADDRESS__) || PLX_HAS_FEATURE(address_sanitizer)
#define SHADOWED 1
#else
#define SHADOWED SUPPORT_TSAN
#endif

/* So may the two contexts that ucontext(3) keeps on a stack. */
#if SHADOWED || defined(PLX_CORO_UCONTEXT)
#define PAGES_PARKED 2
#else
#define PAGES_PARKED 1
#endif

static plx_task *task[10000];

static int
never(struct plx_awaitable *a)
{
	(void)a;
	return 0;
}

static int
await_for_ever(void *arg)
{
	static const struct plx_awaitable_ops ops = {
		.kind = "nothing",
		.arm = never,
		.disarm = never,
		.result = never,
	};
	struct plx_awaitable a = {.ops = &ops};
	struct plx_awaitable *list[1] = {&a};

	(void)arg;
	return plx_await_any(list, 1, PLX_NEVER);
}

/* Spawns N that run FN and lets them come to rest. */
static void
park(int n, plx_task_fn *fn)
{
	for (int i = 0; i < n; i++)
		cr_expect_eq(plx_spawn(NULL, fn, NULL, &task[i]), 0);
	let_run(1);
}

static void
end_all(int n)
{
	int result, others = 0;

	for (int i = 0; i < n; i++)
		plx_cancel(task[i]);
	for (int i = 0; i < n; i++) {
		cr_expect_eq(plx_join(task[i], &result, PLX_NEVER), 0);
		others += result != -ECANCELED;
	}
	cr_expect_eq(others, 0, "%d were not cancelled", others);
}

#ifdef __OpenBSD__ /* has none */
#define mincore(p, n, in) ((void)(p), errno = ENOSYS, -1)
#endif

/* Pages of T's slot, guard included, that are in memory, or -errno. */
static int
resident(const struct plx_task *t)
{
	const struct plx_stack_pool *pool = &t->rt->stacks;
	static unsigned char in[4096];
	char *guard = t->coro.stack - pool->page;
	int n = 0;

	if (mincore(guard, pool->stride, (void *)in) < 0)
		return -errno;
	for (size_t i = 0; i < pool->stride / pool->page; i++)
		n += in[i] & 1;
	return n;
}

static void
expect_few_pages(const char *what)
{
	int guard = plx_self()->rt->stacks.guard == PLX_GUARD_CANARY;
	int more = 0;

	for (int i = 0; i < MANY; i++)
		more += resident(task[i]) > PAGES_PARKED + guard;
	cr_expect_eq(more, 0, "%s: %d of %d hold more than %d", what, more,
		     MANY, PAGES_PARKED + guard);
	if (!SHADOWED && resident(task[0]) != -ENOSYS)
		cr_expect_geq(resident(task[0]), 1, "%s", what);
}

static int
look_at_pages(void *arg)
{
	(void)arg;
	park(MANY, sleep_for_ever);
	expect_few_pages("sleep");
	end_all(MANY);
	park(MANY, await_for_ever);
	expect_few_pages("await");
	end_all(MANY);
	return 0;
}
IN_A_TASK(parked, a_task_holds_one_page, look_at_pages)

/* Resident memory and page tables of this process in bytes, or -1. */
static long
memory(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	long kib, sum = 0;
	char line[128];

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmRSS: %ld", &kib) == 1 ||
		    sscanf(line, "VmPTE: %ld", &kib) == 1)
			sum += kib;
	}
	fclose(f);
	return sum * 1024;
}

static int
weigh(void *arg)
{
	long before, each;

	(void)arg;
	memset(task, 1, sizeof(task));
	before = memory();
	park(MANY, sleep_for_ever);
	each = (memory() - before) / MANY;
	cr_expect_leq(each, 4400, "%ld bytes a task", each);
	end_all(MANY);
	return 0;
}

Test(parked, a_task_costs_little_more_than_its_page)
{
	if (SHADOWED || RUNNING_ON_VALGRIND || memory() < 0)
		cr_skip_test("the memory is not only ours, or not known");
	cr_expect_eq(run_on(NULL, weigh, NULL), 0);
}

static int
count_allocations(void *arg)
{
	unsigned long blocks, maps;

	(void)arg;
	blocks = support_calls(&support_sys, SUPPORT_RESIZE);
	maps = support_calls(&support_sys, SUPPORT_MAP);
	park(MANY, sleep_for_ever);
	blocks = support_calls(&support_sys, SUPPORT_RESIZE) - blocks;
	maps = support_calls(&support_sys, SUPPORT_MAP) - maps;
	cr_expect_eq(blocks, maps, "%lu blocks for %lu slabs", blocks, maps);
	cr_expect_leq(maps, 20, "%lu slabs", maps);
	end_all(MANY);
	return 0;
}
IN_A_TASK(parked, all_of_them_allocate_slabs_only, count_allocations)

static int
park_again(void *arg)
{
	const unsigned memory_calls =
		SUPPORT_RESIZE | SUPPORT_MAP | SUPPORT_ADVISE | SUPPORT_PROTECT;
	unsigned long before;
	int n = 500;

	(void)arg;
	park(n, sleep_for_ever);
	end_all(n);
	before = support_calls(&support_sys, memory_calls);
	park(n, await_for_ever);
	end_all(n);
	cr_expect_eq(support_calls(&support_sys, memory_calls), before);
	return 0;
}
IN_A_TASK(parked, those_who_come_later_ask_for_no_memory, park_again)

static int
look_behind(void *arg)
{
	const struct plx_stack_pool *pool = &plx_self()->rt->stacks;

	(void)arg;
	park(MANY, sleep_for_ever);
	cr_expect_eq(pool->in_use, (size_t)MANY + 1);
	end_all(MANY);
	cr_expect_eq(pool->in_use, 1);
	cr_expect_leq(pool->kept, 1024, "%zu", pool->kept);
	return 0;
}
IN_A_TASK(parked, all_of_them_give_their_stacks_back, look_behind)
