/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_write.c: how a stream is written.
 *
 * With nothing queued and nobody in line, bytes go straight from the caller's
 * memory to the kernel.  What it does not take is copied to the queue, as far
 * as the high water mark lets, and sent from there (stream_queue.c).
 *
 * The turn is held by the one write whose bytes are in part taken; others stand
 * in line for it.  The task that holds it is the only one that waits for SUNK.
 */
#include <config.h>

#include "stream_int.h"

#include <limits.h>
#include <sys/uio.h>
#include <pollux/loop.h>
#include <pollux/scope.h>
#include "clock.h"
#include "io_seam.h"

/* May anything be written?  0, or why not. */
static int
check(const struct plx_stream *s)
{
	if (s->flags & PLX__STREAM_CLOSED)
		return -ESHUTDOWN;
	if (s->error)
		return s->error;
	return s->flags & PLX__STREAM_EOF ? -EPIPE : 0;
}

/* No turn of the loop will see before a call that may not wait is over that
   there is room.  A deadline that has passed still means one try. */
static void
look_for_room(struct plx_stream *s, int64_t deadline)
{
	if (s->out.length > 0 &&
	    plx__time_left(deadline, plx_loop_now(s->loop)) == 0)
		plx__stream_push(s);
}

/* Takes of C what can be taken now. */
static int
put_some(struct plx_stream *s, struct plx_source *c)
{
	int r = check(s);

	if (r == 0 && s->out.length == 0 && !c->full)
		r = plx__stream_send(s, c);
	c->full = 0;
	if (r == 0 && c->left > 0 && s->out.length < s->high)
		r = plx__stream_queue(s, c);
	return r;
}

static int
take_turn(struct plx_stream *s, int64_t deadline)
{
	struct plx_scope shield;
	int64_t until;
	int r;

	s->flags |= PLX__STREAM_WRITING;
	r = plx_lock_acquire(&s->turn, deadline);
	if (r == -ECANCELED && plx__stream_ends(s, &until)) {
		plx_scope_shield(&shield, until, PLX_NEVER);
		r = plx_lock_acquire(&s->turn, deadline);
		plx_scope_leave(&shield, 0);
	}
	if (!s->turn.owner)
		s->flags &= (unsigned char)~PLX__STREAM_WRITING;
	return r;
}

static void
end_turn(struct plx_stream *s)
{
	plx_lock_release(&s->turn);
	if (!s->turn.owner)
		s->flags &= (unsigned char)~PLX__STREAM_WRITING;
}

static int
put_all(struct plx_stream *s, struct plx_source *c, int64_t deadline)
{
	int r = take_turn(s, deadline);

	if (r < 0)
		return r;
	look_for_room(s, deadline);
	for (;;) {
		r = put_some(s, c);
		if (r < 0 || c->left == 0)
			break;
		r = plx__stream_wait(s, &s->sunk, deadline);
		if (r < 0)
			break;
	}
	end_turn(s);
	return r;
}

/* Writes all of C: 0, or why not. */
static int
write_source(struct plx_stream *s, struct plx_source *c, int64_t deadline)
{
	int r = plx__stream_begin(s, deadline);

	if (r < 0)
		return r;
	if (c->left > SSIZE_MAX)
		return -EINVAL;
	return c->left > 0 ? put_all(s, c, deadline) : 0;
}

static __attribute__((noinline)) ssize_t
write_slowly(struct plx_stream *s, const void *data, size_t n, int64_t deadline)
{
	const struct iovec all = {(void *)data, n};
	struct plx_source c = {.iov = &all, .n = 1, .left = n};
	int r = write_source(s, &c, deadline);

	return c.taken > 0 ? (ssize_t)c.taken : r;
}

