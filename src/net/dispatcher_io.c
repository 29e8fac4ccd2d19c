/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher_io.c: connections and bytes.
 *
 * Traps of accept(2): it answers errors that belong to a connection, not to
 * the listener, and then the next one may be fine; and out of descriptors or
 * memory the connection stays in the queue, so that a loop which asks again
 * would spin.  None of them is worth closing a listener for, which is what
 * an error of handle_accept comes to; they read as "nothing", and after the
 * second kind the listener is not watched for a while.
 *
 * Bytes that were kept go first: send leaves the kernel alone as long as
 * there are any.
 */
#include <config.h>
#include <errno.h>
#include <limits.h>
#include "dispatcher_int.h"

#define PAUSE (100 * PLX_MILLISECOND)

static void
resume(void *arg)
{
	struct plx_dispatcher *d = arg;

	d->paused = 0;
	plx_dispatcher_changed(d);
}

/* Without memory for a timer the listener just goes on. */
static void
rest(struct plx_dispatcher *d)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);

	if (!d->paused)
		d->paused =
			plx_loop_call_at(d->map->loop, &d->pause,
					 sys->now(sys) + PAUSE, resume, d) == 0;
	plx_dispatcher_changed(d);
}

/* ERR of accept(2): 0 when D goes on. */
static int
overcome(struct plx_dispatcher *d, int err)
{
	d->error = err == -EAGAIN ? 0 : err;
	switch (err) {
	case -EMFILE:
	case -ENFILE:
	case -ENOBUFS:
	case -ENOMEM:
		rest(d);
		return 0;
	case -EAGAIN:
	case -ECONNABORTED:
	case -EPERM: /* a packet filter's */
	case -EPROTO:
	case -ENOPROTOOPT:
	case -ETIMEDOUT:
	case -ENETDOWN:
	case -ENETUNREACH:
	case -EHOSTDOWN:
	case -EHOSTUNREACH:
		return 0;
	default:
		return err;
	}
}

int
plx_dispatcher_accept(struct plx_dispatcher *d, int *fd,
		      struct plx_address *peer)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	struct plx_address a;
	int r;

	do {
		a = (struct plx_address){.length = sizeof(a.storage)};
		r = sys->accept(sys, d->fd, (struct sockaddr *)&a.storage,
				&a.length);
	} while (r == -EINTR);
	if (r < 0)
		return overcome(d, r);
	d->error = 0;
	*fd = r;
	if (peer)
		*peer = a;
	return 1;
}

int
plx_dispatcher_error(const struct plx_dispatcher *d)
{
	return d->error;
}

ssize_t
plx_dispatcher_recv(struct plx_dispatcher *d, void *buf, size_t n)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	ssize_t r;

	if (d->ended)
		return 0;
	do
		r = sys->recv(sys, d->fd, buf, n, MSG_DONTWAIT);
	while (r == -EINTR);
	if (r == 0 && n > 0 && d->type != SOCK_DGRAM) {
		d->ended = 1;
		plx_dispatcher_changed(d);
	}
	return r;
}

/* What the kernel takes of N bytes: how many, or -errno. */
static ssize_t
send_now(struct plx_dispatcher *d, const void *buf, size_t n)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	ssize_t r;

	if (d->state == PLX_DISPATCHER_CONNECTING || d->ring.length > 0)
		return 0;
	do
		r = sys->send(sys, d->fd, buf, n, MSG_DONTWAIT);
	while (r == -EINTR);
	return r == -EAGAIN ? 0 : r;
}

ssize_t
plx_dispatcher_send(struct plx_dispatcher *d, const void *buf, size_t n)
{
	ssize_t sent, kept;

	if (d->fd < 0)
		return -EBADF;
	if (d->closing)
		return -ESHUTDOWN;
	if (n > SSIZE_MAX)
		return -EINVAL;
	sent = send_now(d, buf, n);
	if (sent < 0 || (size_t)sent == n || d->type != SOCK_STREAM)
		return sent;
	kept = plx__ring_put(d->map, &d->ring, (const char *)buf + sent,
			     n - (size_t)sent, d->ops->limit);
	if (kept < 0)
		return sent > 0 ? sent : kept;
	if (kept > 0)
		plx_dispatcher_changed(d);
	return sent + kept;
}

size_t
plx_dispatcher_queued(const struct plx_dispatcher *d)
{
	return d->ring.length;
}
