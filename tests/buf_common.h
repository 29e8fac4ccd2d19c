/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf_common.h: a buffer of the counting table, and what it holds.
 */
#ifndef PLX_BUF_COMMON_H
#define PLX_BUF_COMMON_H

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <pollux/buf.h>
#include "buf_int.h"
#include "support.h"

enum {
	MUCH = 60000, /* bytes: more than three full chunks */
	FULL = PLX__CHUNK_MOST
};

struct fixture {
	struct support_mark mark;
	struct plx_buf b;
	struct plx_chunks store; /* not in use unless b.spare is set */
};

static inline void
begin(struct fixture *f, size_t limit)
{
	memset(f, 0, sizeof(*f));
	f->mark = support_begin(NULL);
	plx_buf_init(&f->b, limit, &support_sys.sys);
	plx__chunks_init(&f->store, &support_sys.sys);
}

static inline void
end(struct fixture *f)
{
	plx_buf_clear(&f->b);
	plx__chunks_free(&f->store);
	support_end(f->mark, NULL);
}

/* Byte I of a long text that does not repeat itself soon; no newlines. */
static inline unsigned char
byte_at(size_t i)
{
	return (unsigned char)('a' + (i * 7 + i / 251) % 26);
}

/* The first MUCH bytes of it. */
static inline const unsigned char *
much(void)
{
	static unsigned char text[MUCH];

	for (size_t i = 0; i < MUCH; i++)
		text[i] = byte_at(i);
	return text;
}

/* Asserts that B holds exactly the N bytes of WANT. */
static inline void
holds(const struct plx_buf *b, const void *want, size_t n)
{
	char *value = NULL;
	size_t size = 4711;

	cr_assert_eq(plx_buf_length(b), n, "%zu bytes, not %zu",
		     plx_buf_length(b), n);
	cr_assert_eq(plx_buf_getvalue(b, &value, &size), 0);
	cr_assert_eq(size, n);
	cr_assert(n == 0 || memcmp(value, want, n) == 0, "other bytes");
	cr_assert_eq(value[n], '\0');
	b->sys->resize(b->sys, value, 0);
}

static inline void
holds_text(const struct plx_buf *b, const char *want)
{
	holds(b, want, strlen(want));
}

static inline ssize_t
write_text(struct plx_buf *b, const char *text)
{
	return plx_buf_write(b, text, strlen(text));
}

static inline unsigned long
allocations(void)
{
	return support_calls(&support_sys, SUPPORT_RESIZE);
}

/* How many chunks B has. */
static inline int
chunks(const struct plx_buf *b)
{
	int n = 0;

	for (const struct plx_chunk *c = b->first; c; c = c->next)
		n++;
	return n;
}

#endif