/* The straight way has come to PUT, which is not all. */
static __attribute__((noinline)) ssize_t
write_rest(struct plx_stream *s, const void *data, size_t n, ssize_t put,
	   int64_t deadline)
{
	const struct iovec all = {(void *)data, n};
	struct plx_source c = {.iov = &all, .n = 1, .left = n};
	int r;

	if (put < 0 && put != -EAGAIN && put != -EINTR)
		return plx__stream_fail(s, (int)put);
	if (put > 0)
		plx__stream_advance(&c, (size_t)put);
	c.full = put != -EINTR;
	r = put_all(s, &c, deadline);
	return c.taken > 0 ? (ssize_t)c.taken : r;
}

static inline int
goes_straight(const struct plx_stream *s)
{
	const unsigned bars = PLX__STREAM_FILE | PLX__STREAM_CLOSED |
			      PLX__STREAM_FAILED | PLX__STREAM_EOF |
			      PLX__STREAM_WRITING;

	return !(s->flags & bars) && s->out.length == 0;
}

ssize_t
plx_stream_write(struct plx_stream *s, const void *data, size_t n,
		 int64_t deadline)
{
	const struct plx_sys *sys = s->sys;
	ssize_t r;

	r = plx__io_begin(s->fd, deadline);
	if (r == -ESHUTDOWN)
		return r;
	if (r < 0 || !goes_straight(s) || n - 1 >= SSIZE_MAX)
		return write_slowly(s, data, n, deadline);
	r = sys->send(sys, s->fd, data, n, MSG_DONTWAIT);
	return r == (ssize_t)n ? r : write_rest(s, data, n, r, deadline);
}

ssize_t
plx_stream_writev(struct plx_stream *s, const struct iovec *iov, int n,
		  int64_t deadline)
{
	struct plx_source c = {.iov = iov, .n = n};
	int i, r;

	for (i = 0; i < n; i++) {
		if (iov[i].iov_len > SSIZE_MAX - c.left)
			return -EINVAL;
		c.left += iov[i].iov_len;
	}
	if (n < 0)
		return -EINVAL;
	r = write_source(s, &c, deadline);
	return c.taken > 0 ? (ssize_t)c.taken : r;
}

int
plx_stream_write_all(struct plx_stream *s, const void *data, size_t n,
		     size_t *written, int64_t deadline)
{
	const struct iovec all = {(void *)data, n};
	struct plx_source c = {.iov = &all, .n = 1, .left = n};
	int r = write_source(s, &c, deadline);

	if (written)
		*written = c.taken;
	return r;
}

int
plx__stream_drain(struct plx_stream *s, int64_t deadline)
{
	int r = 0;

	while (r == 0 && s->out.length > 0)
		r = plx__stream_wait(s, &s->empty, deadline);
	return s->error ? s->error : r;
}

int
plx_stream_flush(struct plx_stream *s, int64_t deadline)
{
	int r = plx__stream_begin(s, deadline);

	if (r == 0)
		look_for_room(s, deadline);
	if (r == 0 && s->out.length > 0)
		r = plx__stream_wait(s, &s->empty, deadline);
	if (s->flags & PLX__STREAM_CLOSED)
		return r == -EPERM ? r : -ESHUTDOWN;
	return s->error ? s->error : r;
}

int
plx_stream_write_eof(struct plx_stream *s, int64_t deadline)
{
	int r = plx__stream_begin(s, deadline);

	if (r == 0 && s->flags & PLX__STREAM_FILE)
		r = -EOPNOTSUPP;
	if (r == 0)
		r = take_turn(s, deadline);
	if (r < 0)
		return r;
	look_for_room(s, deadline);
	r = plx__stream_drain(s, deadline);
	if (r == 0)
		r = check(s);
	if (r == 0) {
		r = s->sys->shutdown(s->sys, s->fd, SHUT_WR);
		if (r < 0)
			r = plx__stream_fail(s, r);
		else
			s->flags |= PLX__STREAM_EOF;
	} else if (s->flags & PLX__STREAM_EOF && !s->error) {
		r = 0;
	}
	end_turn(s);
	return r;
}

size_t
plx_stream_queued(const struct plx_stream *s)
{
	return s->out.length;
}
