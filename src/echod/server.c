/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.c: the life of the whole: sockets, threads, stop and the limit.
 *
 * Worker 0 runs in the main thread and its loop catches the signals; the
 * other threads are started with all signals blocked, so that none is
 * delivered to them.  Worker 0 is the last to leave: until then a second
 * signal still finds somebody to catch it.
 *
 * A worker's loop can be posted to from the moment it publishes itself under
 * the lock until it takes itself back under the lock; what was asked before
 * that moment it finds in struct server.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <pollux/loop.h>
#include "listener.h"
#include "report.h"
#include "server.h"

/* Posts FN to every worker that has a loop.  Under the lock. */
static void
post_all(struct server *s, void (*fn)(void *worker))
{
	struct worker *w;
	int i, err;

	for (i = 0; i < s->options->workers; i++) {
		w = &s->workers[i];
		err = w->loop ? plx_loop_post(w->loop, fn, w) : 0;
		if (err < 0)
			report("cannot reach worker %d: %s", i, strerror(-err));
	}
}

int
server_stop(struct server *s)
{
	int first;

	pthread_mutex_lock(&s->lock);
	first = !s->stopping;
	if (first) {
		s->stopping = 1;
		listeners_unlink(s);
		post_all(s, worker_stop);
	}
	pthread_mutex_unlock(&s->lock);
	return first;
}

void
server_fail(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	s->failed = 1;
	pthread_mutex_unlock(&s->lock);
	server_stop(s);
}

void
server_dump(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	post_all(s, worker_dump);
	pthread_mutex_unlock(&s->lock);
}

int
server_take_place(void *worker)
{
	struct worker *w = worker;
	struct server *s = w->server;
	int taken = 1;

	if (!s->options->max_connections)
		return 1;
	pthread_mutex_lock(&s->lock);
	if (s->connections < s->options->max_connections || w->stopping) {
		s->connections++;
	} else {
		w->wants_room = 1;
		taken = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return taken;
}

void
server_give_place(void *worker)
{
	struct worker *w = worker;
	struct server *s = w->server;
	int i;

	if (!s->options->max_connections)
		return;
	pthread_mutex_lock(&s->lock);
	s->connections--;
	for (i = 0; i < s->options->workers; i++) {
		w = &s->workers[i];
		if (w->wants_room && w->loop &&
		    plx_loop_post(w->loop, worker_tell_room, w) >= 0)
			w->wants_room = 0;
	}
	pthread_mutex_unlock(&s->lock);
}

static void *
thread_main(void *worker)
{
	struct worker *w = worker;
	struct server *s = w->server;
	struct worker *chief = &s->workers[0];

	worker_run(w);
	pthread_mutex_lock(&s->lock);
	s->others--;
	if (chief->loop)
		plx_loop_post(chief->loop, worker_tell_change, chief);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Starts the other workers; how many threads there are to be joined. */
static int
start_threads(struct server *s)
{
	sigset_t all, old;
	int i, err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (i = 1; i < s->options->workers; i++) {
		pthread_mutex_lock(&s->lock);
		s->others++;
		pthread_mutex_unlock(&s->lock);
		err = pthread_create(&s->workers[i].thread, NULL, thread_main,
				     &s->workers[i]);
		if (err)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		report("cannot start worker %d: %s", i, strerror(err));
		pthread_mutex_lock(&s->lock);
		s->others--;
		pthread_mutex_unlock(&s->lock);
		server_fail(s);
	}
	return i - 1;
}

static int
make_workers(struct server *s)
{
	int i, n = s->options->workers;
	struct worker *w;

	s->workers = calloc((size_t)n, sizeof(*s->workers));
	if (!s->workers)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		w = &s->workers[i];
		w->server = s;
		w->index = i;
		w->idle = s->options->idle;
		w->nap = w->idle && w->idle < 8 * NAP ? w->idle / 8 : NAP;
		w->in = malloc(2 * BUFFER_SIZE);
		if (!w->in)
			return -ENOMEM;
		w->out = w->in + BUFFER_SIZE;
	}
	return 0;
}

static void
free_workers(struct server *s)
{
	int i;

	for (i = 0; s->workers && i < s->options->workers; i++)
		free(s->workers[i].in);
	free(s->workers);
}

static void
serve(struct server *s)
{
	int i, n = start_threads(s);

	worker_run(&s->workers[0]);
	for (i = 1; i <= n; i++)
		pthread_join(s->workers[i].thread, NULL);
}

int
server_run(const struct options *o)
{
	struct server s = {.options = o, .lock = PTHREAD_MUTEX_INITIALIZER};

	s.failed = 1;
	if (make_workers(&s) < 0) {
		report("out of memory");
	} else {
		control_hold();
		if (listeners_open(&s) == 0) {
			s.failed = 0;
			serve(&s);
		}
		listeners_close(&s);
	}
	free_workers(&s);
	pthread_mutex_destroy(&s.lock);
	return s.failed ? EXIT_FAILED : EXIT_STOPPED;
}
