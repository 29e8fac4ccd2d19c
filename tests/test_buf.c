/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_buf.c: a buffer as a file.
 *
 * Where Python's io.BytesIO has the same operation it does the same, but for
 * two, which go as lseek(2) and ftruncate(2) do: a seek before the start is
 * refused, wherever it is counted from, and truncating beyond the end fills up.
 */
#include <config.h>

#include "buf_common.h"

Test(buf, what_was_written_is_read_line_by_line_and_as_a_whole)
{
	struct plx_buf b = {0};
	char text[64];
	char *value = NULL;
	size_t size = 0;

	cr_expect_eq(write_text(&b, "First line.\n"), 12);
	cr_expect_eq(write_text(&b, "Second line.\n"), 13);
	cr_expect_eq(write_text(&b, "No newline"), 10);
	cr_expect_eq(plx_buf_tell(&b), 35);
	cr_expect_eq(plx_buf_read(&b, text, sizeof(text)), 0, "it is the end");

	cr_expect_eq(plx_buf_seek(&b, 0, SEEK_SET), 0);
	cr_expect_eq(plx_buf_read(&b, text, 5), 5);
	cr_expect_arr_eq(text, "First", 5);
	cr_expect_eq(plx_buf_readline(&b, text, sizeof(text)), 7);
	cr_expect_arr_eq(text, " line.\n", 7);
	cr_expect_eq(plx_buf_readline(&b, text, sizeof(text)), 13);
	cr_expect_arr_eq(text, "Second line.\n", 13);
	cr_expect_eq(plx_buf_readline(&b, text, sizeof(text)), 10);
	cr_expect_arr_eq(text, "No newline", 10);
	cr_expect_eq(plx_buf_readline(&b, text, sizeof(text)), 0);

	cr_expect_eq(plx_buf_getvalue(&b, &value, &size), 0);
	cr_expect_eq(size, 35);
	cr_expect_str_eq(value, "First line.\nSecond line.\nNo newline");
	free(value);
	plx_buf_clear(&b);
	cr_expect_eq(plx_buf_length(&b), 0);
}

Test(buf, a_zeroed_one_is_empty)
{
	struct plx_buf b = {0};
	char *value = NULL;
	char byte;

	cr_expect_eq(plx_buf_length(&b), 0);
	cr_expect_eq(plx_buf_tell(&b), 0);
	cr_expect_eq(plx_buf_read(&b, &byte, 1), 0);
	cr_expect_eq(plx_buf_readline(&b, &byte, 1), 0);
	cr_expect_eq(plx_buf_copy(&b, 0, &byte, 1), 0);
	cr_expect_eq(plx_buf_truncate(&b, 0), 0);
	cr_expect_eq(plx_buf_getvalue(&b, &value, NULL), 0);
	cr_expect_str_eq(value, "");
	free(value);
}

Test(buf, seeking_goes_from_the_start_the_position_and_the_end)
{
	struct fixture f;

	begin(&f, 0);
	cr_expect_eq(write_text(&f.b, "0123456789"), 10);
	cr_expect_eq(plx_buf_seek(&f.b, 3, SEEK_SET), 3);
	cr_expect_eq(plx_buf_seek(&f.b, 4, SEEK_CUR), 7);
	cr_expect_eq(plx_buf_seek(&f.b, -2, SEEK_CUR), 5);
	cr_expect_eq(plx_buf_seek(&f.b, -1, SEEK_END), 9);
	cr_expect_eq(plx_buf_seek(&f.b, 5, SEEK_END), 15);
	cr_expect_eq(plx_buf_tell(&f.b), 15);
	end(&f);
}

Test(buf, a_seek_that_cannot_be_leaves_the_position)
{
	struct fixture f;

	begin(&f, 0);
	cr_expect_eq(write_text(&f.b, "0123456789"), 10);
	cr_expect_eq(plx_buf_seek(&f.b, -1, SEEK_SET), -EINVAL);
	cr_expect_eq(plx_buf_seek(&f.b, -11, SEEK_CUR), -EINVAL);
	cr_expect_eq(plx_buf_seek(&f.b, -11, SEEK_END), -EINVAL);
	cr_expect_eq(plx_buf_seek(&f.b, INT64_MIN, SEEK_END), -EINVAL);
	cr_expect_eq(plx_buf_seek(&f.b, 0, 4711), -EINVAL);
	cr_expect_eq(plx_buf_seek(&f.b, INT64_MAX, SEEK_CUR), -EOVERFLOW);
	cr_expect_eq(plx_buf_tell(&f.b), 10);
	end(&f);
}

Test(buf, a_read_past_the_end_finds_nothing)
{
	struct fixture f;
	char text[4] = "xyz";

	begin(&f, 0);
	cr_expect_eq(write_text(&f.b, "abc"), 3);
	cr_expect_eq(plx_buf_seek(&f.b, 100, SEEK_SET), 100);
	cr_expect_eq(plx_buf_read(&f.b, text, sizeof(text)), 0);
	cr_expect_eq(plx_buf_readline(&f.b, text, sizeof(text)), 0);
	cr_expect_str_eq(text, "xyz");
	cr_expect_eq(plx_buf_tell(&f.b), 100);
	holds_text(&f.b, "abc");
	end(&f);
}

