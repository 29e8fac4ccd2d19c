/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_queue.c: how bytes leave a stream: at once, or by way of its queue.
 *
 * A watch of the loop sends from the queue: the stream's own, never a wait of
 * the task layer, whose watch would be in its place.  A task that has called
 * plx_connect may have left one there: the loop is made to forget it, and a
 * read that waits goes on waiting (-EINTR).
 *
 * Invariants: OUT is not empty, the watch is on; or the queue was dropped.
 * EMPTY and SUNK tell where OUT stands, but both are set when the stream has
 * failed or is closed, so that nobody waits any more.
 */
#include <config.h>

#include "stream_int.h"

#include <sys/uio.h>
#include "list.h"
#include "loop_seam.h"

/* Pieces that go at once. */
#define PIECES 16

void
plx__stream_advance(struct plx_source *c, size_t n)
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

/* The first pieces of C, which has one at least. */
static int
pieces(const struct plx_source *c, struct iovec *list)
{
	int i = 0;

	do
		list[i] = c->iov[i];
	while (++i < c->n && i < PIECES);
	list[0].iov_base = (char *)list[0].iov_base + c->gone;
	list[0].iov_len -= c->gone;
	return i;
}

/* One try: what the kernel has taken; -EAGAIN is 0. */
static ssize_t
put(const struct plx_stream *s, struct iovec *list, int n)
{
	const struct msghdr msg = {
		.msg_iov = list,
		/* an int of one kind or another, or a size_t */
		.msg_iovlen = (__typeof__(msg.msg_iovlen))n,
	};
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

int
plx__stream_send(struct plx_stream *s, struct plx_source *c)
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
		plx__stream_advance(c, (size_t)r);
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
		/* A read that waits tries once more (-EINTR). */
		if (!plx__loop_check(s->loop))
			plx_loop_forget(s->loop, s->fd, -EINTR);
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

static int
append(struct plx_stream *s, struct plx_source *c)
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
		plx__stream_advance(c, m);
	}
	if (s->out.length > 0)
		plx_event_clear(&s->empty);
	else
		plx_loop_unwatch(s->loop, &s->watch);
	if (s->out.length > s->low)
		plx_event_clear(&s->sunk);
	return r;
}

int
plx__stream_queue(struct plx_stream *s, struct plx_source *c)
{
	int r = watch_room(s);

	return r < 0 ? r : append(s, c);
}
