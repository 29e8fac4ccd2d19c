/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher.c: how a dispatcher gets a socket and loses it.
 *
 * What has a socket is in the map, and what is in the map has one: FD is -1
 * everywhere else.  A state says what may happen to the socket, so that one
 * that is neither connected nor listens yet is not watched: systems disagree
 * about what such a socket is ready for.
 *
 * Closing is what everything else is written around: it may come from any
 * callback at any time, so it leaves nothing behind that knows of D, neither
 * in the loop nor in a frame further down (dispatcher_run.c).
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include "dispatcher_int.h"
#include "socket_int.h"

static const struct sockaddr *
raw(const struct plx_address *a)
{
	return (const struct sockaddr *)&a->storage;
}

void
plx_dispatcher_init(struct plx_dispatcher *d, struct plx_dispatcher_map *map,
		    const struct plx_dispatcher_ops *ops)
{
	void *arg = d->arg;

	memset(d, 0, sizeof(*d));
	d->arg = arg;
	d->ops = ops;
	d->map = map;
	d->fd = -1;
	plx__list_init(&d->link);
	plx__list_init(&d->change);
}

static void
attach(struct plx_dispatcher *d, int fd, int type, int state)
{
	struct plx_dispatcher_map *map = d->map;

	d->fd = fd;
	d->type = type;
	d->state = state;
	d->error = 0;
	d->paused = d->ended = d->closing = 0;
	d->born = ++map->born;
	map->count++;
	/* Tasks leave a watch on between their waits. */
	plx_loop_forget(map->loop, fd, -ESHUTDOWN);
	plx__list_append(&map->members, &d->link);
	plx_dispatcher_changed(d);
}

int
plx_dispatcher_create_socket(struct plx_dispatcher *d, int domain, int type)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	int fd;

	if (d->fd >= 0)
		return -EBUSY;
	fd = sys->socket(sys, domain, type, 0);
	if (fd < 0)
		return fd;
	attach(d, fd, type,
	       type == SOCK_DGRAM ? PLX_DISPATCHER_OPEN : PLX_DISPATCHER_FRESH);
	return 0;
}

/* Option NAME of the socket FD, or -errno. */
static int
ask_socket(const struct plx_sys *sys, int fd, int name)
{
	int value = 0, err;
	socklen_t len = sizeof(value);

	err = sys->getsockopt(sys, fd, SOL_SOCKET, name, &value, &len);
	return err < 0 ? err : value;
}

int
plx_dispatcher_set_socket(struct plx_dispatcher *d, int fd)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	int type, listens = 0;

	if (d->fd >= 0)
		return -EBUSY;
	type = ask_socket(sys, fd, SO_TYPE);
	if (type < 0)
		return type;
	if (type != SOCK_DGRAM)
		listens = ask_socket(sys, fd, SO_ACCEPTCONN);
	if (listens < 0)
		return listens;
	if (listens && !d->ops->handle_accept)
		return -EINVAL;
	attach(d, fd, type,
	       listens ? PLX_DISPATCHER_LISTENING : PLX_DISPATCHER_OPEN);
	return 0;
}

int
plx_dispatcher_set_reuse_addr(struct plx_dispatcher *d)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	const int on = 1;

	return sys->setsockopt(sys, d->fd, SOL_SOCKET, SO_REUSEADDR, &on,
			       sizeof(on));
}

int
plx_dispatcher_bind(struct plx_dispatcher *d, const struct plx_address *address)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);

	plx__socket_take_v4(sys, d->fd, address);
	return sys->bind(sys, d->fd, raw(address), address->length);
}

int
plx_dispatcher_listen(struct plx_dispatcher *d, int backlog)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	int err;

	if (!d->ops->handle_accept)
		return -EINVAL;
	err = sys->listen(sys, d->fd, plx__backlog(backlog));
	if (err < 0)
		return err;
	d->state = PLX_DISPATCHER_LISTENING;
	plx_dispatcher_changed(d);
	return 0;
}

int
plx_dispatcher_connect(struct plx_dispatcher *d,
		       const struct plx_address *address)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	int r = sys->connect(sys, d->fd, raw(address), address->length);

	/* Interrupted, it goes on in the background. */
	if (r < 0 && r != -EINPROGRESS && r != -EINTR)
		return r;
	d->state = PLX_DISPATCHER_CONNECTING;
	plx_dispatcher_changed(d);
	return 0;
}

void
plx_dispatcher_changed(struct plx_dispatcher *d)
{
	struct plx_dispatcher_map *map = d->map;

	if (d->fd < 0 || !plx__list_empty(&d->change))
		return;
	plx__list_append(&map->changed, &d->change);
	/* Refused when it waits already, which is as well. */
	plx__loop_call_first(map->loop, &map->call, plx__dispatcher_settle_all,
			     map);
}

int
plx_dispatcher_fd(const struct plx_dispatcher *d)
{
	return d->fd;
}

int
plx_dispatcher_close_when_sent(struct plx_dispatcher *d)
{
	if (d->fd < 0)
		return -EBADF;
	d->closing = 1;
	plx_dispatcher_changed(d);
	return 0;
}

void
plx_dispatcher_close(struct plx_dispatcher *d)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	struct plx_dispatcher_map *map = d->map;
	int fd = d->fd;

	if (fd < 0)
		return;
	if (d->alive)
		*d->alive = 0;
	d->alive = NULL;
	plx_loop_unwatch(map->loop, &d->reader);
	plx_loop_unwatch(map->loop, &d->writer);
	plx_loop_cancel(map->loop, &d->pause);
	plx__list_remove(&d->change);
	plx__list_remove(&d->link);
	plx__ring_clear(map, &d->ring);
	d->fd = -1;
	d->ended = 0;
	if (--map->count == 0)
		plx__dispatcher_emptied(map);
	plx_loop_forget(map->loop, fd, -ESHUTDOWN);
	sys->close(sys, fd);
}