Test(buf, a_write_past_the_end_fills_the_gap_with_zeros)
{
	struct fixture f;

	begin(&f, 0);
	cr_expect_eq(write_text(&f.b, "abc"), 3);
	cr_expect_eq(plx_buf_seek(&f.b, 6, SEEK_SET), 6);
	cr_expect_eq(write_text(&f.b, ""), 0);
	holds_text(&f.b, "abc");
	cr_expect_eq(write_text(&f.b, "xy"), 2);
	holds(&f.b, "abc\0\0\0xy", 8);
	cr_expect_eq(plx_buf_tell(&f.b), 8);
	end(&f);
}

Test(buf, a_gap_of_many_chunks_is_zeros)
{
	struct fixture f;
	unsigned char *want = calloc(1, MUCH + 1);

	begin(&f, 0);
	/* Used memory, so that zeros do not come by chance. */
	cr_expect_eq(plx_buf_append(&f.b, much(), MUCH), 0);
	plx_buf_clear(&f.b);
	cr_expect_eq(plx_buf_seek(&f.b, MUCH, SEEK_SET), MUCH);
	cr_expect_eq(plx_buf_write(&f.b, "x", 1), 1);
	want[MUCH] = 'x';
	holds(&f.b, want, MUCH + 1);
	free(want);
	end(&f);
}

Test(buf, a_write_goes_over_what_is_there_and_on_past_the_end)
{
	struct fixture f;

	begin(&f, 0);
	cr_expect_eq(write_text(&f.b, "0123456789"), 10);
	cr_expect_eq(plx_buf_seek(&f.b, 2, SEEK_SET), 2);
	cr_expect_eq(write_text(&f.b, "ab"), 2);
	holds_text(&f.b, "01ab456789");
	cr_expect_eq(plx_buf_tell(&f.b), 4);
	cr_expect_eq(plx_buf_seek(&f.b, 8, SEEK_SET), 8);
	cr_expect_eq(write_text(&f.b, "cdef"), 4);
	holds_text(&f.b, "01ab4567cdef");
	cr_expect_eq(plx_buf_tell(&f.b), 12);
	end(&f);
}

Test(buf, a_write_over_several_chunks_changes_its_bytes_only)
{
	struct fixture f;
	unsigned char *want = malloc(MUCH);

	begin(&f, 0);
	memcpy(want, much(), MUCH);
	memset(want + 100, '!', MUCH - 200);
	cr_expect_eq(plx_buf_append(&f.b, much(), MUCH), 0);
	cr_expect_gt(chunks(&f.b), 2);
	cr_expect_eq(plx_buf_seek(&f.b, 100, SEEK_SET), 100);
	cr_expect_eq(plx_buf_write(&f.b, want + 100, MUCH - 200), MUCH - 200);
	holds(&f.b, want, MUCH);
	free(want);
	end(&f);
}

Test(buf, a_line_may_lie_in_several_chunks)
{
	struct fixture f;
	char *line = malloc(MUCH + 1);

	begin(&f, 0);
	cr_expect_eq(write_text(&f.b, "short\n"), 6);
	cr_expect_eq(plx_buf_write(&f.b, much(), MUCH), MUCH);
	cr_expect_eq(write_text(&f.b, "\nlast"), 5);
	cr_expect_eq(plx_buf_seek(&f.b, 6, SEEK_SET), 6);
	cr_expect_eq(plx_buf_readline(&f.b, line, 10), 10, "no more room");
	cr_expect_arr_eq(line, much(), 10);
	cr_expect_eq(plx_buf_readline(&f.b, line, MUCH + 1), MUCH - 10 + 1);
	cr_expect_arr_eq(line, much() + 10, MUCH - 10);
	cr_expect_eq(line[MUCH - 10], '\n');
	cr_expect_eq(plx_buf_readline(&f.b, line, 0), 0);
	cr_expect_eq(plx_buf_readline(&f.b, line, MUCH), 4);
	cr_expect_arr_eq(line, "last", 4);
	free(line);
	end(&f);
}

Test(buf, truncating_leaves_the_position)
{
	struct fixture f;
	char text[8];

	begin(&f, 0);
	cr_expect_eq(write_text(&f.b, "0123456789"), 10);
	cr_expect_eq(plx_buf_truncate(&f.b, 4), 0);
	holds_text(&f.b, "0123");
	cr_expect_eq(plx_buf_tell(&f.b), 10);
	cr_expect_eq(plx_buf_read(&f.b, text, sizeof(text)), 0);
	cr_expect_eq(plx_buf_truncate(&f.b, 0), 0);
	cr_expect_eq(plx_buf_tell(&f.b), 10);
	cr_expect_eq(write_text(&f.b, "x"), 1);
	holds(&f.b, "\0\0\0\0\0\0\0\0\0\0x", 11);
	end(&f);
}

