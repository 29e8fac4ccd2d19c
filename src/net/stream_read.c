/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_read.c: how a stream is read.
 *
 * A plx_stream_read that finds nothing unread goes straight to the caller's
 * memory by one plx_recv: an echoed message passes no other code of a stream.
 * Everything else goes through the buffer (stream_input.c), and a call that
 * ends early leaves all that it has gathered there for the next one.
 *
 * plx_recv does not tell its wait's errors from the kernel's, and a socket
 * tells an error once, then 0.  After an error that may be either, the kernel
 * is asked again: if it has nothing to say, the error was the wait's.
 */
#include <config.h>

#include "stream_int.h"

#include <limits.h>
#include <string.h>
#include <pollux/io.h>
#include <pollux/task.h>
#include "buf_int.h"

/* Makes the running task the one that reads. */
static int
begin(struct plx_stream *s, size_t n, int64_t deadline)
{
	int r = plx__stream_begin(s, deadline);

	if (r < 0)
		return r;
	if (s->flags & PLX__STREAM_READING)
		return -EBUSY;
	if (n > SSIZE_MAX)
		return -EINVAL;
	s->flags |= PLX__STREAM_READING;
	return 0;
}

static void
finish(struct plx_stream *s)
{
	s->flags &= (unsigned char)~PLX__STREAM_READING;
}

static inline void
consume(struct plx_stream *s, size_t n)
{
	plx_buf_consume(&s->in, n);
	s->scanned = s->scanned > n ? s->scanned - n : 0;
}

/* Up to N unread bytes. */
static ssize_t
take(struct plx_stream *s, void *buf, size_t n)
{
	const void *data = NULL;
	size_t together = plx_buf_peek(&s->in, &data);

	if (n <= together)
		memcpy(buf, data, n);
	else
		n = plx_buf_copy(&s->in, 0, buf, n);
	consume(s, n);
	return (ssize_t)n;
}

static __attribute__((noinline)) ssize_t
read_slowly(struct plx_stream *s, void *buf, size_t n, int64_t deadline)
{
	ssize_t got = begin(s, n, deadline);

	if (got < 0)
		return got;
	if (n > 0 && s->in.length > 0)
		got = take(s, buf, n);
	else if (n > 0)
		got = plx__stream_input(s, buf, n, PLX__STREAM_LAST_WAIT,
					deadline);
	finish(s);
	return got;
}

/* plx_recv has failed with ERROR: who says so?  When it is the deadline, which
   has passed then, the end may have come since. */
static ssize_t
ask_again(struct plx_stream *s, void *buf, size_t n, int64_t deadline,
	  int error)
{
	ssize_t got = plx__stream_receive(s, buf, n);

	if (got == -EAGAIN)
		return error;
	if (got > 0 || plx__stream_passes(got))
		return got;
	if (error == -ETIMEDOUT && deadline >= 0 &&
	    s->sys->now(s->sys) >= deadline)
		return got;
	return plx__stream_end(s, error);
}

/* The straight way ended with GOT, 0 or an error. */
static __attribute__((noinline)) ssize_t
not_straight(struct plx_stream *s, void *buf, size_t n, int64_t deadline,
	     int got)
{
	switch (got) {
	case 0:
		return n > 0 ? plx__stream_end(s, 0) : 0;
	case -EPERM:
	case -EBUSY:
	case -EINVAL:
	case -ESHUTDOWN:
		return got;
	case -ECANCELED:
		if (!plx__stream_ends(s, NULL))
			return got;
		s->short_read = 1;
		return read_slowly(s, buf, n, deadline);
	case -EINTR:
		return read_slowly(s, buf, n, deadline);
	default:
		return ask_again(s, buf, n, deadline, got);
	}
}

ssize_t
plx_stream_read(struct plx_stream *s, void *buf, size_t n, int64_t deadline)
{
	const unsigned bars = PLX__STREAM_FILE | PLX__STREAM_CLOSED |
			      PLX__STREAM_READING | PLX__STREAM_ENDED |
			      PLX__STREAM_FAILED | PLX__STREAM_WAIT;
	ssize_t got;

	if (s->flags & bars || s->in.length > 0 || deadline == 0)
		return read_slowly(s, buf, n, deadline);
	s->flags |= PLX__STREAM_READING;
	got = plx_recv(s->fd, buf, n, deadline);
	finish(s);
	if (got <= 0)
		return not_straight(s, buf, n, deadline, (int)got);
	s->short_read = (size_t)got < n;
	return got;
}

