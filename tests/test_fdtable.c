/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_fdtable.c: the array of slots by itself.
 */
#include <config.h>
#include <errno.h>
#include "support.h"
#include "fdtable.h"

_Static_assert(sizeof(struct plx_slot) <= 24, "a slot has grown");

static struct support_mark
begin(struct plx_fdtable *t)
{
	struct support_mark mark = support_begin(NULL);

	plx__fdtable_init(t, &support_sys.sys);
	return mark;
}

static void
end(struct plx_fdtable *t, struct support_mark mark)
{
	plx__fdtable_fini(t);
	support_end(mark, NULL);
}

Test(fdtable, empty_has_no_keys_and_no_memory)
{
	struct plx_fdtable t;
	struct support_mark mark = begin(&t);

	cr_assert_eq(t.size, 0);
	cr_assert_null(plx__fdtable_find(&t, 0));
	cr_assert_null(plx__fdtable_find(&t, -1));
	cr_assert_null(plx__fdtable_find(&t, INT32_MAX));
	cr_assert_eq(plx__fdtable_from(&t, 0), -1);
	cr_assert_eq(support_sys.blocks, 0);
	end(&t, mark);
}

Test(fdtable, grows_by_doubling_and_keeps_what_it_has)
{
	struct plx_fdtable t;
	struct support_mark mark = begin(&t);

	cr_assert_eq(plx__fdtable_grow(&t, 3), 0);
	t.slots[3].generation = 7;
	cr_assert_eq(plx__fdtable_grow(&t, 1000), 0);
	cr_assert_eq(t.size, 1024);
	cr_assert_eq(plx__fdtable_find(&t, 3)->generation, 7);
	for (int fd = 0; fd < t.size; fd++) {
		if (fd != 3)
			cr_assert_null(plx__fdtable_find(&t, fd));
	}
	end(&t, mark);
}

Test(fdtable, growing_costs_few_allocations)
{
	struct plx_fdtable t;
	struct support_mark mark = begin(&t);

	for (int fd = 0; fd < 20000; fd++)
		cr_assert_eq(plx__fdtable_grow(&t, fd), 0);
	cr_assert_leq(support_calls(&support_sys, SUPPORT_RESIZE), 11);
	end(&t, mark);
}

Test(fdtable, out_of_memory_changes_nothing)
{
	struct plx_fdtable t;
	struct support_mark mark = begin(&t);

	cr_assert_eq(plx__fdtable_grow(&t, 3), 0);
	t.slots[3].generation = 7;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	cr_assert_eq(plx__fdtable_grow(&t, 1000), -ENOMEM);
	cr_assert_eq(t.size, 32);
	cr_assert_eq(plx__fdtable_find(&t, 3)->generation, 7);
	cr_assert_eq(plx__fdtable_grow(&t, 1000), 0);
	end(&t, mark);
}

Test(fdtable, walks_the_keys_in_order)
{
	struct plx_fdtable t;
	struct support_mark mark = begin(&t);

	cr_assert_eq(plx__fdtable_grow(&t, 50), 0);
	t.slots[2].generation = t.slots[50].generation = 1;
	cr_assert_eq(plx__fdtable_from(&t, -1), 2);
	cr_assert_eq(plx__fdtable_from(&t, 2), 2);
	cr_assert_eq(plx__fdtable_from(&t, 3), 50);
	cr_assert_eq(plx__fdtable_from(&t, 51), -1);
	cr_assert_eq(plx__fdtable_from(&t, INT32_MAX), -1);
	end(&t, mark);
}

Test(fdtable, no_generation_is_zero)
{
	struct plx_fdtable t;
	struct support_mark mark = begin(&t);

	cr_assert_eq(plx__fdtable_generation(&t), 1);
	t.generation = UINT32_MAX;
	cr_assert_eq(plx__fdtable_generation(&t), 1);
	cr_assert_eq(plx__fdtable_generation(&t), 2);
	end(&t, mark);
}
