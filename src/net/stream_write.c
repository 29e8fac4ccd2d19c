/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_write.c: how a stream is written.
 *
 * With nothing queued and nobody in line, bytes go straight from the caller's
 * memory to the kernel.  What it does not take is copied to the queue, as far
 * as the high water mark lets, and from there a watch of the loop sends it: the
 * stream's own, never a wait of the task layer, whose watch would be in its
 * place.  A task that has called plx_connect may have left one there: the loop
 * is made to forget it, and a read that waits goes on waiting (-EINTR).
 *
 * The turn is held by the one write whose bytes are in part taken; others stand
 * in line for it.  The task that holds it is the only one that waits for SUNK.
 *
 * Invariants: OUT is not empty, the watch is on; or the queue was dropped.
 * EMPTY and SUNK tell where OUT stands, but both are set when the stream has
 * failed or is closed, so that nobody waits any more.
 */
#include <config.h>

#include "stream_int.h"

#include <limits.h>
#include <sys/uio.h>
#include <pollux/scope.h>
#include "list.h"

/* Pieces that go at once. */
#define PIECES 16

/* What is left of a write. */
struct source {
	const struct iovec *iov;
	int n;
	size_t gone; /* of the first */
	size_t left;
	size_t taken;
	int full; /* the kernel has just said that it takes no more */
};

static void
advance(struct source *c, size_t n)
{
	c->taken += n;
	c->left -= n;
	while (c->n > 0 && n >= c->iov->iov_len - c->gone) {
		n -= c->iov->iov_len - c->gone;
		c->gone = 0;
		c->iov++;
		c->n--;
	}
	c->gone += n;
}

/* The first pieces of C. */
static int
pieces(const struct source *c, struct iovec *list)
{
	int i;

	for (i = 0; i < c->n && i < PIECES; i++)
		list[i] = c->iov[i];
	list[0].iov_base = (char *)list[0].iov_base + c->gone;
	list[0].iov_len -= c->gone;
	return i;
}

/* One try: what the kernel has taken; -EAGAIN is 0. */
static ssize_t
put(const struct plx_stream *s, struct iovec *list, int n)
{
	const struct msghdr msg = {.msg_iov = list, .msg_iovlen = (size_t)n};
	const struct plx_sys *sys = s->sys;
	ssize_t r;

	do {
		if (s->flags & PLX__STREAM_FILE)
			r = sys->writev(sys, s->fd, list, n);
		else
			r = sys->sendmsg(sys, s->fd, &msg, MSG_DONTWAIT);
	} while (r == -EINTR);
	return r == -EAGAIN ? 0 : r;
}

static size_t
total(const struct iovec *list, int n)
{
	size_t sum = 0;

	while (n-- > 0)
		sum += list[n].iov_len;
	return sum;
}

/* Sends C until the kernel takes no more.  0; or an error. */
static int
send_straight(struct plx_stream *s, struct source *c)
{
	struct iovec list[PIECES];
	size_t all;
	ssize_t r;
	int n;

	do {
		n = pieces(c, list);
		all = total(list, n);
		r = put(s, list, n);
		if (r < 0)
			return plx__stream_fail(s, (int)r);
		advance(c, (size_t)r);
	} while (c->left > 0 && (size_t)r == all);
	return 0;
}

/* The queue has become shorter. */
static void
tell(struct plx_stream *s)
{
	if (s->out.length <= s->low)
		plx_event_set(&s->sunk);
	if (s->out.length > 0)
		return;
	plx_loop_unwatch(s->loop, &s->watch);
	plx_event_set(&s->empty);
}

void
plx__stream_drop(struct plx_stream *s)
{
	plx_loop_unwatch(s->loop, &s->watch);
	plx_buf_clear(&s->out);
	plx_event_set(&s->sunk);
	plx_event_set(&s->empty);
}

int
plx__stream_fail(struct plx_stream *s, int error)
{
	if (plx__stream_passes(error))
		return error;
	if (!s->error) {
		s->error = error;
		s->flags |= PLX__STREAM_FAILED;
		plx__stream_drop(s);
	}
	return s->error;
}

