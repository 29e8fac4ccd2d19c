/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stack.c: slots: where they lie, who gets them again, and what they
 * leave in memory.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "stack_fixture.h"

#ifdef __OpenBSD__ /* has none */
#define mincore(p, n, in) ((void)(p), errno = ENOSYS, -1)
#endif

/* Pages of [P, P + SIZE) that are in memory, or -errno. */
static long
resident(const void *p, size_t size)
{
	static unsigned char in[4096];
	uintptr_t low = (uintptr_t)p / pool.page * pool.page;
	size_t pages = ((uintptr_t)p + size - low + pool.page - 1) / pool.page;
	long n = 0;

	if (mincore((void *)low, pages * pool.page, (void *)in) < 0)
		return -errno;
	for (size_t i = 0; i < pages; i++)
		n += in[i] & 1;
	return n;
}

Test(stack, a_size_out_of_bounds_is_refused, .timeout = 60)
{
	const struct plx_sys *sys = &support_sys.sys;

	cr_assert_eq(plx__stack_pool_init(&pool, sys, PLX_STACK_MIN - 1, 64),
		     -EINVAL);
	cr_assert_eq(plx__stack_pool_init(&pool, sys, PLX_STACK_MAX + 1, 64),
		     -EINVAL);
	cr_assert_eq(plx__stack_pool_init(&pool, sys, 0, 8192), -EINVAL);
}

Test(stack, a_pool_maps_nothing_before_the_first_slot, .timeout = 60)
{
	begin();
	cr_assert_eq(support_calls(&support_sys, SUPPORT_MAP), 0);
	end();
}

Test(stack, a_slot_is_a_stack_with_a_control_block_above, .timeout = 60)
{
	static const size_t sizes[] = {PLX_STACK_MIN, 0, 100000, PLX_STACK_MAX};

	for (int i = 0; i < 4; i++) {
		struct slot s;

		mark = support_begin(NULL);
		cr_assert_eq(plx__stack_pool_init(&pool, &support_sys.sys,
						  sizes[i], CONTROL),
			     0);
		s = get();
		cr_assert_eq((char *)s.stack + s.size, (char *)s.control);
		cr_assert_eq((uintptr_t)s.control % 64, 0);
		cr_assert_geq(s.size + pool.page, pool.slot_size);
		memset(s.stack, 1, s.size);
		memset(s.control, 2, CONTROL);
		put(s);
		end();
	}
}

Test(stack, slots_do_not_overlap, .timeout = 60)
{
	static struct slot s[300];

	begin();
	for (int i = 0; i < 300; i++) {
		s[i] = get();
		memset(s[i].stack, i & 0xff, s[i].size);
		memset(s[i].control, i & 0xff, CONTROL);
	}
	for (int i = 0; i < 300; i++) {
		const unsigned char *low = s[i].stack;
		const unsigned char *control = s[i].control;

		cr_assert_eq(low[0], i & 0xff);
		cr_assert_eq(low[s[i].size - 1], i & 0xff);
		cr_assert_eq(control[CONTROL - 1], i & 0xff);
		put(s[i]);
	}
	end();
}

Test(stack, the_slot_freed_last_is_used_first, .timeout = 60)
{
	struct slot a, b;

	begin();
	a = get();
	b = get();
	put(a);
	put(b);
	cr_assert_eq(get().control, b.control);
	cr_assert_eq(get().control, a.control);
	put(a);
	put(b);
	end();
}

Test(stack, taking_and_giving_in_turn_asks_nothing_of_the_system, .timeout = 60)
{
	unsigned long before;

	begin();
	put(get());
	before = support_calls(&support_sys, ~0u);
	for (int i = 0; i < 1000; i++)
		put(get());
	cr_assert_eq(support_calls(&support_sys, ~0u), before);
	end();
}

Test(stack, out_of_memory_takes_nothing_away, .timeout = 60)
{
	static const unsigned entries[] = {SUPPORT_RESIZE, SUPPORT_MAP};
	struct slot s;

	begin();
	for (int i = 0; i < 2; i++) {
		fail(entries[i], 1, ENOMEM);
		cr_assert_eq(
			plx__stack_get(&pool, &s.control, &s.stack, &s.size),
			-ENOMEM);
	}
	cr_assert_eq(pool.in_use, 0);
	put(get());
	end();
}

/* ThreadSanitizer maps shadows, and knows eight thousand fibers, no more. */
#if defined(__SANITIZE_THREAD__) || PLX_HAS_FEATURE(thread_sanitizer)
#define SHADOWED 1
#define MANY 1000
#else
#define SHADOWED 0
#define MANY 10000
#endif

/* What surrounds each local for AddressSanitizer may take another page. */
#if defined(__SANITIZE_ADDRESS__) || PLX_HAS_FEATURE(address_sanitizer)
#define PARKED_PAGES 2
#else
#define PARKED_PAGES 1
#endif

static void
park(void *arg)
{
	struct plx_coro *pair = arg;

	plx__coro_switch(&pair[0], &pair[1]);
	plx__coro_leave(&pair[0], &pair[1]);
}

Test(stack, a_parked_coroutine_holds_one_page, .timeout = 60)
{
	struct plx_coro pair[2];
	struct slot s;

	begin();
	s = get();
	memset(s.control, 0, CONTROL);
	plx__coro_init_thread(&pair[1]);
	plx__coro_init(&pair[0], s.stack, s.size, park, pair);
	plx__coro_switch(&pair[1], &pair[0]);
	cr_assert_leq(resident(s.stack, s.size + CONTROL), PARKED_PAGES);
	plx__coro_switch(&pair[1], &pair[0]);
	plx__coro_fini(&pair[0]);
	put(s);
	end();
}

