/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acceptor.c: connections come in.
 *
 * Nothing that accept(2) can say ends the server or makes it spin.  Out of
 * descriptors or memory it pauses, until a connection of this worker ends or
 * a tenth of a second has passed; meanwhile clients wait in the kernel's
 * queue.  The same with the connection limit, without the clock.  That there
 * is no memory for a connection is known when it has been accepted: it waits
 * here, one per listener, and no other is accepted before it is served.
 *
 * Under a limit a place is only taken when there is a connection to fill it:
 * otherwise the first of two listeners would hold the last place and wait.
 *
 * A stop does not forget who is in the queue already: they believe to be
 * connected and may have sent something.  Without room for them it waits as
 * always, for connections are ending now, up to the grace period.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <pollux/io.h>
#include "connection.h"
#include "report.h"
#include "server.h"

#define PAUSE (100 * PLX_MILLISECOND)

/* A bound on what a stop takes out of one queue. */
#define QUEUE_MAX 4096

/* So long after the last pause the next one counts as another shortage. */
#define EPISODE PLX_SECOND

/* Ends what a stop would cancel. */
static void
leave_scope(struct acceptor *a)
{
	if (!a->waiting)
		return;
	a->waiting = 0;
	plx_scope_leave(&a->scope, 0);
}

/* Waits until there may be descriptors and memory again: 0, -ETIMEDOUT, or
   -ECANCELED when stopping; then again until the grace period has passed. */
static int
pause_for(struct acceptor *a, int err)
{
	struct worker *w = a->worker;
	int64_t now = plx_now();

	if (w->stopping && now >= w->grace)
		return -ECANCELED;
	if (w->short_of != err || now - w->since > EPISODE)
		report("cannot accept: %s: waiting for connections to end",
		       strerror(-err));
	w->short_of = err;
	err = bell_wait(&w->room, now + PAUSE);
	if (err == -ENOMEM) /* not even for a timer */
		err = plx_checkpoint();
	w->since = plx_now();
	return err;
}

/* Waits for a connection and a place for it: 0, or why not. */
static int
wait_for_place(struct acceptor *a)
{
	int err;

	for (;;) {
		err = plx_await_fd(a->fd, PLX_READ, PLX_NEVER);
		if (err < 0)
			return err;
		if (server_take_place(a->worker))
			return 0;
		err = bell_wait(&a->worker->room, PLX_NEVER);
		if (err < 0)
			return err;
	}
}

/* Has FD served as soon as there is memory for that. */
static void
serve(struct acceptor *a, int fd, const struct plx_address *peer)
{
	struct worker *w = a->worker;
	int err;

	while ((err = connection_start(w, fd, peer)) < 0) {
		if (pause_for(a, err) != -ECANCELED)
			continue;
		if (!a->waiting) {
			report("a connection was refused: %s", strerror(-err));
			plx_close(fd);
			server_give_place(w);
			return;
		}
		leave_scope(a);
	}
}

/* One attempt under DEADLINE, for which a place is taken: 0, or why not. */
static int
accept_one(struct acceptor *a, int64_t deadline)
{
	struct worker *w = a->worker;
	struct plx_address peer = {.length = sizeof(peer.storage)};
	int verbose = w->server->options->verbose, fd;

	fd = plx_accept(a->fd, verbose ? (void *)&peer.storage : NULL,
			verbose ? &peer.length : NULL, deadline);
	if (fd >= 0) {
		serve(a, fd, verbose ? &peer : NULL);
		return 0;
	}
	server_give_place(w);
	return fd;
}

/* What to do about ERR: 0 go on, else the task's scope was cancelled. */
static int
overcome(struct acceptor *a, int err)
{
	switch (err) {
	case -ECANCELED:
		return err;
	case -ETIMEDOUT: /* another worker was faster */
	case -ECONNABORTED:
		return 0;
	default:
		return pause_for(a, err);
	}
}

static void
accept_until_stopped(struct acceptor *a)
{
	int limited = a->worker->server->options->max_connections > 0;
	int err;

	do {
		err = limited ? wait_for_place(a) : 0;
		if (!err)
			err = accept_one(a, limited ? 0 : PLX_NEVER);
		if (err < 0 && overcome(a, err) == -ECANCELED)
			return;
	} while (!a->worker->stopping);
}

static void
accept_the_rest(struct acceptor *a)
{
	int n, err = 0;

	for (n = 0; n < QUEUE_MAX && err != -ECANCELED; n++) {
		server_take_place(a->worker);
		err = accept_one(a, 0);
		if (err == -ETIMEDOUT)
			return;
		if (err < 0)
			err = overcome(a, err);
	}
}

int
acceptor(void *arg)
{
	struct acceptor *a = arg;

	plx_scope_enter(&a->scope, PLX_NEVER);
	a->waiting = 1;
	if (!a->worker->stopping)
		accept_until_stopped(a);
	leave_scope(a);
	accept_the_rest(a);
	plx_close(a->fd);
	a->fd = -1;
	worker_task_ended(a->worker);
	return 0;
}
