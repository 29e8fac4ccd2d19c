/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf_model.c: random operations on a buffer, beside a plain array of bytes.
 *
 * Operations of both faces, with lengths around the sizes of chunks; some with
 * an allocation that fails, after which nothing may have changed.  Each answer
 * and, after each operation, the length, the position and the chain's
 * invariants are compared with the array's; the bytes now and then.
 */
#include <config.h>

#include "buf_model.h"

/* A number of bytes, often one around the size of a chunk. */
static size_t
some_length(struct model *m)
{
	switch (buf_model_chance(m, 8)) {
	case 0:
		return buf_model_chance(m, 2);
	case 1:
		return 254 + buf_model_chance(m, 5);
	case 2:
		return PLX__CHUNK_MOST - 2 + buf_model_chance(m, 5);
	case 3:
		return buf_model_chance(m, 50000);
	case 4:
		return buf_model_chance(m, 3000);
	default:
		return buf_model_chance(m, 40);
	}
}

/* Fills the first N bytes of TEXT, with many newlines and repetitions. */
static void
make_text(struct model *m, size_t n)
{
	static const char letters[] = "aaab\n";

	m->letters = (uint32_t)buf_model_chance(m, 65536) + 1;
	for (size_t i = 0; i < n; i++) {
		m->letters = m->letters * 1103515245 + 12345;
		m->text[i] = (unsigned char)letters[(m->letters >> 16) % 5];
	}
}

/* 1 when growing by N, which was answered by R, has happened; the reasons for
   which it has not are checked. */
static int
has_grown(struct model *m, size_t n, ssize_t r)
{
	if (m->limit && n > m->limit - m->length && n > 0) {
		SO(m, r == -EFBIG);
		return 0;
	}
	if (r == -ENOMEM) {
		SO(m, support_sys.fails && support_sys.fail_at == 0);
		m->failed++;
		return 0;
	}
	SO(m, r >= 0);
	return 1;
}

static void
do_append(struct model *m)
{
	size_t n = some_length(m);

	make_text(m, n);
	if (!has_grown(m, n, plx_buf_append(m->b, m->text, n)))
		return;
	memcpy(m->bytes + m->length, m->text, n);
	m->length += n;
}

static void
do_reserve(struct model *m)
{
	size_t n = some_length(m);
	void *space = NULL;
	ssize_t r = plx_buf_reserve(m->b, n, &space);

	if (!has_grown(m, 1, r))
		return;
	SO(m, r > 0);
	SO(m, n == 0 || (size_t)r <= n);
	SO(m, !m->limit || (size_t)r <= m->limit - m->length);
	if (buf_model_chance(m, 4) == 0) {
		/* Twice without a commit is the same room. */
		SO(m, plx_buf_reserve(m->b, n, &space) == r);
	}
	n = buf_model_chance(m, (size_t)r + 1);
	make_text(m, n);
	memcpy(space, m->text, n);
	memcpy(m->bytes + m->length, m->text, n);
	plx_buf_commit(m->b, n);
	m->length += n;
}

static void
do_write(struct model *m)
{
	size_t n = some_length(m), end = m->position + n, gap = 0;
	ssize_t r;

	make_text(m, n);
	r = plx_buf_write(m->b, m->text, n);
	if (n == 0) {
		SO(m, r == 0);
		return;
	}
	if (!has_grown(m, end > m->length ? end - m->length : 0, r))
		return;
	SO(m, (size_t)r == n);
	if (m->position > m->length)
		gap = m->position - m->length;
	memset(m->bytes + m->length, 0, gap);
	memcpy(m->bytes + m->position, m->text, n);
	m->length = end > m->length ? end : m->length;
	m->position = end;
}

static void
do_seek(struct model *m)
{
	size_t to = buf_model_chance(m, 4)
			    ? buf_model_chance(m, m->length + 1)
			    : m->length + buf_model_chance(m, 600);
	int64_t r;

	switch (buf_model_chance(m, 3)) {
	case 0:
		r = plx_buf_seek(m->b, (int64_t)to, SEEK_SET);
		break;
	case 1:
		r = plx_buf_seek(m->b, (int64_t)to - (int64_t)m->position,
				 SEEK_CUR);
		break;
	default:
		r = plx_buf_seek(m->b, (int64_t)to - (int64_t)m->length,
				 SEEK_END);
	}
	SO(m, r == (int64_t)to);
	m->position = to;
}

/* How many bytes there are from START on, N at most. */
static size_t
there(const struct model *m, size_t start, size_t n)
{
	return start < m->length ? plx__buf_least(n, m->length - start) : 0;
}

static void
do_read(struct model *m)
{
	size_t n = some_length(m), want = there(m, m->position, n);

	SO(m, plx_buf_read(m->b, m->text, n) == (ssize_t)want);
	SO(m, memcmp(m->text, m->bytes + m->position, want) == 0);
	m->position += want;
}

static void
do_readline(struct model *m)
{
	size_t n = some_length(m), most = there(m, m->position, n), want = 0;

	while (want < most && m->bytes[m->position + want++] != '\n')
		continue;
	SO(m, plx_buf_readline(m->b, (char *)m->text, n) == (ssize_t)want);
	SO(m, memcmp(m->text, m->bytes + m->position, want) == 0);
	m->position += want;
}

