/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_buf_queue.c: a buffer as a queue, and what it costs.
 */
#include <config.h>

#include "buf_common.h"
#include <stdint.h>

Test(buf_queue, bytes_come_out_in_the_order_in_which_they_went_in)
{
	struct fixture f;
	const void *data = NULL;

	begin(&f, 0);
	cr_expect_eq(plx_buf_peek(&f.b, &data), 0);
	cr_expect_null(data);
	cr_expect_eq(plx_buf_append(&f.b, "abc", 3), 0);
	cr_expect_eq(plx_buf_append(&f.b, "def", 3), 0);
	cr_expect_eq(plx_buf_peek(&f.b, &data), 6);
	cr_expect_arr_eq(data, "abcdef", 6);
	plx_buf_consume(&f.b, 4);
	cr_expect_eq(plx_buf_peek(&f.b, &data), 2);
	cr_expect_arr_eq(data, "ef", 2);
	plx_buf_consume(&f.b, 4711);
	cr_expect_eq(plx_buf_length(&f.b), 0);
	cr_expect_eq(plx_buf_peek(&f.b, &data), 0);
	end(&f);
}

Test(buf_queue, the_pieces_are_all_of_it)
{
	struct fixture f;
	struct iovec iov[8];
	size_t at = 0;
	int n;

	begin(&f, 0);
	cr_expect_eq(plx_buf_peekv(&f.b, iov, 8), 0);
	cr_expect_eq(plx_buf_append(&f.b, much(), MUCH), 0);
	plx_buf_consume(&f.b, 10);
	n = plx_buf_peekv(&f.b, iov, 8);
	cr_expect_eq(n, chunks(&f.b));
	for (int i = 0; i < n; i++) {
		cr_expect_arr_eq(iov[i].iov_base, much() + 10 + at,
				 iov[i].iov_len);
		at += iov[i].iov_len;
	}
	cr_expect_eq(at, MUCH - 10);
	cr_expect_eq(plx_buf_peekv(&f.b, iov, 2), 2, "no more room");
	cr_expect_eq(plx_buf_peekv(&f.b, iov, 0), 0);
	end(&f);
}

Test(buf_queue, nothing_moves_until_it_is_consumed)
{
	struct fixture f;
	const void *before = NULL, *data = NULL;

	begin(&f, 0);
	cr_expect_eq(plx_buf_append(&f.b, much(), 300), 0);
	cr_expect_eq(plx_buf_peek(&f.b, &before), 300);
	cr_expect_eq(plx_buf_append(&f.b, much() + 300, MUCH - 300), 0);
	plx_buf_consume(&f.b, 7);
	cr_expect_geq(plx_buf_peek(&f.b, &data), 293);
	cr_expect_eq((const char *)data, (const char *)before + 7);
	holds(&f.b, much() + 7, MUCH - 7);
	end(&f);
}

Test(buf_queue, a_chunk_that_is_consumed_is_freed)
{
	struct fixture f;
	long blocks;

	begin(&f, 0);
	blocks = support_sys.blocks;
	cr_expect_eq(plx_buf_append(&f.b, much(), MUCH), 0);
	for (int left = chunks(&f.b); left > 0; left--) {
		const void *data;

		cr_expect_eq(support_sys.blocks, blocks + left);
		plx_buf_consume(&f.b, plx_buf_peek(&f.b, &data) - 1);
		cr_expect_eq(support_sys.blocks, blocks + left);
		plx_buf_consume(&f.b, 1);
	}
	cr_expect_eq(support_sys.blocks, blocks);
	end(&f);
}

Test(buf_queue, consuming_takes_the_position_along)
{
	struct fixture f;
	char byte;

	begin(&f, 0);
	cr_expect_eq(write_text(&f.b, "0123456789"), 10);
	cr_expect_eq(plx_buf_seek(&f.b, 6, SEEK_SET), 6);
	plx_buf_consume(&f.b, 4);
	cr_expect_eq(plx_buf_tell(&f.b), 2);
	cr_expect_eq(plx_buf_read(&f.b, &byte, 1), 1);
	cr_expect_eq(byte, '6', "the same byte");
	plx_buf_consume(&f.b, 5);
	cr_expect_eq(plx_buf_tell(&f.b), 0, "its byte is gone");
	cr_expect_eq(plx_buf_read(&f.b, &byte, 1), 1);
	cr_expect_eq(byte, '9');
	end(&f);
}

Test(buf_queue, what_is_reserved_counts_when_it_is_committed)
{
	struct fixture f;
	void *space = NULL;
	long blocks;

	begin(&f, 0);
	blocks = support_sys.blocks;
	cr_expect_geq(plx_buf_reserve(&f.b, 0, &space), 1);
	cr_expect_eq(plx_buf_length(&f.b), 0);
	plx_buf_commit(&f.b, 0);
	cr_expect_eq(support_sys.blocks, blocks, "nothing is kept");
	cr_expect_eq(plx_buf_reserve(&f.b, 5, &space), 5);
	memcpy(space, "abc", 3);
	plx_buf_commit(&f.b, 3);
	holds_text(&f.b, "abc");
	cr_expect_eq(plx_buf_reserve(&f.b, 3, &space), 3);
	memcpy(space, "def", 3);
	plx_buf_commit(&f.b, 3);
	holds_text(&f.b, "abcdef");
	cr_expect_eq(chunks(&f.b), 1, "there was room");
	end(&f);
}

