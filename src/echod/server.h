/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.h: what the workers share, and what one worker has.
 *
 * A worker is a thread with a loop and a struct plx_server of its own; it
 * touches nothing of another worker.  What is shared lies in struct server,
 * behind its lock, and reaches a worker as a post to its loop.
 */
#ifndef ECHOD_SERVER_H
#define ECHOD_SERVER_H

#include <pthread.h>
#include <pollux/server.h>
#include <pollux/sync.h>
#include <pollux/task.h>
#include "options.h"

/* What one receive can bring, and one answer in line mode. */
#define BUFFER_SIZE ((size_t)64 << 10)

/* How long a stop waits for clients to take what they are owed. */
#define GRACE (5 * PLX_SECOND)

/* After so long without a byte a connection gives its stack up. */
#define NAP PLX_SECOND

struct listener;
struct worker;

/* A socket of one worker that takes datagrams, and the task that does. */
struct datagrams {
	struct worker *worker;
	int fd;	      /* -1: none; else to be closed here */
	int waiting;  /* in SCOPE, which a stop cancels */
	int has_port; /* senders have one, too */
	struct plx_scope scope;
};

struct worker {
	struct server *server;
	int index;
	pthread_t thread; /* but for worker 0, which is the main thread */
	plx_loop *loop;	  /* under the lock; NULL: nothing can be posted */
	int *fds; /* one per listener; -1: closed, or the service's by now */

	/* Of the worker's own thread. */
	plx_loop *here;
	plx_server *service; /* NULL: not open */
	struct datagrams *datagrams;
	size_t ndatagrams;
	int stopping;
	int64_t idle;		  /* as in struct options */
	int64_t nap;		  /* NAP, or an eighth of a short IDLE */
	struct plx_event changed; /* another worker has started or left */
	char *in, *out; /* BUFFER_SIZE each; valid until the task waits */

	/* Under the lock. */
	int wants_room; /* tell it when a connection of any worker ends */
};

struct server {
	const struct options *options;
	struct listener *listeners;
	size_t nlisteners;
	struct worker *workers;

	pthread_mutex_t lock;
	int connections; /* of all workers; kept only when there is a limit */
	int stopping;
	int failed;  /* exit 1 */
	int others;  /* threads beside the main one that have not ended */
	int started; /* workers that accept */
};

/* Serves until stopped; the exit status. */
int server_run(const struct options *o);

/* Any thread: lets every worker finish and leave.  0: it was asked before. */
int server_stop(struct server *s);
void server_fail(struct server *s);

/* Any thread: lets every worker write its tasks to standard error. */
void server_dump(struct server *s);

/*
 * A place under the connection limit, for WORKER: 1, or 0 when there is none;
 * then its service will be told of room.  When it is stopping there always is
 * one.  No-ops without a limit.
 */
int server_take_place(void *worker);
void server_give_place(void *worker);

/* Runs W in this thread until stopped.  BUFFERS and sockets are there. */
void worker_run(struct worker *w);

/* Posted to W's loop. */
void worker_stop(void *worker);
void worker_dump(void *worker);
void worker_tell_room(void *worker);
void worker_tell_change(void *worker);

/* The port of A in the host's order; 0: it has none. */
unsigned datagrams_port(const struct plx_address *a);

/* The task of struct datagrams ARG. */
int datagrams_serve(void *arg);

/*
 * Holds signals back until control_begin, which catches them in the loop of
 * the task that runs: 0, or -1 after a report.  And from control_end on.
 */
void control_hold(void);
int control_begin(struct server *s);
void control_end(void);

/* Writes the ready lines: 0, or -1 after a report. */
int control_announce(struct server *s);

#endif
