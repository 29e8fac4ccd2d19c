/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.h: what the workers share, and what one worker has.
 *
 * A worker is a thread with a loop of its own; it touches nothing of another
 * worker.  What is shared lies in struct server, behind its lock, and reaches
 * a worker as a post to its loop.
 */
#ifndef ECHOD_SERVER_H
#define ECHOD_SERVER_H

#include <pthread.h>
#include <pollux/task.h>
#include "bell.h"
#include "options.h"

/* What one receive can bring, and one answer in line mode. */
#define BUFFER_SIZE ((size_t)64 << 10)

/* How long a stop waits for clients to take what they are owed. */
#define GRACE (5 * PLX_SECOND)

struct listener;
struct connection;
struct worker;

/* A listening socket of one worker, and the task that accepts from it. */
struct acceptor {
	struct worker *worker;
	int fd;	     /* -1 closed */
	int waiting; /* in SCOPE, which a stop cancels */
	struct plx_scope scope;
};

struct worker {
	struct server *server;
	int index;
	pthread_t thread; /* but for worker 0, which is the main thread */
	plx_loop *loop;	  /* under the lock; NULL: nothing can be posted */

	/* Of the worker's own thread. */
	struct acceptor *acceptors;	/* one per listener */
	struct connection *connections; /* those that a stop must tell */
	int live;			/* tasks that accept or serve */
	int stopping;
	int64_t grace;	  /* the deadline of all that is left, if stopping */
	int short_of;	  /* the error that accepting paused for last */
	int64_t since;	  /* when that pause ended */
	struct bell room; /* a connection has ended */
	struct bell left; /* a task or another worker has ended */
	char *in, *out;	  /* BUFFER_SIZE each; valid until the task waits */

	/* Under the lock. */
	int wants_room; /* ring ROOM when a connection of any worker ends */
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
 * A place under the connection limit: 1, or 0 when there is none; then the
 * room bell of W will ring.  When W is stopping there always is one.  No-ops
 * without a limit.
 */
int server_take_place(struct worker *w);
void server_give_place(struct worker *w);

/* Runs W in this thread until stopped.  BUFFERS and sockets are there. */
void worker_run(struct worker *w);

/* Counts a task of W, by whoever spawns it, and its end. */
void worker_task_began(struct worker *w);
void worker_task_ended(struct worker *w);

/* Posted to W's loop. */
void worker_stop(void *worker);
void worker_dump(void *worker);
void worker_ring_room(void *worker);
void worker_ring_left(void *worker);

/* The task of struct acceptor ARG. */
int acceptor(void *arg);

/*
 * Holds signals back until control_begin, which catches them in the loop of
 * the task that runs: 0, or -1 after a report.
 */
void control_hold(void);
int control_begin(struct server *s);
void control_end(void);

/* Writes the ready lines: 0, or -1 after a report. */
int control_announce(struct server *s);

#endif