static void
do_copy(struct model *m)
{
	size_t start = buf_model_chance(m, m->length + 10), n = some_length(m);
	size_t want = there(m, start, n);

	SO(m, plx_buf_copy(m->b, start, m->text, n) == want);
	SO(m, memcmp(m->text, m->bytes + start, want) == 0);
}

static void
do_truncate(struct model *m)
{
	size_t size = buf_model_chance(m, 3)
			      ? m->length - there(m, 0, some_length(m))
			      : m->length + some_length(m);
	size_t more = size > m->length ? size - m->length : 0;

	if (!has_grown(m, more, plx_buf_truncate(m->b, size)))
		return;
	memset(m->bytes + m->length, 0, more);
	m->length = size;
}

/* N bytes at the beginning go. */
static void
consume(struct model *m, size_t n)
{
	size_t all = there(m, 0, n);

	plx_buf_consume(m->b, n);
	m->length -= all;
	memmove(m->bytes, m->bytes + all, m->length);
	m->position = m->position > all ? m->position - all : 0;
}

static void
do_consume(struct model *m)
{
	size_t n = some_length(m) * (1 + buf_model_chance(m, 3));
	const void *data;
	size_t together = plx_buf_peek(m->b, &data);

	SO(m, (together > 0) == (m->length > 0));
	SO(m, together == 0 || memcmp(data, m->bytes, together) == 0);
	consume(m, n);
}

static void
do_peekv(struct model *m)
{
	struct iovec iov[8];
	int n = plx_buf_peekv(m->b, iov, 8);
	size_t at = 0;

	for (int i = 0; i < n; i++) {
		SO(m, iov[i].iov_len > 0);
		SO(m, at + iov[i].iov_len <= m->length);
		SO(m,
		   memcmp(iov[i].iov_base, m->bytes + at, iov[i].iov_len) == 0);
		at += iov[i].iov_len;
	}
	SO(m, n == 8 || at == m->length);
}

static void
do_find(struct model *m)
{
	size_t start = buf_model_chance(m, m->length + 10),
	       n = 1 + buf_model_chance(m, 12);
	ssize_t want = -ENOENT;

	make_text(m, n);
	for (size_t i = start; i + n <= m->length && want < 0; i++) {
		if (memcmp(m->bytes + i, m->text, n) == 0)
			want = (ssize_t)i;
	}
	m->found += want >= 0;
	SO(m, plx_buf_find(m->b, start, m->text, n) == want);
}

/* Through another buffer and back, behind some bytes that are new. */
static void
do_move(struct model *m)
{
	struct plx_buf other;
	size_t n = some_length(m);

	plx_buf_init(&other, 0, &support_sys.sys);
	other.spare = m->b->spare;
	make_text(m, n);
	support_sys.fail_at = 0;
	SO(m, plx_buf_append(&other, m->text, n) == 0);
	if (has_grown(m, n, plx_buf_move(m->b, &other))) {
		SO(m, plx_buf_length(&other) == 0);
		memcpy(m->bytes + m->length, m->text, n);
		m->length += n;
	} else {
		SO(m, plx_buf_length(&other) == n);
	}
	plx_buf_clear(&other);
}

static void
do_clear(struct model *m)
{
	if (buf_model_chance(m, 20))
		return;
	plx_buf_clear(m->b);
	m->length = 0;
	m->position = 0;
}

static void
do_shrink(struct model *m)
{
	SO(m, plx__buf_shrink(m->b) == 0);
}

/* The chain is sound, and its places are those it says. */
static void
check_chain(struct model *m)
{
	const struct plx_chunk *c;
	const struct plx_chunk *last = NULL;
	size_t length = 0;

	SO(m, plx_buf_length(m->b) == m->length);
	SO(m, plx_buf_tell(m->b) == m->position);
	for (c = m->b->first; c; c = c->next) {
		SO(m, c->begin < c->end && c->end <= c->room);
		SO(m, c->room <= PLX__CHUNK_MOST);
		SO(m, c != m->b->at || m->b->at_start == length);
		length += plx__chunk_length(c);
		last = c;
	}
	SO(m, length == m->length);
	SO(m, last == m->b->last);
	SO(m, !m->b->at || m->b->at_start < length);
}

static void (*const operations[])(struct model *m) = {
	do_append,   do_reserve, do_write,    do_seek,	  do_read,
	do_readline, do_copy,	 do_truncate, do_consume, do_peekv,
	do_find,     do_move,	 do_clear,    do_shrink,
};

void
buf_model_step(struct model *m)
{
	size_t n = sizeof(operations) / sizeof(operations[0]);

	support_sys.fail_at =
		buf_model_chance(m, 8) ? 0 : (long)(1 + buf_model_chance(m, 3));
	operations[buf_model_chance(m, n)](m);
	support_sys.fail_at = 0;
	check_chain(m);
	if (m->length > m->high)
		consume(m, m->length - m->high / 2);
	if (m->op % 16 == 0)
		holds(m->b, m->bytes, m->length);
}

void
buf_model_begin(struct model *m)
{
	static const size_t limits[] = {0, 0, 300, 60000};

	m->limit = limits[buf_model_chance(m, 4)];
	m->length = 0;
	m->position = 0;
	begin(&m->f, m->limit);
	m->b = &m->f.b;
	if (buf_model_chance(m, 2))
		m->b->spare = &m->f.store;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
}

void
buf_model_end(struct model *m)
{
	holds(m->b, m->bytes, m->length);
	end(&m->f);
}
