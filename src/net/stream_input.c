/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_input.c: how bytes come into a stream, but for those that plx_recv
 * brings straight to the caller.
 *
 * In this order: wait, make room, read what there is, without waiting.  So no
 * room is held during a wait, and a want of memory is known before there is a
 * byte to lose.
 *
 * A read that moved less than it asked for says that the kernel has no more:
 * SHORT_READ, and the next one waits first.  A call with deadline 0 tries
 * whatever that says.
 */
#include <config.h>

#include "stream_int.h"

#include <pollux/task.h>
#include "buf_int.h"

int
plx__stream_end(struct plx_stream *s, int error)
{
	if (plx__stream_passes(error))
		return error;
	s->flags |= PLX__STREAM_ENDED;
	if (error < 0)
		plx__stream_fail(s, error);
	return s->error;
}

ssize_t
plx__stream_receive(struct plx_stream *s, void *buf, size_t n)
{
	const struct plx_sys *sys = s->sys;
	ssize_t got;

	do {
		if (s->flags & PLX__STREAM_FILE)
			got = sys->read(sys, s->fd, buf, n);
		else
			got = sys->recv(sys, s->fd, buf, n, MSG_DONTWAIT);
	} while (got == -EINTR);
	s->short_read = got < (ssize_t)n;
	if (s->short_read)
		s->flags |= PLX__STREAM_WAIT;
	else
		s->flags &= (unsigned char)~PLX__STREAM_WAIT;
	return got > 0 || got == -EAGAIN ? got : plx__stream_end(s, (int)got);
}

/* The wait of a read in a cancelled task that may go on, UNTIL then: PATIENCE
   is how long nothing may come before that is the end.  So is the grace's. */
static int
wait_on(struct plx_stream *s, int64_t patience, int64_t until, int64_t deadline)
{
	int64_t now = s->sys->now(s->sys);
	int ends = until == s->ending->grace;
	struct plx_scope shield;
	int r;

	if (until < 0 || until - now > patience) {
		until = now + patience;
		ends = 1;
	}
	plx_scope_shield(&shield, until, PLX_NEVER);
	r = plx_await_fd(s->fd, PLX_READ, deadline);
	plx_scope_leave(&shield, 0);
	if (r == -ECANCELED && ends)
		r = plx__stream_end(s, 0);
	return r;
}

/* Waits for something to read: 0.  Somebody may have had the loop forget the
   descriptor to get a place for a watch: -EINTR. */
static int
await_input(struct plx_stream *s, int64_t patience, int64_t deadline)
{
	int64_t until;
	int r;

	if (s->in.first)
		plx__buf_shrink(&s->in);
	r = plx_await_fd(s->fd, PLX_READ, deadline);
	if (r == -ECANCELED && plx__stream_ends(s, &until))
		r = wait_on(s, patience, until, deadline);
	if (r == -EINTR && s->fd < 0)
		return -ESHUTDOWN;
	return r < 0 && r != -EINTR ? r : 0;
}

/* 1: the kernel can be asked; 0: nothing more will come; or an error.  Where
   there is no need to wait it is a beginning again: the peer may send faster
   than a call reads. */
static int
await_turn(struct plx_stream *s, int64_t patience, int64_t deadline)
{
	int r;

	if (s->flags & PLX__STREAM_ENDED)
		return 0;
	if (s->short_read && deadline != 0 && !s->error)
		r = await_input(s, patience, deadline);
	else
		r = plx__stream_begin(s, deadline);
	if (r < 0)
		return r;
	return !(s->flags & PLX__STREAM_ENDED);
}

/* One try has come to GOT: what the read does, or -EAGAIN: it goes on.  After
   an error of the connection it waits for nothing more. */
static ssize_t
judge(struct plx_stream *s, ssize_t got, int64_t deadline)
{
	if (got != -EAGAIN)
		return got;
	if (s->error)
		return plx__stream_end(s, 0);
	return deadline == 0 ? -ETIMEDOUT : -EAGAIN;
}

ssize_t
plx__stream_input(struct plx_stream *s, void *buf, size_t n, int64_t patience,
		  int64_t deadline)
{
	ssize_t got = -EAGAIN;
	int r;

	while (got == -EAGAIN) {
		r = await_turn(s, patience, deadline);
		if (r <= 0)
			return r < 0 ? r : s->error;
		got = judge(s, plx__stream_receive(s, buf, n), deadline);
	}
	return got;
}

/* Waiting with some bytes unread it reads on in small pieces, or each of one
   byte would get a large chunk and lose it again. */
ssize_t
plx__stream_more(struct plx_stream *s, int64_t deadline)
{
	ssize_t got = -EAGAIN, room;
	size_t want;
	void *space;
	int r;

	while (got == -EAGAIN) {
		want = s->short_read && s->in.length > 0 ? 0 : PLX__CHUNK_MOST;
		r = await_turn(s, PLX__STREAM_LAST_WAIT, deadline);
		if (r <= 0)
			return r < 0 ? r : s->error;
		room = plx_buf_reserve(&s->in, want, &space);
		if (room < 0)
			return room;
		got = plx__stream_receive(s, space, (size_t)room);
		plx_buf_commit(&s->in, got > 0 ? (size_t)got : 0);
		got = judge(s, got, deadline);
	}
	return got;
}
