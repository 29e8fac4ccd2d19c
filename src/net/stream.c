/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.c: the life of a stream: open, closed in one way or another.
 *
 * A stream is closed for its users, and tells so, as soon as plx_stream_close
 * begins; the descriptor follows when what was queued is gone or the deadline
 * is.  FD is -1 from then on: that, not the flag, says that all is over.
 *
 * Sockets are read and written with MSG_DONTWAIT, so only other descriptors
 * have to be made non-blocking.
 */
#include <config.h>

#include "stream_int.h"

#include <pollux/io.h>
#include <pollux/scope.h>
#include <pollux/task.h>
#include "io_seam.h"
#include "loop_seam.h"
#include "per_loop.h"

#define LIMIT ((size_t)64 << 10)

/* Deadlines of scopes hold in a stop, too: that has reached them before they
   could pass, so nobody else looks at them. */
int
plx__stream_ends(const struct plx_stream *s, int64_t *until)
{
	int64_t grace = s->ending ? s->ending->grace : 0, scopes;

	if (grace == 0)
		return 0;
	scopes = plx__io_scopes_end();
	if (grace < 0 || (scopes >= 0 && scopes < grace))
		grace = scopes;
	if (until)
		*until = grace;
	return grace < 0 || s->sys->now(s->sys) < grace;
}

/* The same in a cancelled task that may go on: it has a budget, too. */
static int
begin_shielded(struct plx_stream *s, int64_t deadline)
{
	struct plx_scope shield;
	int r;

	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	r = plx__io_begin(s->fd, deadline);
	plx_scope_leave(&shield, 0);
	return r;
}

int
plx__stream_begin(struct plx_stream *s, int64_t deadline)
{
	int r = plx__io_begin(s->fd, deadline);

	if (r == -ECANCELED && plx__stream_ends(s, NULL))
		r = begin_shielded(s, deadline);
	if (r != -EPERM && s->flags & PLX__STREAM_CLOSED)
		return -ESHUTDOWN;
	return r;
}

int
plx__stream_wait(struct plx_stream *s, struct plx_event *e, int64_t deadline)
{
	int r = plx_event_wait(e, deadline);
	struct plx_scope shield;
	int64_t until;

	if (r != -ECANCELED || !plx__stream_ends(s, &until))
		return r;
	plx_scope_shield(&shield, until, PLX_NEVER);
	r = plx_event_wait(e, deadline);
	plx_scope_leave(&shield, 0);
	return r;
}

/* What kind of descriptor FD is, and whether it is one. */
static int
look_at(struct plx_stream *s, int fd)
{
	socklen_t length = sizeof(int);
	int type, r;

	r = s->sys->getsockopt(s->sys, fd, SOL_SOCKET, SO_TYPE, &type, &length);
	if (r != -ENOTSOCK)
		return r;
	s->flags = PLX__STREAM_FILE;
	r = s->sys->set_nonblock(s->sys, fd, 1);
	s->restore = r == 0;
	return r < 0 ? r : 0;
}

/* Buffers without a store of chunks work as well. */
static void
begin_buffers(struct plx_stream *s)
{
	struct plx_chunks *chunks = NULL;

	plx__chunks_of(s->loop, &chunks);
	plx_buf_init(&s->in, 0, s->sys);
	plx_buf_init(&s->out, 0, s->sys);
	s->in.spare = s->out.spare = chunks;
}

int
plx__stream_open(struct plx_stream *s, int fd, int socket,
		 const struct plx_stream_options *options)
{
	static const struct plx_stream_options none;
	const struct plx_stream_options *o = options ? options : &none;
	struct plx_stream made = {.fd = fd, .loop = plx_self_loop()};
	int r;

	made.limit = o->limit ? o->limit : LIMIT;
	made.high = o->high_water ? o->high_water : PLX__STREAM_HIGH;
	made.low = o->low_water ? o->low_water : made.high / 4;
	if (!made.loop)
		return -EPERM;
	if (made.low > made.high)
		return -EINVAL;
	/* A write waits at the high mark for the queue to have sunk. */
	if (made.low == made.high)
		made.low--;
	made.sys = plx__loop_sys(made.loop);
	made.sunk.set = made.empty.set = 1;
	r = fd < 0 ? -EBADF : 0;
	if (r == 0 && !socket)
		r = look_at(&made, fd);
	if (r < 0)
		return r;
	begin_buffers(&made);
	*s = made;
	return 0;
}

int
plx_stream_open(struct plx_stream *s, int fd,
		const struct plx_stream_options *options)
{
	return plx__stream_open(s, fd, 0, options);
}

/* Nobody uses the descriptor any more, which is returned. */
static int
let_go(struct plx_stream *s)
{
	int fd = s->fd;

	s->flags |= PLX__STREAM_CLOSED;
	plx__stream_drop(s);
	plx_buf_clear(&s->in);
	if (s->restore && !plx__loop_check(s->loop))
		s->sys->set_nonblock(s->sys, fd, 0);
	s->fd = -1;
	return fd;
}

/* In a forked child: what is queued is its parent's to send. */
static int
forget(struct plx_stream *s)
{
	int queued = s->out.length > 0, closed = plx_close(let_go(s));

	return queued ? -ECHILD : closed;
}

int
plx_stream_close(struct plx_stream *s, int64_t deadline)
{
	int r, closed;

	if (!plx_self())
		return -EPERM;
	if (s->flags & PLX__STREAM_CLOSED)
		return -EBADF;
	if (plx__loop_check(s->loop))
		return forget(s);
	s->flags |= PLX__STREAM_CLOSED;
	plx_event_set(&s->sunk);
	if (s->out.length > 0)
		plx__stream_push(s);
	r = plx__stream_drain(s, deadline);
	if (s->fd < 0)
		return -ESHUTDOWN;
	closed = plx_close(let_go(s));
	return r < 0 ? r : closed;
}

int
plx_stream_linger(struct plx_stream *s, int64_t deadline)
{
	int r = plx_stream_write_eof(s, deadline);

	return r < 0 ? r : plx__stream_discard(s, deadline);
}

void
plx_stream_abort(struct plx_stream *s)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (s->fd < 0 || !plx_self())
		return;
	if (!(s->flags & PLX__STREAM_FILE) && !plx__loop_check(s->loop))
		s->sys->setsockopt(s->sys, s->fd, SOL_SOCKET, SO_LINGER, &now,
				   sizeof(now));
	plx_close(let_go(s));
}

int
plx_stream_detach(struct plx_stream *s)
{
	if (s->flags & PLX__STREAM_CLOSED)
		return -EBADF;
	if (s->in.length > 0 || s->out.length > 0 ||
	    s->flags & (PLX__STREAM_READING | PLX__STREAM_WRITING) ||
	    plx__io_awaited(s->fd))
		return -EBUSY;
	return let_go(s);
}

int
plx_stream_fileno(const struct plx_stream *s)
{
	return s->fd < 0 ? -EBADF : s->fd;
}