Test(buf_queue, a_large_reserve_gets_a_full_chunk_and_never_more)
{
	struct fixture f;
	void *space;

	begin(&f, 0);
	cr_expect_eq(plx_buf_reserve(&f.b, (size_t)16 << 10, &space), FULL);
	memcpy(space, much(), FULL);
	plx_buf_commit(&f.b, FULL);
	cr_expect_eq(plx_buf_reserve(&f.b, SIZE_MAX, &space), FULL);
	plx_buf_commit(&f.b, 0);
	cr_expect_eq(chunks(&f.b), 1);
	holds(&f.b, much(), FULL);
	end(&f);
}

Test(buf_queue, it_grows_by_what_is_there_in_bounded_steps)
{
	struct fixture f;
	size_t length = 0;
	unsigned long first;

	begin(&f, 0);
	first = allocations();
	for (; length < MUCH; length++) {
		unsigned long before = allocations();
		struct plx_chunk *c = f.b.last;

		cr_assert_eq(plx_buf_append(&f.b, much() + length, 1), 0);
		if (allocations() == before)
			continue;
		cr_expect(!c || c->end == c->room, "there was room");
		c = f.b.last;
		cr_expect_leq(c->room, FULL);
		cr_expect_leq(c->room, length < 256 ? 256 : length);
	}
	cr_expect_leq(allocations() - first, 11, "256 and doubled to 16 KiB");
	holds(&f.b, much(), MUCH);
	end(&f);
}

/* Puts the end of a header at PLACE of F's text and takes it away again. */
static void
look_for_end(struct fixture *f, ssize_t place)
{
	size_t at = (size_t)place;

	cr_expect_eq(plx_buf_seek(&f->b, place, SEEK_SET), place);
	cr_expect_eq(write_text(&f->b, "\r\n\r\n"), 4);
	cr_expect_eq(plx_buf_find(&f->b, 0, "\r\n\r\n", 4), place);
	cr_expect_eq(plx_buf_find(&f->b, at, "\r\n\r\n", 4), place);
	cr_expect_eq(plx_buf_find(&f->b, at + 1, "\r\n\r\n", 4), -ENOENT);
	cr_expect_eq(plx_buf_find(&f->b, at + 1, "\r\n", 2), place + 2);
	cr_expect_eq(plx_buf_seek(&f->b, place, SEEK_SET), place);
	cr_expect_eq(plx_buf_write(&f->b, much() + place, 4), 4);
}

Test(buf_queue, what_is_looked_for_is_found_across_chunks)
{
	struct fixture f;

	begin(&f, 0);
	cr_expect_eq(plx_buf_append(&f.b, much(), MUCH), 0);
	cr_expect_eq(plx__chunk_length(f.b.first), FULL);
	for (ssize_t place = FULL - 4; place < FULL + 4; place++)
		look_for_end(&f, place);
	cr_expect_eq(plx_buf_find(&f.b, 0, much() + 1, MUCH - 1), 1);
	cr_expect_eq(plx_buf_find(&f.b, 1, much(), MUCH), -ENOENT);
	end(&f);
}

Test(buf_queue, a_beginning_that_does_not_go_on_is_passed_over)
{
	struct fixture f;

	begin(&f, 0);
	cr_expect_eq(plx_buf_find(&f.b, 0, "x", 1), -ENOENT);
	cr_expect_eq(plx_buf_append(&f.b, "aaab", 4), 0);
	cr_expect_eq(plx_buf_find(&f.b, 0, "aab", 3), 1);
	cr_expect_eq(plx_buf_find(&f.b, 0, "abc", 3), -ENOENT, "cut off");
	cr_expect_eq(plx_buf_find(&f.b, 0, "aaabb", 5), -ENOENT);
	cr_expect_eq(plx_buf_find(&f.b, 4, "b", 1), -ENOENT);
	cr_expect_eq(plx_buf_find(&f.b, SIZE_MAX, "b", 1), -ENOENT);
	cr_expect_eq(plx_buf_find(&f.b, 0, "", 0), -EINVAL);
	end(&f);
}

Test(buf_queue, a_copy_begins_anywhere_and_moves_nothing)
{
	struct fixture f;
	unsigned char *copy = malloc(MUCH);

	begin(&f, 0);
	cr_expect_eq(plx_buf_append(&f.b, much(), MUCH), 0);
	for (size_t start = 0; start < MUCH; start += 4999) {
		cr_expect_eq(plx_buf_copy(&f.b, start, copy, MUCH),
			     MUCH - start);
		cr_expect_arr_eq(copy, much() + start, MUCH - start);
	}
	cr_expect_eq(plx_buf_copy(&f.b, 10, copy, 5), 5);
	cr_expect_arr_eq(copy, much() + 10, 5);
	cr_expect_eq(plx_buf_copy(&f.b, MUCH, copy, 5), 0);
	cr_expect_eq(plx_buf_copy(&f.b, SIZE_MAX, copy, 5), 0);
	cr_expect_eq(plx_buf_tell(&f.b), 0);
	free(copy);
	end(&f);
}

