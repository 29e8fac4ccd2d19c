/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf_find.c: places in a buffer: where a byte lies, what is there, and where
 * some bytes are.
 *
 * Nothing changes here, the known place (AT) included; it is only made use of.
 * What is looked for may lie in several chunks: its first byte is looked for
 * in each chunk, and the others are compared from there on.
 */
#include <config.h>

#include "buf_int.h"

#include <errno.h>
#include <string.h>

struct plx_chunk *
plx__buf_locate(const struct plx_buf *b, size_t offset, size_t *start)
{
	size_t last_start = b->length - plx__chunk_length(b->last);
	struct plx_chunk *c = b->first;
	size_t from = 0;

	if (offset >= last_start) {
		*start = last_start;
		return b->last;
	}
	if (b->at && offset >= b->at_start) {
		c = b->at;
		from = b->at_start;
	}
	while (offset - from >= plx__chunk_length(c)) {
		from += plx__chunk_length(c);
		c = c->next;
	}
	*start = from;
	return c;
}

size_t
plx_buf_copy(const struct plx_buf *b, size_t start, void *data, size_t n)
{
	unsigned char *to = data;
	size_t from, done = 0;
	struct plx_chunk *c;

	if (start >= b->length)
		return 0;
	n = plx__buf_least(n, b->length - start);
	c = plx__buf_locate(b, start, &from);
	for (start -= from; done < n; c = c->next, start = 0) {
		size_t m =
			plx__buf_least(n - done, plx__chunk_length(c) - start);

		memcpy(to + done, c->data + c->begin + start, m);
		done += m;
	}
	return n;
}

/* 1 when the N bytes of WHAT lie at C's place I and on in the chunks behind it,
   which have as many. */
static int
is_here(const struct plx_chunk *c, size_t i, const unsigned char *what,
	size_t n)
{
	for (;; c = c->next, i = 0) {
		size_t m = plx__buf_least(n, plx__chunk_length(c) - i);

		if (memcmp(c->data + c->begin + i, what, m) != 0)
			return 0;
		what += m;
		n -= m;
		if (n == 0)
			return 1;
	}
}

/* Where WHAT begins among the places [I, END) of C, or END. */
static size_t
find_in(const struct plx_chunk *c, size_t i, size_t end, const void *what,
	size_t n)
{
	const unsigned char *data = c->data + c->begin, *hit;

	for (; i < end; i++) {
		hit = memchr(data + i, *(const unsigned char *)what, end - i);
		if (!hit)
			return end;
		i = (size_t)(hit - data);
		if (is_here(c, i, what, n))
			return i;
	}
	return end;
}

ssize_t
plx_buf_find(const struct plx_buf *b, size_t start, const void *what, size_t n)
{
	size_t from, places;
	struct plx_chunk *c;

	if (n == 0)
		return -EINVAL;
	if (start >= b->length || n > b->length - start)
		return -ENOENT;
	places = b->length - n + 1;
	for (c = plx__buf_locate(b, start, &from); from < places; c = c->next) {
		size_t end =
			plx__buf_least(plx__chunk_length(c), places - from);
		size_t i = find_in(c, start > from ? start - from : 0, end,
				   what, n);

		if (i < end)
			return (ssize_t)(from + i);
		from += plx__chunk_length(c);
	}
	return -ENOENT;
}
