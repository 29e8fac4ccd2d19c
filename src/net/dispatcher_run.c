/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher_run.c: what the loop reports becomes calls of handlers, and what
 * predicates say becomes watches.
 *
 * Whoever may have come to want something else stands on the map's list of
 * the changed, which one call of the loop works off when the next turn
 * begins: that is the only place where predicates are asked and watches are
 * set, so no handler is called against what they say.
 *
 * A handler may close its dispatcher, and then free it or give it another
 * socket: after each call of the user's nothing of D may be touched before
 * `leave` has said that it is still the same.  The mark for that lies in the
 * frame of the call; plx_dispatcher_close clears it through D->alive.
 */
#include <config.h>
#include <errno.h>
#include "dispatcher_int.h"

/* The frame of a call of the user's; OUTER is that of one around it. */
struct frame {
	int alive;
	int *outer;
};

static inline void
enter(struct plx_dispatcher *d, struct frame *f)
{
	f->alive = 1;
	f->outer = d->alive;
	d->alive = &f->alive;
}

/* Is D, which F was entered with, still there? */
static inline int
leave(struct plx_dispatcher *d, struct frame *f)
{
	if (f->alive)
		d->alive = f->outer;
	else if (f->outer)
		*f->outer = 0;
	return f->alive;
}

/* Closes D on the library's account.  D is gone. */
static void
end(struct plx_dispatcher *d, int why)
{
	const struct plx_dispatcher_ops *ops = d->ops;

	plx_dispatcher_close(d);
	if (ops->handle_close)
		ops->handle_close(d, why);
}

/* Reports ERROR: 1 when D goes on, 0 when it is gone. */
static int
fail(struct plx_dispatcher *d, int error)
{
	struct frame f;

	if (d->ops->handle_error) {
		enter(d, &f);
		error = d->ops->handle_error(d, error);
		if (!leave(d, &f))
			return 0;
		if (error >= 0) {
			plx_dispatcher_changed(d);
			return 1;
		}
	}
	end(d, error);
	return 0;
}

/* Runs HANDLER, if there is one: 1 when D goes on, 0 when it is gone. */
static int
run(struct plx_dispatcher *d, int (*handler)(struct plx_dispatcher *))
{
	struct frame f;
	int r;

	if (!handler)
		return 1;
	enter(d, &f);
	r = handler(d);
	if (!leave(d, &f) || (r < 0 && r != -EAGAIN && !fail(d, r)))
		return 0;
	plx_dispatcher_changed(d);
	return 1;
}

/*
 * Sets *WANTED to DIRECTION if PREDICATE, or without one OTHERWISE, says so
 * and there is a HANDLER for it.  1 when D goes on, 0 when it is gone.
 */
static int
ask(struct plx_dispatcher *d, int (*predicate)(struct plx_dispatcher *),
    int otherwise, unsigned direction, unsigned *wanted)
{
	struct frame f;

	if (predicate) {
		enter(d, &f);
		otherwise = predicate(d);
		if (!leave(d, &f))
			return 0;
	}
	if (otherwise > 0)
		*wanted |= direction;
	return otherwise >= 0 || otherwise == -EAGAIN || fail(d, otherwise);
}

/* Both predicates, where the answer matters.  As ask. */
static int
ask_both(struct plx_dispatcher *d, unsigned *wanted)
{
	const struct plx_dispatcher_ops *o = d->ops;
	int listens = d->state == PLX_DISPATCHER_LISTENING;
	int open = d->state == PLX_DISPATCHER_OPEN;
	int reads = listens ? !d->paused : open && o->handle_read && !d->ended;
	int writes = open && o->handle_write && d->ring.length == 0;

	if (reads && !ask(d, o->readable, 1, PLX_READ, wanted))
		return 0;
	return !writes || ask(d, o->writable, 0, PLX_WRITE, wanted);
}

static int
finish_connect(struct plx_dispatcher *d)
{
	const struct plx_sys *sys = plx__dispatcher_sys(d);
	int error = 0, r;
	socklen_t len = sizeof(error);

	r = sys->getsockopt(sys, d->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (r == 0)
		r = -error;
	d->state = r < 0 ? PLX_DISPATCHER_FRESH : PLX_DISPATCHER_OPEN;
	plx_dispatcher_changed(d);
	return r < 0 ? fail(d, r) : run(d, d->ops->handle_connect);
}

static int
send_kept(struct plx_dispatcher *d)
{
	int r = plx__ring_send(d->map, &d->ring, d->fd);

	plx_dispatcher_changed(d);
	return r == 0 || r == -EAGAIN || fail(d, r);
}

/* The socket of D is ready in the direction of W. */
static int
serve(struct plx_dispatcher *d, const struct plx_watch *w, unsigned events)
{
	const struct plx_dispatcher_ops *o = d->ops;
	/* A reader tells of an error for both. */
	int tells = w == &d->reader || !d->reader.direction;

	if (d->state == PLX_DISPATCHER_CONNECTING)
		return finish_connect(d);
	if (events & PLX_ERROR && tells && !d->closing &&
	    !run(d, o->handle_expt))
		return 0;
	if (w == &d->writer && d->ring.length > 0)
		return send_kept(d);
	if (d->closing || (w == &d->reader && d->ended))
		return 1;
	if (w == &d->writer)
		return run(d, o->handle_write);
	if (d->state == PLX_DISPATCHER_LISTENING)
		return run(d, o->handle_accept);
	return run(d, o->handle_read);
}

static void
on_event(struct plx_watch *w, unsigned events)
{
	struct plx_dispatcher *d = w->arg;

	if (events)
		serve(d, w, events);
	else
		fail(d, w->error);
}

static int
set_watch(struct plx_dispatcher *d, struct plx_watch *w, unsigned direction,
	  unsigned wanted)
{
	plx_loop *loop = d->map->loop;

	if (!(wanted & direction))
		plx_loop_unwatch(loop, w);
	if (!(wanted & direction) || w->direction)
		return 0;
	w->fn = on_event;
	w->arg = d;
	return plx_loop_watch(loop, w, d->fd, direction);
}

/* Brings the watches of D to what is wanted now, or closes it. */
static void
settle(struct plx_dispatcher *d)
{
	unsigned wanted = 0;
	int r;

	if (d->ended && !(d->ops->flags & PLX_DISPATCHER_HALF_OPEN))
		d->closing = 1;
	if (d->closing && d->ring.length == 0) {
		end(d, 0);
		return;
	}
	if (!d->closing && !ask_both(d, &wanted))
		return;
	if (d->state == PLX_DISPATCHER_CONNECTING ||
	    (d->state == PLX_DISPATCHER_OPEN && d->ring.length > 0))
		wanted |= PLX_WRITE;
	r = set_watch(d, &d->reader, PLX_READ, wanted);
	if (r == 0)
		r = set_watch(d, &d->writer, PLX_WRITE, wanted);
	if (r < 0)
		fail(d, r);
}

/* MAP may be freed with the last that is in it. */
void
plx__dispatcher_settle_all(void *arg)
{
	struct plx_dispatcher_map *map = arg;
	struct plx_link changed;
	struct plx_dispatcher *d;

	plx__list_init(&changed);
	plx__list_take(&changed, &map->changed);
	while (!plx__list_empty(&changed)) {
		d = PLX_OF(changed.next, struct plx_dispatcher, change);
		plx__list_remove(&d->change);
		settle(d);
	}
}
