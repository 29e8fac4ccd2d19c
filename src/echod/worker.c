/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.c: one thread's part of the server: a loop, a service for the
 * connections, a task per socket of datagrams.
 *
 * A stop arrives as a post.  The service then lets each connection finish what
 * it owes, under the grace deadline; tasks of datagrams are in scopes of their
 * own, which the stop cancels.  No task is ever ended from outside.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pollux/insight.h>
#include <pollux/loop.h>
#include "connection.h"
#include "listener.h"
#include "report.h"
#include "server.h"

void
worker_tell_room(void *worker)
{
	struct worker *w = worker;

	if (w->service)
		plx_server_room(w->service);
}

void
worker_tell_change(void *worker)
{
	struct worker *w = worker;

	plx_event_set(&w->changed);
}

void
worker_stop(void *worker)
{
	struct worker *w = worker;
	size_t i;

	if (w->stopping)
		return;
	w->stopping = 1;
	if (w->service)
		plx_server_stop(w->service, GRACE);
	for (i = 0; i < w->ndatagrams; i++)
		if (w->datagrams[i].waiting)
			plx_scope_cancel(&w->datagrams[i].scope);
	plx_event_set(&w->changed);
}

/* Put together first: the tables of two workers must not mix. */
void
worker_dump(void *worker)
{
	struct worker *w = worker;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f) {
		report("out of memory for the list of tasks");
		return;
	}
	fprintf(f, "echod: worker %d (%s)\n", w->index,
		plx_loop_backend(w->loop));
	plx_dump(w->loop, f);
	if (fclose(f) == 0)
		report_lines(text);
	free(text);
}

/* Says where to be reached; whether a stop was asked for before that. */
static int
publish(struct worker *w, plx_loop *loop)
{
	struct server *s = w->server;
	int stopping;

	pthread_mutex_lock(&s->lock);
	w->loop = loop;
	stopping = s->stopping;
	pthread_mutex_unlock(&s->lock);
	return stopping;
}

/* Takes it back if this worker has nothing to wait for. */
static int
retire(struct worker *w)
{
	struct server *s = w->server;
	int done;

	pthread_mutex_lock(&s->lock);
	done = w->index > 0 || s->others == 0;
	if (done)
		w->loop = NULL;
	pthread_mutex_unlock(&s->lock);
	return done;
}

/* Waits for news of other workers; -ECANCELED as any wait. */
static int
await_change(struct worker *w)
{
	int err = plx_event_wait(&w->changed, PLX_NEVER);

	plx_event_clear(&w->changed);
	return err;
}

/* Counts W as started and tells worker 0, which waits for that. */
static void
note_start(struct worker *w)
{
	struct server *s = w->server;
	struct worker *chief = &s->workers[0];

	pthread_mutex_lock(&s->lock);
	s->started++;
	if (chief->loop)
		plx_loop_post(chief->loop, worker_tell_change, chief);
	pthread_mutex_unlock(&s->lock);
}

/* 1 when all workers have started, 0 not yet, -1 when a stop came before. */
static int
all_started(struct server *s)
{
	int all;

	pthread_mutex_lock(&s->lock);
	all = s->stopping ? -1 : s->started == s->options->workers;
	pthread_mutex_unlock(&s->lock);
	return all;
}

/* The task of worker 0 that speaks for all of them. */
static int
lead(void *worker)
{
	struct worker *w = worker;
	int err = control_begin(w->server), all = 0;

	while (err == 0 && (all = all_started(w->server)) == 0)
		if (await_change(w) < 0)
			return 0;
	if (err == 0 && all > 0)
		err = control_announce(w->server);
	if (err < 0)
		server_fail(w->server);
	return 0;
}

/* Hands the sockets of connections over to a service: 0 or -errno. */
static int
open_service(struct worker *w)
{
	struct server *s = w->server;
	size_t i, n = 0, all = s->nlisteners;
	int *fds = calloc(all ? all : 1, sizeof(*fds)), err = 0;
	struct plx_server_options o = connection_service(w);

	if (!fds)
		return -ENOMEM;
	for (i = 0; i < all; i++)
		if (!s->listeners[i].is_datagram)
			fds[n++] = w->fds[i];
	o.listeners = fds;
	o.nlisteners = n;
	if (n > 0)
		err = plx_server_open(&o, &w->service);
	for (i = 0; err == 0 && i < all; i++)
		if (!s->listeners[i].is_datagram)
			w->fds[i] = -1;
	free(fds);
	return err;
}

/* Starts the tasks of datagrams in N: 0 or -errno. */
static int
start_datagrams(struct worker *w, plx_nursery *n)
{
	struct server *s = w->server;
	struct datagrams *d;
	size_t i;
	int err;

	w->datagrams = calloc(s->nlisteners + 1, sizeof(*d));
	if (!w->datagrams)
		return -ENOMEM;
	for (i = 0; i < s->nlisteners; i++) {
		if (!s->listeners[i].is_datagram)
			continue;
		d = &w->datagrams[w->ndatagrams];
		d->worker = w;
		d->fd = w->fds[i];
		err = plx_spawn(n, datagrams_serve, d, NULL);
		if (err < 0)
			return err;
		w->ndatagrams++;
		w->fds[i] = -1;
	}
	return 0;
}

static void
give_up(struct worker *w, int err)
{
	report("cannot accept connections: %s", strerror(-err));
	server_fail(w->server);
}

/* Starts all that serves, and serves until stopped.  Who is cancelled leaves it
   to worker_run to tell why. */
static void
serve(struct worker *w, plx_nursery *n)
{
	int err = open_service(w);

	if (!err && w->index == 0)
		err = plx_spawn(n, lead, w, NULL);
	if (!err)
		err = start_datagrams(w, n);
	if (err < 0)
		give_up(w, err);
	if (publish(w, w->here))
		worker_stop(w);
	note_start(w);
	err = w->service ? plx_server_run(w->service) : 0;
	if (err < 0 && err != -ECANCELED)
		give_up(w, err);
	plx_server_close(&w->service);
}

/* The first task. */
static int
oversee(void *worker)
{
	struct worker *w = worker;
	plx_nursery *n;
	int err = plx_nursery_open(NULL, &n);

	w->here = plx_self_loop();
	plx_set_name(plx_self(), "overseer");
	if (err < 0)
		return err;
	serve(w, n);
	plx_nursery_close(&n, 0);
	free(w->datagrams);
	w->datagrams = NULL;
	w->ndatagrams = 0;
	while (!retire(w))
		if (await_change(w) < 0)
			break;
	if (w->index == 0)
		control_end();
	publish(w, NULL);
	return 0;
}

void
worker_run(struct worker *w)
{
	struct plx_run_options o = {.backend = w->server->options->backend};
	int err = plx_run(&o, oversee, w);

	if (err < 0) {
		report("worker %d cannot go on: %s", w->index, strerror(-err));
		publish(w, NULL);
		server_fail(w->server);
	}
}
