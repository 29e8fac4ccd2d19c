/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_await.c: a stream as one of several things to wait for.
 *
 * It is the descriptor's own awaitable, but ready at once when a read need not
 * ask the kernel.  Whether it was: then the descriptor's has no port.
 */
#include <config.h>

#include "stream_int.h"

#include "list.h"

/* Those of a descriptor. */
static const struct plx_awaitable_ops *
fd_ops(void)
{
	struct plx_fd_awaitable f;

	return plx_fd_awaitable(&f, -1, PLX_READ)->ops;
}

static struct plx_stream_awaitable *
of(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_stream_awaitable, fd.base);
}

static int
stream_arm(struct plx_awaitable *a)
{
	struct plx_stream_awaitable *w = of(a);
	const struct plx_stream *s = w->stream;

	w->fd.fd = s->fd;
	w->fd.events = PLX_READ;
	if (s->flags & PLX__STREAM_CLOSED)
		w->fd.events = -ESHUTDOWN;
	else if (s->in.length == 0 &&
		 !(s->flags & (PLX__STREAM_ENDED | PLX__STREAM_FAILED)))
		return fd_ops()->arm(a);
	return 1;
}

static int
stream_disarm(struct plx_awaitable *a)
{
	return of(a)->fd.port ? fd_ops()->disarm(a) : 0;
}

/* -EINTR: see stream_write.c; whoever reads will wait on. */
static int
stream_result(struct plx_awaitable *a)
{
	struct plx_stream *s = of(a)->stream;
	int r = fd_ops()->result(a);

	if (r == -EINTR)
		return PLX_READ;
	if (r > 0)
		s->short_read = 0;
	return r;
}

static const struct plx_awaitable_ops stream_ops = {
	.kind = "stream",
	.arm = stream_arm,
	.disarm = stream_disarm,
	.result = stream_result,
};

struct plx_awaitable *
plx_stream_awaitable(struct plx_stream_awaitable *a, struct plx_stream *s)
{
	plx_fd_awaitable(&a->fd, s->fd, PLX_READ);
	a->fd.base.ops = &stream_ops;
	a->stream = s;
	return &a->fd.base;
}
