/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf.c: a buffer's chain of chunks, and its face as a queue.
 *
 * Invariants.  Every chunk from FIRST to LAST has bytes.  What lies behind LAST
 * is room: chunks that are empty, made before bytes are put anywhere, so that a
 * want of memory is known while nothing has changed.  Between two calls there
 * is none but what plx_buf_reserve has given out.  LAST is NULL when there are
 * no bytes; the room then begins at FIRST.
 *
 * AT is a chunk with bytes and AT_START the offset of its first one: reading on
 * or writing on from the position does not walk the chain.
 */
#include <config.h>

#include "buf_int.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/uio.h>
#include "sys.h"

void
plx_buf_init(struct plx_buf *b, size_t limit, const struct plx_sys *sys)
{
	*b = (struct plx_buf){.limit = limit, .sys = sys};
}

static void
free_chunks(struct plx_buf *b, struct plx_chunk *c)
{
	plx__chunk_free_all(plx__sys_or_real(b->sys), b->spare, c);
}

void
plx_buf_clear(struct plx_buf *b)
{
	free_chunks(b, b->first);
	b->first = NULL;
	b->last = NULL;
	b->at = NULL;
	b->length = 0;
	b->position = 0;
}

size_t
plx_buf_length(const struct plx_buf *b)
{
	return b->length;
}

/* Where the room behind the last chunk hangs. */
static struct plx_chunk **
behind(struct plx_buf *b)
{
	return b->last ? &b->last->next : &b->first;
}

static size_t
last_room(const struct plx_buf *b)
{
	return b->last ? b->last->room - b->last->end : 0;
}

void
plx__buf_drop_room(struct plx_buf *b)
{
	struct plx_chunk **room = behind(b);

	free_chunks(b, *room);
	*room = NULL;
}

/* How many bytes more B may hold. */
static size_t
may_grow(const struct plx_buf *b)
{
	size_t most = b->limit && b->limit < SSIZE_MAX ? b->limit : SSIZE_MAX;

	return most > b->length ? most - b->length : 0;
}

static struct plx_chunk *
new_chunk(struct plx_buf *b, size_t wanted)
{
	size_t room = wanted > b->length ? wanted : b->length;

	if (room < PLX__CHUNK_LEAST)
		room = PLX__CHUNK_LEAST;
	if (room > PLX__CHUNK_MOST)
		room = PLX__CHUNK_MOST;
	return plx__chunk_new(plx__sys_or_real(b->sys), b->spare, room);
}

int
plx__buf_ensure(struct plx_buf *b, size_t n)
{
	struct plx_chunk **c = behind(b);
	size_t have = last_room(b);

	if (n > may_grow(b))
		return -EFBIG;
	for (; have < n; c = &(*c)->next) {
		if (!*c)
			*c = new_chunk(b, n - have);
		if (!*c) {
			plx__buf_drop_room(b);
			return -ENOMEM;
		}
		have += (*c)->room;
	}
	return 0;
}

/* The chunk that the next byte goes to. */
static struct plx_chunk *
open_chunk(struct plx_buf *b)
{
	if (last_room(b) == 0)
		b->last = *behind(b);
	return b->last;
}

void
plx__buf_put(struct plx_buf *b, const void *data, size_t n)
{
	const unsigned char *from = data;

	while (n > 0) {
		struct plx_chunk *c = open_chunk(b);
		size_t m = plx__buf_least(n, c->room - c->end);

		if (from) {
			memcpy(c->data + c->end, from, m);
			from += m;
		} else {
			memset(c->data + c->end, 0, m);
		}
		c->end += (uint32_t)m;
		b->length += m;
		n -= m;
	}
}

int
plx_buf_append(struct plx_buf *b, const void *data, size_t n)
{
	int err;

	if (n > SSIZE_MAX)
		return -EINVAL;
	err = plx__buf_ensure(b, n);
	if (err < 0)
		return err;
	if (n > 0)
		plx__buf_put(b, data, n);
	return 0;
}

