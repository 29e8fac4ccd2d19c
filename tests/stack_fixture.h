/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack_fixture.h: a pool of stacks over the table that counts and fails.
 */
#ifndef PLX_STACK_FIXTURE_H
#define PLX_STACK_FIXTURE_H

#include "coro.h"
#include "stack.h"
#include "support.h"

#define CONTROL 300

struct slot {
	void *control, *stack;
	size_t size;
};

static struct plx_stack_pool pool;
static struct support_mark mark;

static inline void
begin(void)
{
	mark = support_begin(NULL);
	cr_assert_eq(plx__stack_pool_init(&pool, &support_sys.sys, 0, CONTROL),
		     0);
}

static inline void
end(void)
{
	plx__stack_pool_fini(&pool);
	support_end(mark, "stack");
}

static inline struct slot
get(void)
{
	struct slot s;

	cr_assert_eq(plx__stack_get(&pool, &s.control, &s.stack, &s.size), 0);
	return s;
}

static inline void
put(struct slot s)
{
	cr_assert_eq(plx__stack_put(&pool, s.control), 0);
}

static inline void
fail(unsigned entries, long at, int with)
{
	support_sys.fails = entries;
	support_sys.fail_at = at;
	support_sys.fail_with = with;
}

static inline void
write_byte(void *at)
{
	*(volatile char *)at = 1;
}

#endif
