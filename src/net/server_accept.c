/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_accept.c: connections come in.
 *
 * Nothing that accept(2) can say ends a server or makes it spin.  Out of
 * descriptors or memory it pauses, until a connection of this server ends or
 * a tenth of a second has passed; meanwhile clients wait in the kernel's
 * queue, and stacks that are free go back, for they may be what is missing.  A
 * place that another listener gives up does not end a pause: two of them would
 * wake each other for ever.  The same under a limit of connections, without the
 * clock.  That there is no memory for a connection is known when it has been
 * accepted: it waits here, one per listener, and no other is accepted before it
 * is served.
 *
 * A place under the limit is taken before the accept, but only when there is a
 * connection to fill it: otherwise the first of two listeners would hold the
 * last place and wait.
 *
 * A stop does not forget who is in the queue already: they believe to be
 * connected and may have sent something.  They are taken whatever the limit
 * says; without descriptors or memory for them it waits as always, for
 * connections are ending now, up to the grace of the stop.
 */
#include <config.h>

#include <errno.h>
#include <pollux/io.h>
#include <pollux/task.h>
#include "io_seam.h"
#include "server_int.h"

#define PAUSE (100 * PLX_MILLISECOND)

/* A bound on what a stop takes out of one queue. */
#define QUEUE_MAX 4096

/* So long after the last pause the next one counts as another shortage. */
#define EPISODE PLX_SECOND

#define PER_TURN 64

/* Ends what a stop would cancel. */
static void
leave_scope(struct plx_listener *l)
{
	if (!l->waiting)
		return;
	l->waiting = 0;
	plx_scope_leave(&l->scope, 0);
}

static void
note_pause(struct plx_server *s, int error, int64_t now)
{
	struct plx_server_note n = {
		.event = PLX_SERVER_PAUSED,
		.error = error,
		.fd = -1,
	};
	int known = s->short_of == error && now - s->short_until <= EPISODE;

	s->stats.pauses++;
	s->short_of = error;
	s->short_until = now + PAUSE;
	if (!known && s->options.note)
		s->options.note(&n, s->options.arg);
}

/* Waits until there may be again what there was none of: 0, -ETIMEDOUT; or
   -ECANCELED, after a stop when its grace has passed. */
static int
pause_for(struct plx_listener *l, int error)
{
	struct plx_server *s = l->server;
	int64_t now = plx__server_now(s);
	int err;

	if (s->stopping && !plx__server_before(now, s->ending.grace))
		return -ECANCELED;
	note_pause(s, error, now);
	if (error == -ENOMEM)
		plx__io_release();
	err = plx_event_wait(&s->ended, now + PAUSE);
	if (err == -ENOMEM) /* not even for a timer */
		err = plx_checkpoint();
	s->short_until = plx__server_now(s);
	return err;
}

/* A place for a connection: 1, or 0 when there is none. */
static int
take_place(struct plx_listener *l)
{
	struct plx_server *s = l->server;
	const struct plx_server_options *o = &s->options;

	l->counted = 0;
	if (!s->stopping) {
		if (o->max_connections && s->open >= o->max_connections)
			return 0;
		if (o->admit && !o->admit(o->arg))
			return 0;
		l->counted = o->admit && o->leave;
	}
	s->open++;
	return 1;
}

/* Has FD served as soon as there is memory for that. */
static void
serve(struct plx_listener *l, int fd)
{
	int err;

	while ((err = plx__connection_make(l, fd)) < 0) {
		if (pause_for(l, err) != -ECANCELED)
			continue;
		if (!l->waiting) {
			plx_close(fd);
			plx__server_give_place(l->server, l->counted);
			return;
		}
		leave_scope(l);
	}
}

/* One attempt, for which a place is taken: 0, or why not. */
static int
accept_one(struct plx_listener *l)
{
	int fd = plx_accept(l->fd, NULL, NULL, 0);

	if (fd >= 0) {
		serve(l, fd);
		return 0;
	}
	plx__server_give_place(l->server, l->counted);
	return fd;
}

/* Was ERR about one connection, which is gone?  Linux tells here what the
   network said of it. */
static int
concerns_one(int err)
{
	switch (err) {
	case -ECONNABORTED:
	case -EHOSTUNREACH:
	case -ENETDOWN:
	case -ENETUNREACH:
	case -EPERM:
	case -EPROTO:
		return 1;
	default:
		return 0;
	}
}

/* What to do about ERR: 0 or -ETIMEDOUT go on; or -ECANCELED. */
static int
overcome(struct plx_listener *l, int err)
{
	return err == -ECANCELED || err == -ETIMEDOUT ? err : pause_for(l, err);
}

static int
per_turn(const struct plx_server *s)
{
	int n = s->options.accepts_per_turn;

	return n > 0 ? n : PER_TURN;
}

/* Takes those that are there, as far as they go in one turn.  -ECANCELED, or
   another result that does not matter. */
static int
accept_some(struct plx_listener *l)
{
	int i, err, n = per_turn(l->server);

	for (i = 0; i < n && !l->server->stopping; i++) {
		if (!take_place(l))
			return plx_event_wait(&l->server->room, PLX_NEVER);
		err = accept_one(l);
		if (err < 0 && !concerns_one(err))
			return overcome(l, err);
	}
	return 0;
}

/* The wait for the next one gives way between two turns. */
static void
accept_until_stopped(struct plx_listener *l)
{
	int err;

	do {
		err = plx_await_fd(l->fd, PLX_READ, PLX_NEVER);
		err = err < 0 ? overcome(l, err) : accept_some(l);
	} while (err != -ECANCELED && !l->server->stopping);
}

/* Out of descriptors, accept(2) does not say that nobody is there. */
static int
nobody_waits(const struct plx_listener *l)
{
	return plx_await_fd(l->fd, PLX_READ, 0) == -ETIMEDOUT;
}

static void
accept_the_rest(struct plx_listener *l)
{
	int n, err = 0;

	for (n = 1; n <= QUEUE_MAX && err != -ECANCELED; n++) {
		take_place(l);
		err = accept_one(l);
		if (err < 0 && !concerns_one(err)) {
			if (err == -ETIMEDOUT || nobody_waits(l))
				return;
			err = overcome(l, err);
		}
		if (err != -ECANCELED && n % per_turn(l->server) == 0)
			err = plx_checkpoint();
	}
}

int
plx__server_accept(void *arg)
{
	struct plx_listener *l = arg;
	struct plx_server *s = l->server;

	plx_scope_enter(&l->scope, PLX_NEVER);
	l->waiting = 1;
	if (!s->stopping)
		accept_until_stopped(l);
	leave_scope(l);
	if (s->stopping) {
		plx__listener_unlink(l);
		accept_the_rest(l);
		plx_close(l->fd);
		l->fd = -1;
	}
	s->accepting--;
	plx_event_set(&s->news);
	return 0;
}
