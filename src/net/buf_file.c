/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf_file.c: a buffer's face as a file.
 *
 * The position is a number and nothing more: it may lie past the end, where a
 * read finds nothing and a write fills the gap.  As in a file, truncating does
 * not move it.
 */
#include <config.h>

#include "buf_int.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "sys.h"

size_t
plx_buf_tell(const struct plx_buf *b)
{
	return b->position;
}

int64_t
plx_buf_seek(struct plx_buf *b, int64_t offset, int whence)
{
	uint64_t from = 0;

	if (whence == SEEK_CUR)
		from = b->position;
	else if (whence == SEEK_END)
		from = b->length;
	else if (whence != SEEK_SET)
		return -EINVAL;
	/* FROM is at most INT64_MAX: here it goes no further. */
	if (offset < 0 && from < (uint64_t)0 - (uint64_t)offset)
		return -EINVAL;
	from += (uint64_t)offset;
	if (from > INT64_MAX || from > SIZE_MAX)
		return -EOVERFLOW;
	b->position = (size_t)from;
	return (int64_t)from;
}

/* The chunk of the position, which is below the length, and how far into it
   that is. */
static struct plx_chunk *
find_position(struct plx_buf *b, size_t *into)
{
	b->at = plx__buf_locate(b, b->position, &b->at_start);
	*into = b->position - b->at_start;
	return b->at;
}

/* Writes over N bytes that are there. */
static void
overwrite(struct plx_buf *b, const unsigned char *data, size_t n)
{
	while (n > 0) {
		size_t into;
		struct plx_chunk *c = find_position(b, &into);
		size_t m = plx__buf_least(n, plx__chunk_length(c) - into);

		memcpy(c->data + c->begin + into, data, m);
		b->position += m;
		data += m;
		n -= m;
	}
}

ssize_t
plx_buf_write(struct plx_buf *b, const void *data, size_t n)
{
	size_t gap, old = 0;
	int err;

	if (n > SSIZE_MAX)
		return -EINVAL;
	if (n == 0)
		return 0;
	if (b->position > SSIZE_MAX - n)
		return -EFBIG;
	if (b->position < b->length)
		old = plx__buf_least(n, b->length - b->position);
	gap = b->position > b->length ? b->position - b->length : 0;
	err = plx__buf_ensure(b, gap + n - old);
	if (err < 0)
		return err;
	overwrite(b, data, old);
	plx__buf_put(b, NULL, gap);
	plx__buf_put(b, (const unsigned char *)data + old, n - old);
	b->position += n - old;
	return (ssize_t)n;
}

ssize_t
plx_buf_read(struct plx_buf *b, void *data, size_t n)
{
	unsigned char *to = data;
	size_t left;

	if (n > SSIZE_MAX)
		return -EINVAL;
	if (b->position >= b->length)
		return 0;
	n = plx__buf_least(n, b->length - b->position);
	for (left = n; left > 0;) {
		size_t into;
		struct plx_chunk *c = find_position(b, &into);
		size_t m = plx__buf_least(left, plx__chunk_length(c) - into);

		memcpy(to, c->data + c->begin + into, m);
		b->position += m;
		to += m;
		left -= m;
	}
	return (ssize_t)n;
}

ssize_t
plx_buf_readline(struct plx_buf *b, char *line, size_t n)
{
	size_t done = 0;
	const void *newline = NULL;

	if (n > SSIZE_MAX)
		return -EINVAL;
	while (done < n && b->position < b->length && !newline) {
		size_t into;
		struct plx_chunk *c = find_position(b, &into);
		const unsigned char *from = c->data + c->begin + into;
		size_t m =
			plx__buf_least(n - done, plx__chunk_length(c) - into);

		newline = memchr(from, '\n', m);
		if (newline)
			m = (size_t)((const unsigned char *)newline - from) + 1;
		memcpy(line + done, from, m);
		b->position += m;
		done += m;
	}
	return (ssize_t)done;
}

int
plx_buf_getvalue(const struct plx_buf *b, char **value, size_t *size)
{
	const struct plx_sys *sys = plx__sys_or_real(b->sys);
	char *all = sys->resize(sys, NULL, b->length + 1);

	if (!all)
		return -ENOMEM;
	plx_buf_copy(b, 0, all, b->length);
	all[b->length] = '\0';
	*value = all;
	if (size)
		*size = b->length;
	return 0;
}

/* Drops all from SIZE on, which is below the length and not 0. */
static void
cut(struct plx_buf *b, size_t size)
{
	size_t start;

	b->last = plx__buf_locate(b, size - 1, &start);
	b->last->end = b->last->begin + (uint32_t)(size - start);
	b->length = size;
	if (b->at && b->at_start >= size)
		b->at = NULL;
	plx__buf_drop_room(b);
}

int
plx_buf_truncate(struct plx_buf *b, size_t size)
{
	size_t position = b->position;
	int err;

	if (size == 0) {
		plx_buf_clear(b);
		b->position = position;
		return 0;
	}
	if (size < b->length) {
		cut(b, size);
		return 0;
	}
	err = plx__buf_ensure(b, size - b->length);
	if (err == 0)
		plx__buf_put(b, NULL, size - b->length);
	return err;
}