/* Makes N bytes be there: 0; -ENODATA. */
static ssize_t
gather(struct plx_stream *s, size_t n, int64_t deadline)
{
	ssize_t got;

	while (s->in.length < n) {
		got = plx__stream_more(s, deadline);
		if (got <= 0)
			return got < 0 ? got : -ENODATA;
	}
	return 0;
}

ssize_t
plx_stream_readexactly(struct plx_stream *s, void *buf, size_t n,
		       int64_t deadline)
{
	ssize_t r = begin(s, n, deadline);

	if (r < 0)
		return r;
	r = gather(s, n, deadline);
	if (r == 0 && n > 0)
		r = take(s, buf, n);
	finish(s);
	return r;
}

ssize_t
plx_stream_fill(struct plx_stream *s, size_t n, int64_t deadline)
{
	ssize_t r = begin(s, n, deadline);

	if (r < 0)
		return r;
	r = gather(s, n, deadline);
	if (r == 0 || r == -ENODATA)
		r = (ssize_t)s->in.length;
	finish(s);
	return r;
}

/* SCANNED counts if it was for the same bytes. */
static void
begin_search(struct plx_stream *s, const void *what, size_t m)
{
	if (m == s->sought_length && s->sought[0] == *(const char *)what &&
	    (m == 1 || memcmp(s->sought, what, m) == 0))
		return;
	s->scanned = 0;
	s->sought_length = 0;
	if (m > sizeof(s->sought))
		return;
	memcpy(s->sought, what, m);
	s->sought_length = (unsigned char)m;
}

/* Where WHAT begins behind what was scanned: mostly one byte, in one piece. */
static ssize_t
find(const struct plx_stream *s, const void *what, size_t m)
{
	const void *data = NULL;
	size_t n = plx_buf_peek(&s->in, &data);
	const char *hit;

	if (s->scanned >= s->in.length)
		return -ENOENT;
	if (m > 1 || n < s->in.length)
		return plx_buf_find(&s->in, s->scanned, what, m);
	hit = memchr((const char *)data + s->scanned, *(const char *)what,
		     n - s->scanned);
	return hit ? hit - (const char *)data : -ENOENT;
}

/* How many bytes there are up to and with WHAT, which must be MOST at most. */
static ssize_t
search(struct plx_stream *s, const void *what, size_t m, size_t most,
       int64_t deadline)
{
	ssize_t at, got;

	begin_search(s, what, m);
	for (;;) {
		at = find(s, what, m);
		if (at >= 0 && (size_t)at + m <= most)
			return at + (ssize_t)m;
		if (at >= 0)
			return -EMSGSIZE;
		if (s->in.length >= m)
			s->scanned = s->in.length - m + 1;
		if (s->in.length >= most)
			return -EMSGSIZE;
		got = plx__stream_more(s, deadline);
		if (got <= 0)
			return got < 0 ? got : -ENODATA;
	}
}

/* LAST: what comes before the end counts without WHAT. */
static ssize_t
read_until(struct plx_stream *s, const void *what, size_t m, void *buf,
	   size_t n, int last, int64_t deadline)
{
	ssize_t r = begin(s, n, deadline);

	if (r < 0)
		return r;
	r = search(s, what, m, plx__buf_least(n, s->limit), deadline);
	if (r == -ENODATA && last)
		r = (ssize_t)s->in.length;
	if (r > 0)
		r = take(s, buf, (size_t)r);
	finish(s);
	return r;
}

ssize_t
plx_stream_readuntil(struct plx_stream *s, const void *end, size_t m, void *buf,
		     size_t n, int64_t deadline)
{
	if (m == 0 || m > n)
		return -EINVAL;
	return read_until(s, end, m, buf, n, 0, deadline);
}

ssize_t
plx_stream_readline(struct plx_stream *s, char *line, size_t n,
		    int64_t deadline)
{
	if (n == 0)
		return -EINVAL;
	return read_until(s, "\n", 1, line, n, 1, deadline);
}

const struct plx_buf *
plx_stream_unread(const struct plx_stream *s)
{
	return &s->in;
}

void
plx_stream_consume(struct plx_stream *s, size_t n)
{
	consume(s, n);
}

int
plx__stream_discard(struct plx_stream *s, int64_t deadline)
{
	char junk[4096];
	ssize_t got = begin(s, 0, deadline);

	if (got < 0)
		return (int)got;
	consume(s, s->in.length);
	do {
		got = plx__stream_input(s, junk, sizeof(junk), INT64_MAX / 2,
					deadline);
		if (got > 0 && deadline >= 0 && s->sys->now(s->sys) >= deadline)
			got = -ETIMEDOUT;
	} while (got > 0);
	finish(s);
	return (int)got;
}