Test(buf_queue, all_of_one_moves_to_the_end_of_another)
{
	struct fixture f;
	struct plx_buf from;
	unsigned long before;
	const void *data, *moved;

	begin(&f, MUCH);
	plx_buf_init(&from, 0, &support_sys.sys);
	cr_expect_eq(plx_buf_append(&f.b, much(), 100), 0);
	cr_expect_eq(plx_buf_move(&f.b, &from), 0, "nothing is there");
	cr_expect_eq(plx_buf_append(&from, much() + 90, MUCH - 90), 0);
	plx_buf_consume(&from, 10);
	cr_expect_gt(plx_buf_peek(&from, &data), 0);
	before = allocations();
	cr_expect_eq(plx_buf_move(&f.b, &from), 0);
	cr_expect_eq(allocations(), before);
	cr_expect_eq(plx_buf_length(&from), 0);
	cr_expect_eq(plx_buf_tell(&from), 0);
	holds(&f.b, much(), MUCH);
	plx_buf_consume(&f.b, 100);
	cr_expect_gt(plx_buf_peek(&f.b, &moved), 0);
	cr_expect_eq(moved, data, "the same memory");

	cr_expect_eq(plx_buf_append(&from, much(), 101), 0);
	cr_expect_eq(plx_buf_move(&f.b, &from), -EFBIG);
	cr_expect_eq(plx_buf_move(&from, &from), 0);
	holds(&from, much(), 101);
	holds(&f.b, much() + 100, MUCH - 100);
	plx_buf_clear(&from);
	end(&f);
}

Test(buf_queue, a_move_into_an_empty_one_is_all_of_it)
{
	struct fixture f;
	struct plx_buf to;

	begin(&f, 0);
	plx_buf_init(&to, 0, &support_sys.sys);
	cr_expect_eq(write_text(&f.b, "abc"), 3);
	cr_expect_eq(plx_buf_move(&to, &f.b), 0);
	cr_expect_eq(plx_buf_append(&to, "def", 3), 0);
	holds_text(&to, "abcdef");
	cr_expect_eq(write_text(&f.b, "xyz"), 3);
	holds_text(&f.b, "xyz");
	plx_buf_clear(&to);
	end(&f);
}

/* What grows F's buffer, which holds 100 bytes: its answer. */
static ssize_t
append_much(struct fixture *f)
{
	return plx_buf_append(&f->b, much(), MUCH);
}

static ssize_t
write_much(struct fixture *f)
{
	return plx_buf_write(&f->b, much(), MUCH) == -ENOMEM ? -ENOMEM : 0;
}

static ssize_t
write_far(struct fixture *f)
{
	ssize_t r;

	plx_buf_seek(&f->b, MUCH, SEEK_SET);
	r = plx_buf_write(&f->b, "x", 1);
	if (r < 0)
		plx_buf_seek(&f->b, 50, SEEK_SET);
	return r < 0 ? r : 0;
}

static ssize_t
truncate_far(struct fixture *f)
{
	return plx_buf_truncate(&f->b, MUCH);
}

static ssize_t
reserve_room(struct fixture *f)
{
	void *space;
	ssize_t r;

	plx_buf_append(&f->b, much() + 100, 156);
	r = plx_buf_reserve(&f->b, 0, &space);
	if (r >= 0)
		plx_buf_commit(&f->b, 0);
	plx_buf_truncate(&f->b, 100);
	return r < 0 ? r : 0;
}

static ssize_t
get_value(struct fixture *f)
{
	char *value;
	int r = plx_buf_getvalue(&f->b, &value, NULL);

	if (r == 0)
		f->b.sys->resize(f->b.sys, value, 0);
	return r;
}

/* Fails each allocation of GROW in turn; how many there were. */
static int
fail_each(ssize_t (*grow)(struct fixture *f))
{
	struct fixture f;
	ssize_t r = -1;
	int k = 0;

	begin(&f, 0);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	cr_assert_eq(plx_buf_append(&f.b, much(), 100), 0);
	plx_buf_seek(&f.b, 50, SEEK_SET);
	while (r != 0) {
		support_sys.fail_at = ++k;
		r = grow(&f);
		support_sys.fail_at = 0;
		if (r == 0)
			break;
		cr_assert_eq(r, -ENOMEM);
		cr_assert_eq(plx_buf_tell(&f.b), 50);
		cr_assert_eq(chunks(&f.b), 1, "room was kept");
		holds(&f.b, much(), 100);
	}
	end(&f);
	return k - 1;
}

Test(buf_queue, without_memory_nothing_changes)
{
	cr_expect_geq(fail_each(append_much), 4);
	cr_expect_geq(fail_each(write_much), 4);
	cr_expect_geq(fail_each(write_far), 4);
	cr_expect_geq(fail_each(truncate_far), 4);
	cr_expect_eq(fail_each(reserve_room), 1);
	cr_expect_eq(fail_each(get_value), 1);
}
