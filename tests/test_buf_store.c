/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_buf_store.c: what streams need of a buffer: full chunks that are kept
 * for the next message, and little memory at rest.
 */
#include <config.h>

#include "buf_common.h"
#include "per_loop.h"
#include <pollux/loop.h>

/* A message of N bytes comes and goes. */
static void
pass(struct plx_buf *b, size_t n)
{
	void *space = NULL;
	const void *data = NULL;

	cr_assert_geq(plx_buf_reserve(b, (size_t)16 << 10, &space), (ssize_t)n);
	memcpy(space, much(), n);
	plx_buf_commit(b, n);
	cr_assert_eq(plx_buf_peek(b, &data), n);
	cr_assert_arr_eq(data, much(), n);
	plx_buf_consume(b, n);
}

Test(buf_store, the_steady_state_allocates_nothing)
{
	struct fixture f;
	unsigned long before;

	begin(&f, 0);
	f.b.spare = &f.store;
	pass(&f.b, 64);
	before = allocations();
	for (int i = 0; i < 1000; i++) {
		pass(&f.b, 64);
		cr_assert_eq(chunks(&f.b), 0, "an idle one holds nothing");
	}
	cr_expect_eq(allocations(), before);
	cr_expect_eq(f.store.kept, 1);
	end(&f);
}

Test(buf_store, without_a_store_each_message_is_an_allocation)
{
	struct fixture f;
	unsigned long before;

	begin(&f, 0);
	before = allocations();
	for (int i = 0; i < 10; i++)
		pass(&f.b, 64);
	cr_expect_eq(allocations(), before + 10);
	end(&f);
}

Test(buf_store, it_keeps_full_chunks_only_and_not_too_many)
{
	struct fixture f;
	long blocks;

	begin(&f, 0);
	blocks = support_sys.blocks;
	f.b.spare = &f.store;
	cr_expect_eq(plx_buf_append(&f.b, "abc", 3), 0);
	plx_buf_clear(&f.b);
	cr_expect_eq(f.store.kept, 0, "a small one");
	for (unsigned i = 0; i < 2 * PLX__CHUNKS_KEPT; i++) {
		cr_assert_eq(plx_buf_append(&f.b, much(), FULL), 0);
	}
	plx_buf_clear(&f.b);
	cr_expect_eq(f.store.kept, PLX__CHUNKS_KEPT);
	cr_expect_eq(support_sys.blocks, blocks + (long)PLX__CHUNKS_KEPT);
	plx__chunks_free(&f.store);
	cr_expect_eq(support_sys.blocks, blocks);
	end(&f);
}

Test(buf_store, shrinking_keeps_the_bytes_and_gives_the_room_back)
{
	struct fixture f;
	void *space;

	begin(&f, 0);
	f.b.spare = &f.store;
	cr_expect_eq(plx_buf_reserve(&f.b, (size_t)16 << 10, &space), FULL);
	memcpy(space, much(), 1000);
	plx_buf_commit(&f.b, 1000);
	plx_buf_consume(&f.b, 300);
	plx_buf_seek(&f.b, 50, SEEK_SET);
	cr_expect_eq(plx__buf_shrink(&f.b), 0);
	cr_expect_eq(f.store.kept, 1);
	cr_expect_eq(f.b.first->room, 700);
	cr_expect_eq(plx_buf_tell(&f.b), 50);
	holds(&f.b, much() + 300, 700);
	cr_expect_eq(plx_buf_append(&f.b, much() + 1000, 1000), 0);
	holds(&f.b, much() + 300, 1700);
	end(&f);
}

Test(buf_store, what_is_well_used_does_not_shrink)
{
	struct fixture f;
	struct plx_chunk *before;

	begin(&f, 0);
	f.b.spare = &f.store;
	cr_expect_eq(plx__buf_shrink(&f.b), 0, "empty");
	cr_expect_eq(plx_buf_append(&f.b, much(), FULL), 0);
	plx_buf_consume(&f.b, FULL / 2);
	before = f.b.first;
	cr_expect_eq(plx__buf_shrink(&f.b), 0);
	cr_expect_eq(f.b.first, before);
	plx_buf_clear(&f.b);
	cr_expect_eq(plx_buf_append(&f.b, "abc", 3), 0);
	before = f.b.first;
	cr_expect_eq(plx__buf_shrink(&f.b), 0);
	cr_expect_eq(f.b.first, before, "it is of the right size");
	end(&f);
}

Test(buf_store, without_memory_it_stays_as_large_as_it_is)
{
	struct fixture f;
	struct plx_chunk *before;

	begin(&f, 0);
	cr_expect_eq(plx_buf_append(&f.b, much(), FULL), 0);
	plx_buf_consume(&f.b, FULL - 10);
	before = f.b.first;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	cr_expect_eq(plx__buf_shrink(&f.b), 0);
	cr_expect_eq(support_sys.fail_at, 0, "it was tried");
	cr_expect_eq(f.b.first, before);
	holds(&f.b, much() + FULL - 10, 10);
	end(&f);
}

PLX_BACKENDS(buf_store, a_loop_has_one_and_takes_it_along)
ParameterizedTest(struct backend_param *p, buf_store,
		  a_loop_has_one_and_takes_it_along)
{
	struct support_mark mark = support_begin(p->name);
	struct plx_loop_options options = {
		.backend = p->name,
		.sys = &support_sys.sys,
	};
	struct plx_chunks *store = NULL, *again = NULL;
	struct plx_buf b;
	plx_loop *loop = NULL;

	cr_assert_eq(plx_loop_open(&options, &loop), 0, "%s", p->name);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	cr_expect_eq(plx__chunks_of(loop, &store), -ENOMEM, "%s", p->name);
	cr_expect_null(store, "%s", p->name);
	cr_assert_eq(plx__chunks_of(loop, &store), 0, "%s", p->name);
	cr_expect_eq(plx__chunks_of(loop, &again), 0, "%s", p->name);
	cr_expect_eq(store, again, "%s", p->name);
	plx_buf_init(&b, 0, &support_sys.sys);
	b.spare = store;
	pass(&b, 64);
	cr_expect_eq(store->kept, 1, "%s", p->name);
	plx_loop_close(&loop);
	support_end(mark, p->name);
}

Test(buf_store, room_that_was_reserved_and_not_used_serves_an_append)
{
	struct fixture f;
	void *space = NULL;
	const void *data = NULL;
	size_t n;

	begin(&f, 0);
	cr_assert_gt(plx_buf_reserve(&f.b, 100, &space), 0);
	cr_assert_eq(plx_buf_append(&f.b, much(), MUCH), 0);
	cr_assert_eq(plx_buf_length(&f.b), MUCH);
	for (size_t done = 0; done < MUCH; done += n) {
		n = plx_buf_peek(&f.b, &data);
		cr_assert_gt(n, 0);
		cr_assert_eq(memcmp(data, (const char *)much() + done, n), 0);
		plx_buf_consume(&f.b, n);
	}
	end(&f);
}
