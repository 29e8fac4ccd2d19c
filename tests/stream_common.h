/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_common.h: what the tests of streams share.
 *
 * The peer of a stream under test is mostly a bare descriptor, written and read
 * by calls that nobody counts.
 */
#ifndef PLX_STREAM_COMMON_H
#define PLX_STREAM_COMMON_H

#include <stdlib.h>
#include <pollux/stream.h>
#include "support_trickle.h"
#include "task_common.h"

/* A stream over one end of a Unix pair; *PEER is the other. */
static inline void
open_unix(struct plx_stream *s, int *peer,
	  const struct plx_stream_options *options)
{
	int fd[2];

	support_unix_pair(fd);
	cr_expect_eq(plx_stream_open(s, fd[0], options), 0);
	*peer = fd[1];
}

/* A stream over one end of a TCP pair; *PEER is the other. */
static inline void
open_tcp(struct plx_stream *s, int *peer)
{
	int fd[2];

	support_tcp_pair(fd);
	cr_expect_eq(plx_stream_open(s, fd[0], NULL), 0);
	*peer = fd[1];
}

/* Text of the peer's. */
static inline void
say(int fd, const char *text)
{
	cr_expect_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text),
		     "the peer could not say %s", text);
}

/* Does FD have just TEXT to read? */
static inline int
heard(int fd, const char *text)
{
	char buf[256];
	ssize_t n = read(fd, buf, sizeof(buf));

	return n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

/* Has the peer of FD ended? */
static inline int
at_end(int fd)
{
	char c;

	return read(fd, &c, 1) == 0;
}

/* The kernel takes no more from the peer's other end: what follows is queued.
   Returns how many bytes that took. */
static inline size_t
stuff(const struct plx_stream *s)
{
	return support_fill(plx_stream_fileno(s));
}

/* Reads N bytes of the peer's and throws them away, letting others run. */
static inline void
skip(int peer, size_t n)
{
	static char junk[64 << 10];
	ssize_t got;

	while (n > 0) {
		got = read(peer, junk, n < sizeof(junk) ? n : sizeof(junk));
		if (got > 0)
			n -= (size_t)got;
		else
			plx_checkpoint();
	}
}

/* Is BUF, of which N bytes count, TEXT? */
static inline int
is(const char *buf, ssize_t n, const char *text)
{
	return n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

/* A task that does one call and keeps its answer. */
struct call {
	struct plx_stream *s;
	ssize_t (*fn)(struct call *c);
	const char *data;
	char buf[64];
	size_t n;
	int64_t deadline;
	ssize_t result;
	int over;
};

static inline int
make_call(void *arg)
{
	struct call *c = arg;

	c->result = c->fn(c);
	c->over = 1;
	return 0;
}

static inline plx_task *
begin_call(struct call *c)
{
	plx_task *t = NULL;

	cr_expect_eq(plx_spawn(NULL, make_call, c, &t), 0);
	return t;
}

/* Its result, once it is over. */
static inline ssize_t
end_call(struct call *c, plx_task *t)
{
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	return c->result;
}

static inline ssize_t
call_read(struct call *c)
{
	return plx_stream_read(c->s, c->buf, c->n, c->deadline);
}

static inline ssize_t
call_readline(struct call *c)
{
	return plx_stream_readline(c->s, c->buf, c->n, c->deadline);
}

static inline ssize_t
call_readexactly(struct call *c)
{
	return plx_stream_readexactly(c->s, c->buf, c->n, c->deadline);
}

static inline ssize_t
call_write(struct call *c)
{
	return plx_stream_write(c->s, c->data, c->n, c->deadline);
}

static inline ssize_t
call_flush(struct call *c)
{
	return plx_stream_flush(c->s, c->deadline);
}

static inline ssize_t
call_close(struct call *c)
{
	return plx_stream_close(c->s, c->deadline);
}

#endif
