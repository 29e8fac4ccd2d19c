/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.c: one thread's part of the server: a loop, a task per listener, a
 * task per connection, and a first task that waits for the end of all.
 *
 * A stop arrives as a post.  It cancels the scopes in which tasks accept and
 * receive; each task then does what it still owes, with the grace deadline on
 * every further wait, and ends.  No task is ever ended from outside.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pollux/insight.h>
#include <pollux/loop.h>
#include "connection.h"
#include "report.h"
#include "server.h"

void
worker_task_began(struct worker *w)
{
	w->live++;
}

void
worker_task_ended(struct worker *w)
{
	if (--w->live == 0)
		bell_ring(&w->left);
}

void
worker_ring_room(void *worker)
{
	struct worker *w = worker;

	bell_ring(&w->room);
}

void
worker_ring_left(void *worker)
{
	struct worker *w = worker;

	bell_ring(&w->left);
}

void
worker_stop(void *worker)
{
	struct worker *w = worker;
	struct connection *c;
	size_t i;

	if (w->stopping)
		return;
	w->stopping = 1;
	w->grace = plx_after(GRACE);
	for (i = 0; i < w->server->nlisteners; i++)
		if (w->acceptors[i].waiting)
			plx_scope_cancel(&w->acceptors[i].scope);
	for (c = w->connections; c; c = c->next)
		plx_scope_cancel(&c->scope);
	bell_ring(&w->left);
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
		fwrite(text, 1, n, stderr);
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
	done = w->live == 0 && (w->index > 0 || s->others == 0);
	if (done)
		w->loop = NULL;
	pthread_mutex_unlock(&s->lock);
	return done;
}

static int
start_acceptors(struct worker *w)
{
	size_t i;
	int err;

	for (i = 0; i < w->server->nlisteners; i++) {
		err = plx_spawn(NULL, acceptor, &w->acceptors[i], NULL);
		if (err < 0)
			return err;
		worker_task_began(w);
	}
	return 0;
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
		plx_loop_post(chief->loop, worker_ring_left, chief);
	pthread_mutex_unlock(&s->lock);
}

/* 1 when all workers have started, 0 not yet, -1 when it is over before. */
static int
all_started(struct server *s)
{
	int all;

	pthread_mutex_lock(&s->lock);
	all = s->stopping ? -1 : s->started == s->options->workers;
	pthread_mutex_unlock(&s->lock);
	return all;
}

/* What worker 0 does beside its own: 0, or -1 after a report. */
static int
lead(struct worker *w)
{
	int all;

	if (control_begin(w->server) < 0)
		return -1;
	while ((all = all_started(w->server)) == 0)
		if (bell_wait(&w->left, PLX_NEVER) < 0)
			return -1;
	return all > 0 ? control_announce(w->server) : 0;
}

/* The first task. */
static int
oversee(void *worker)
{
	struct worker *w = worker;
	int err;

	plx_set_name(plx_self(), "overseer");
	if (publish(w, plx_self_loop()))
		worker_stop(w);
	err = start_acceptors(w);
	if (err < 0)
		report("cannot accept connections: %s", strerror(-err));
	else
		note_start(w);
	if (err < 0 || (w->index == 0 && lead(w) < 0))
		server_fail(w->server);
	while (!retire(w))
		if (bell_wait(&w->left, PLX_NEVER) < 0)
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