Test(buf, truncating_beyond_the_end_fills_up_with_zeros_as_a_file_does)
{
	struct fixture f;

	begin(&f, 0);
	cr_expect_eq(write_text(&f.b, "abcdef"), 6);
	cr_expect_eq(plx_buf_truncate(&f.b, 3), 0);
	cr_expect_eq(plx_buf_truncate(&f.b, 6), 0);
	holds(&f.b, "abc\0\0\0", 6);
	end(&f);
}

Test(buf, what_is_cut_off_is_freed)
{
	struct fixture f;
	long blocks;

	begin(&f, 0);
	cr_expect_eq(plx_buf_append(&f.b, much(), 100), 0);
	blocks = support_sys.blocks;
	cr_expect_eq(plx_buf_append(&f.b, much() + 100, MUCH - 100), 0);
	cr_expect_gt(support_sys.blocks, blocks + 2);
	cr_expect_eq(plx_buf_truncate(&f.b, 100), 0);
	cr_expect_eq(support_sys.blocks, blocks);
	holds(&f.b, much(), 100);
	cr_expect_eq(plx_buf_truncate(&f.b, 0), 0);
	cr_expect_eq(support_sys.blocks, blocks - 1);
	end(&f);
}

Test(buf, the_limit_holds_for_each_way_of_growing)
{
	struct fixture f;
	void *space;

	begin(&f, 10);
	cr_expect_eq(write_text(&f.b, "0123456789x"), -EFBIG);
	cr_expect_eq(plx_buf_append(&f.b, "0123456789x", 11), -EFBIG);
	cr_expect_eq(plx_buf_truncate(&f.b, 11), -EFBIG);
	cr_expect_eq(plx_buf_seek(&f.b, 10, SEEK_SET), 10);
	cr_expect_eq(write_text(&f.b, "x"), -EFBIG, "the gap counts");
	holds_text(&f.b, "");
	cr_expect_eq(plx_buf_tell(&f.b), 10);

	cr_expect_eq(plx_buf_append(&f.b, "0123456", 7), 0);
	cr_expect_eq(plx_buf_reserve(&f.b, 0, &space), 3);
	memcpy(space, "789", 3);
	plx_buf_commit(&f.b, 3);
	cr_expect_eq(plx_buf_reserve(&f.b, 0, &space), -EFBIG);
	cr_expect_eq(plx_buf_append(&f.b, "x", 1), -EFBIG);
	cr_expect_eq(plx_buf_append(&f.b, "", 0), 0);
	cr_expect_eq(plx_buf_seek(&f.b, 8, SEEK_SET), 8);
	cr_expect_eq(write_text(&f.b, "ab"), 2, "it does not grow");
	holds_text(&f.b, "01234567ab");
	plx_buf_clear(&f.b);
	cr_expect_eq(plx_buf_append(&f.b, "0123456789x", 11), -EFBIG);
	end(&f);
}

Test(buf, a_length_without_a_number_is_refused)
{
	struct fixture f;
	size_t n = (size_t)SSIZE_MAX + 1;
	char byte = 0;

	begin(&f, 0);
	cr_expect_eq(plx_buf_write(&f.b, &byte, n), -EINVAL);
	cr_expect_eq(plx_buf_read(&f.b, &byte, n), -EINVAL);
	cr_expect_eq(plx_buf_readline(&f.b, &byte, n), -EINVAL);
	cr_expect_eq(plx_buf_append(&f.b, &byte, n), -EINVAL);
	cr_expect_eq(plx_buf_truncate(&f.b, n), -EFBIG);
	cr_expect_eq(plx_buf_seek(&f.b, SSIZE_MAX, SEEK_SET), SSIZE_MAX);
	cr_expect_eq(plx_buf_write(&f.b, &byte, 1), -EFBIG);
	holds_text(&f.b, "");
	end(&f);
}

/* Reads the byte at the position with the beginning of the chain out of sight:
   it must not be looked at. */
static unsigned char
read_without_first(struct plx_buf *b)
{
	struct plx_chunk *first = b->first;
	unsigned char byte = 0;

	b->first = NULL;
	cr_expect_eq(plx_buf_read(b, &byte, 1), 1);
	b->first = first;
	return byte;
}

Test(buf, reading_on_and_at_the_end_does_not_walk_from_the_start)
{
	struct fixture f;
	char byte;

	begin(&f, 0);
	cr_expect_eq(plx_buf_append(&f.b, much(), MUCH), 0);
	cr_expect_eq(plx_buf_seek(&f.b, -1, SEEK_END), MUCH - 1);
	cr_expect_eq(read_without_first(&f.b), byte_at(MUCH - 1));
	cr_expect_eq(plx_buf_seek(&f.b, 20000, SEEK_SET), 20000);
	cr_expect_eq(plx_buf_read(&f.b, &byte, 1), 1);
	cr_expect_eq(read_without_first(&f.b), byte_at(20001));
	cr_expect_eq(plx_buf_seek(&f.b, 20000, SEEK_CUR), 40002);
	cr_expect_eq(read_without_first(&f.b), byte_at(40002));
	end(&f);
}