Test(stack, freed_slots_beyond_the_bound_give_their_pages_back, .timeout = 60)
{
	static struct slot s[3000];
	long kept = 0, in_use;

	begin();
	for (int i = 0; i < 3000; i++) {
		s[i] = get();
		memset(s[i].control, 1, CONTROL);
	}
	in_use = resident(s[2999].stack, s[2999].size + CONTROL);
	if (in_use == -ENOSYS)
		cr_skip_test("nobody can tell");
	cr_assert_eq(in_use, 1);
	for (int i = 0; i < 3000; i++)
		put(s[i]);
	cr_assert_eq(pool.kept, 1024);
	for (int i = 0; i < 3000; i++)
		kept += resident(s[i].stack, s[i].size + CONTROL) > 0;
	cr_assert_eq(kept, 1024);
	end();
}

Test(stack, a_trim_leaves_what_was_needed_since_the_last_one, .timeout = 60)
{
	static struct slot s[500];
	int i;

	begin();
	for (i = 0; i < 500; i++)
		s[i] = get();
	for (i = 0; i < 500; i++)
		put(s[i]);
	plx__stack_trim(&pool);
	cr_assert_eq(pool.kept, 500, "%zu", pool.kept);
	for (i = 0; i < 200; i++)
		s[i] = get();
	for (i = 0; i < 200; i++)
		put(s[i]);
	plx__stack_trim(&pool);
	cr_assert_eq(pool.kept, 200, "%zu", pool.kept);
	plx__stack_trim(&pool);
	cr_assert_eq(pool.kept, PLX_STACK_KEEP_LEAST, "%zu", pool.kept);
	for (i = 0; i < 500; i++)
		s[i] = get();
	for (i = 0; i < 500; i++)
		put(s[i]);
	cr_assert_eq(pool.kept, 500, "%zu", pool.kept);
	end();
}

Test(stack, a_release_leaves_what_is_in_use, .timeout = 60)
{
	static struct slot s[100];
	int i;

	begin();
	for (i = 0; i < 100; i++)
		s[i] = get();
	for (i = 1; i < 100; i++)
		put(s[i]);
	plx__stack_release(&pool);
	cr_assert_eq(pool.kept, 0);
	write_byte(s[0].stack);
	put(s[0]);
	plx__stack_release(&pool);
	cr_assert_null(pool.slabs);
	s[0] = get();
	write_byte(s[0].stack);
	put(s[0]);
	end();
}

Test(stack, a_slab_that_holds_nothing_is_unmapped, .timeout = 60)
{
	struct slot a, b;

	begin();
	pool.keep = 0;
	a = get();
	b = get();
	put(a);
	put(b);
	cr_assert_null(pool.slabs);
	cr_assert(resident(a.stack, a.size) == -ENOMEM ||
		  resident(a.stack, a.size) == -ENOSYS);
	a = get();
	write_byte(a.stack);
	put(a);
	end();
}

/* Any order of taking and giving, checked against a plain array. */
Test(stack, a_random_history_loses_no_slot, .timeout = 60)
{
	static struct slot s[4000];
	unsigned random = 12345;
	size_t n = 0;

	begin();
	pool.keep = 20;
	for (int i = 0; i < 40000; i++) {
		/* Long stretches of growing and of shrinking. */
		unsigned grow = i / 5000 % 2 ? 40 : 60;

		random = random * 1103515245u + 12345;
		if (n < 4000 && (n == 0 || (random >> 16) % 100 < grow)) {
			s[n] = get();
			*(size_t *)s[n].control = n;
			n++;
		} else {
			size_t k = (random >> 8) % n--;

			cr_assert_eq(*(size_t *)s[k].control, k);
			put(s[k]);
			s[k] = s[n];
			*(size_t *)s[k].control = k;
			if (k == n)
				continue;
		}
		cr_assert_eq(pool.in_use, n);
	}
	while (n > 0)
		put(s[--n]);
	end();
}

static int
count_mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int c, n = 0;

	if (!f)
		return -1;
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

Test(stack, ten_thousand_slots_need_few_mappings, .timeout = 60)
{
	static struct slot s[10000];
	int before = count_mappings();

	if (before < 0 || SHADOWED)
		cr_skip_test("no /proc/self/maps, or not only ours");
	begin();
	for (int i = 0; i < 10000; i++)
		s[i] = get();
	if (pool.guard == PLX_GUARD_ADVICE)
		cr_assert_leq(count_mappings() - before, 30);
	cr_assert_leq(support_calls(&support_sys, SUPPORT_MAP), 20);
	for (int i = 0; i < 10000; i++)
		put(s[i]);
	end();
}

struct many {
	struct plx_coro coro;
	size_t number, sum;
};

static struct plx_coro home;

static void
count_twice(void *arg)
{
	struct many *m = arg;

	m->sum += m->number;
	plx__coro_switch(&m->coro, &home);
	m->sum += m->number;
	plx__coro_leave(&m->coro, &home);
}

Test(stack, ten_thousand_coroutines_stand_side_by_side, .timeout = 60)
{
	static struct many *many[MANY];
	size_t sum = 0;

	begin();
	plx__coro_init_thread(&home);
	for (size_t i = 0; i < MANY; i++) {
		struct slot s = get();

		many[i] = s.control;
		*many[i] = (struct many){.number = i};
		plx__coro_init(&many[i]->coro, s.stack, s.size, count_twice,
			       many[i]);
	}
	for (size_t i = 0; i < 2 * MANY; i++)
		plx__coro_switch(&home, &many[i % MANY]->coro);
	for (size_t i = 0; i < MANY; i++) {
		sum += many[i]->sum;
		plx__coro_fini(&many[i]->coro);
		put((struct slot){.control = many[i]});
	}
	cr_assert_eq(sum, (size_t)MANY * (MANY - 1));
	end();
}