void
plx__stream_push(struct plx_stream *s)
{
	struct iovec list[PIECES];
	size_t all = 0;
	ssize_t r = 0;
	int n;

	while (s->out.length > 0 && (size_t)r == all) {
		n = plx_buf_peekv(&s->out, list, PIECES);
		all = total(list, n);
		r = put(s, list, n);
		if (r < 0) {
			plx__stream_fail(s, (int)r);
			break;
		}
		plx_buf_consume(&s->out, (size_t)r);
	}
	tell(s);
}

/* There is room; or, without EVENTS, nobody will tell any more. */
static void
on_room(struct plx_watch *watch, unsigned events)
{
	struct plx_stream *s = PLX_OF(watch, struct plx_stream, watch);

	if (events)
		plx__stream_push(s);
	else
		plx__stream_fail(s, plx__stream_passes(watch->error)
					    ? -EIO
					    : watch->error);
}

static int
watch_room(struct plx_stream *s)
{
	int r;

	if (s->watch.direction)
		return 0;
	s->watch.fn = on_room;
	r = plx_loop_watch(s->loop, &s->watch, s->fd, PLX_WRITE);
	if (r != -EBUSY)
		return r;
	plx_loop_forget(s->loop, s->fd, -EINTR);
	return plx_loop_watch(s->loop, &s->watch, s->fd, PLX_WRITE);
}

/* Queues up to the high water mark: 0; or an error. */
static int
append(struct plx_stream *s, struct source *c)
{
	size_t m;
	int r = 0;

	while (c->left > 0 && s->out.length < s->high) {
		m = s->high - s->out.length;
		if (m > c->iov->iov_len - c->gone)
			m = c->iov->iov_len - c->gone;
		r = plx_buf_append(&s->out, (char *)c->iov->iov_base + c->gone,
				   m);
		if (r < 0)
			break;
		advance(c, m);
	}
	if (s->out.length > 0)
		plx_event_clear(&s->empty);
	else
		plx_loop_unwatch(s->loop, &s->watch);
	if (s->out.length > s->low)
		plx_event_clear(&s->sunk);
	return r;
}

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

/* Takes of C what can be taken now. */
static int
put_some(struct plx_stream *s, struct source *c)
{
	int r = check(s);

	if (r == 0 && s->out.length == 0 && !c->full)
		r = send_straight(s, c);
	c->full = 0;
	if (r == 0 && c->left > 0 && s->out.length < s->high) {
		r = watch_room(s);
		if (r == 0)
			r = append(s, c);
	}
	return r;
}

static int
take_turn(struct plx_stream *s, int64_t deadline)
{
	struct plx_scope shield;
	int r;

	s->flags |= PLX__STREAM_WRITING;
	r = plx_lock_acquire(&s->turn, deadline);
	if (r == -ECANCELED && plx__stream_ends(s)) {
		plx_scope_shield(&shield, s->ending->grace, PLX_NEVER);
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
put_all(struct plx_stream *s, struct source *c, int64_t deadline)
{
	int r = take_turn(s, deadline);

	if (r < 0)
		return r;
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
write_source(struct plx_stream *s, struct source *c, int64_t deadline)
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
	struct source c = {.iov = &all, .n = 1, .left = n};
	int r = write_source(s, &c, deadline);

	return c.taken > 0 ? (ssize_t)c.taken : r;
}

/* The straight way has come to PUT, which is not all. */
static __attribute__((noinline)) ssize_t
write_rest(struct plx_stream *s, const void *data, size_t n, ssize_t put,
	   int64_t deadline)
{
	const struct iovec all = {(void *)data, n};
	struct source c = {.iov = &all, .n = 1, .left = n};
	int r;

	if (put < 0 && put != -EAGAIN && put != -EINTR)
		return plx__stream_fail(s, (int)put);
	if (put > 0)
		advance(&c, (size_t)put);
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

	if (!goes_straight(s) || n - 1 >= SSIZE_MAX ||
	    plx_event_wait(&plx__stream_always, deadline) < 0 ||
	    !goes_straight(s))
		return write_slowly(s, data, n, deadline);
	r = sys->send(sys, s->fd, data, n, MSG_DONTWAIT);
	return r == (ssize_t)n ? r : write_rest(s, data, n, r, deadline);
}

ssize_t
plx_stream_writev(struct plx_stream *s, const struct iovec *iov, int n,
		  int64_t deadline)
{
	struct source c = {.iov = iov, .n = n};
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
	struct source c = {.iov = &all, .n = 1, .left = n};
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