ssize_t
plx_buf_reserve(struct plx_buf *b, size_t n, void **space)
{
	struct plx_chunk *c = b->last;
	size_t most = may_grow(b);

	if (most == 0)
		return -EFBIG;
	if (last_room(b) == 0) {
		if (!*behind(b))
			*behind(b) = new_chunk(b, plx__buf_least(n, most));
		c = *behind(b);
	}
	if (!c)
		return -ENOMEM;
	most = plx__buf_least(most, c->room - c->end);
	*space = c->data + c->end;
	return (ssize_t)(n > 0 ? plx__buf_least(n, most) : most);
}

void
plx_buf_commit(struct plx_buf *b, size_t n)
{
	if (n > 0)
		open_chunk(b)->end += (uint32_t)n;
	b->length += n;
	plx__buf_drop_room(b);
}

size_t
plx_buf_peek(const struct plx_buf *b, const void **data)
{
	if (b->length == 0)
		return 0;
	*data = b->first->data + b->first->begin;
	return plx__chunk_length(b->first);
}

int
plx_buf_peekv(const struct plx_buf *b, struct iovec *iov, int n)
{
	struct plx_chunk *c = b->length > 0 ? b->first : NULL;
	int i;

	for (i = 0; i < n && c; i++) {
		iov[i].iov_base = c->data + c->begin;
		iov[i].iov_len = plx__chunk_length(c);
		c = c == b->last ? NULL : c->next;
	}
	return i;
}

/* Frees the first chunk, which had some bytes. */
static void
drop_first(struct plx_buf *b)
{
	struct plx_chunk *c = b->first;

	b->first = c->next;
	if (b->at == c)
		b->at = NULL;
	if (b->last == c)
		b->last = NULL;
	plx__chunk_free(plx__sys_or_real(b->sys), b->spare, c);
}

/* N bytes at the beginning are gone, and the chunks that had them. */
static void
move_places(struct plx_buf *b, size_t n)
{
	b->length -= n;
	b->position = b->position > n ? b->position - n : 0;
	if (b->at)
		b->at_start = b->at == b->first ? 0 : b->at_start - n;
}

void
plx_buf_consume(struct plx_buf *b, size_t n)
{
	size_t all = plx__buf_least(n, b->length), left = all;

	while (left > 0) {
		size_t m = plx__chunk_length(b->first);

		if (left < m) {
			b->first->begin += (uint32_t)left;
			break;
		}
		left -= m;
		drop_first(b);
	}
	move_places(b, all);
}

int
plx_buf_move(struct plx_buf *to, struct plx_buf *from)
{
	if (to == from)
		return 0;
	if (from->length > may_grow(to))
		return -EFBIG;
	plx__buf_drop_room(to);
	plx__buf_drop_room(from);
	if (from->length == 0)
		return 0;
	*behind(to) = from->first;
	to->last = from->last;
	to->length += from->length;
	from->first = NULL;
	from->last = NULL;
	from->at = NULL;
	move_places(from, from->length);
	return 0;
}

int
plx__buf_shrink(struct plx_buf *b)
{
	const struct plx_sys *sys = plx__sys_or_real(b->sys);
	size_t room = 0, right;
	struct plx_chunk *c, *one;

	plx__buf_drop_room(b);
	/* Before the walk: much that is unread is in many chunks. */
	right = b->length > PLX__CHUNK_LEAST ? b->length : PLX__CHUNK_LEAST;
	if (right > PLX__CHUNK_MOST / 4)
		return 0;
	for (c = b->first; c; c = c->next)
		room += c->room;
	if (right >= room / 4)
		return 0;
	one = plx__chunk_new(sys, NULL, right);
	if (!one)
		return 0;
	plx_buf_copy(b, 0, one->data, b->length);
	one->end = (uint32_t)b->length;
	free_chunks(b, b->first);
	b->first = one;
	b->last = one;
	b->at = NULL;
	return 0;
}
