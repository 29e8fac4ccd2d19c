/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_int.h: what a server consists of.
 *
 * The task in plx_server_run oversees: it sleeps until there is news, an idle
 * connection is over its time or the grace of a stop has passed, and does what
 * is due then.  Beside it there is a task per listener, and one per connection
 * that is awake, all in a nursery of the run.
 *
 * A connection is a record that is in one of two lists.  Idle: it hibernates,
 * without a stack, in the order of the time since when.  Awake: its task has
 * been started, and from the moment that really runs until it has done with
 * the handler, SERVING is in the task's frame.
 *
 * A stop sets ENDING and cancels the scopes: of acceptors, which then empty
 * the queue and close, and of handlers, whose stream knows by ENDING that its
 * own waits go on for a while.  Nothing here is touched by another thread.
 */
#ifndef PLX_SERVER_INT_H
#define PLX_SERVER_INT_H

#include <pollux/hibernate.h>
#include <pollux/net.h>
#include <pollux/scope.h>
#include <pollux/server.h>
#include <pollux/stream.h>
#include <pollux/sync.h>
#include "list.h"
#include "stream_int.h"
#include "sys.h"

/* So long a connection must have been quiet after a stop to count as one that
   has said all: what its peer sent before may still have been under way. */
#define PLX_SERVER_QUIET (100 * PLX_MILLISECOND)

/* A socket that listens, and the task that accepts from it. */
struct plx_listener {
	struct plx_server *server;
	struct plx_scope scope; /* which a stop cancels */
	int waiting;		/* in SCOPE */
	int fd;			/* -1: closed */
	int counted;		/* leave is told of the next connection */
	pid_t made_path;	/* by this process ADDRESS is a file; or 0 */
	uint64_t device, inode; /* of that, to unlink no other's */
	struct plx_address address;
};

/* What a connection has while its task runs; in the frame of that. */
struct plx_serving {
	struct plx_stream stream;
	struct plx_scope scope; /* of the handler */
};

/* One connection, small: there may be many that sleep. */
struct plx_connection {
	struct plx_hibernation hibernation;
	struct plx_link link; /* server->idle or server->awake */
	struct plx_server *server;
	void *data;    /* the stream's, from one task to the next */
	int64_t since; /* when it fell asleep; 0 once that has been told */
	struct plx_serving *serving; /* awake; or NULL */
	int fd;
	unsigned char awake;
	unsigned char counted; /* leave is told of it */
};

struct plx_server {
	struct plx_server_options options; /* without the addresses */
	const struct plx_sys *sys;
	plx_nursery *nursery; /* NULL: it does not run */
	size_t accepting;     /* tasks of listeners */
	size_t open;	      /* places taken by connections */
	struct plx_link awake, idle;
	struct plx_event news; /* for the task in plx_server_run */
	int64_t wakes;	       /* when that looks again without any */
	/* Told, not kept. */
	struct plx_event room;	/* there may be a place under the limit */
	struct plx_event ended; /* a connection has, and its descriptor */
	int short_of;		/* the error that accepting paused for last */
	int64_t short_until;	/* when that pause ends, or ended */
	int cancelled; /* the run is, and waits for the last connection */
	int stopping;
	int aborted; /* the grace of the stop has passed */
	int64_t stopped;
	struct plx_ending ending;
	struct plx_server_stats stats;
	size_t nlisteners;
	struct plx_listener listeners[];
};

static inline int64_t
plx__server_now(const struct plx_server *s)
{
	return s->sys->now(s->sys);
}

/* Does deadline A come before B? */
static inline int
plx__server_before(int64_t a, int64_t b)
{
	return a >= 0 && (b < 0 || a < b);
}

/* DURATION after T; never, if that is negative. */
static inline int64_t
plx__server_later(int64_t t, int64_t duration)
{
	if (duration < 0 || duration > INT64_MAX - t)
		return PLX_NEVER;
	return t + duration;
}

/* Takes the path of a Unix socket away, if it is still L's; at most once. */
void plx__listener_unlink(struct plx_listener *l);

/* The task of struct plx_listener ARG. */
int plx__server_accept(void *arg);

/* Makes FD, which was accepted by L, a connection: 0, or -ENOMEM, and it is
   still the caller's. */
int plx__connection_make(struct plx_listener *l, int fd);

/* C, which is idle, has been started, by the loop or the caller. */
void plx__connection_awake(struct plx_connection *c);

/* Tells the handler of C, which is awake, of the stop. */
void plx__connection_stop(struct plx_connection *c);

/* Ends C, which is idle and taken back, for the reason ERROR. */
void plx__connection_drop(struct plx_connection *c, int error);

/* When C, which is idle, is to be ended; or PLX_NEVER. */
int64_t plx__connection_limit(const struct plx_connection *c);

/* A connection of S, of which leave is told or not, is no more. */
void plx__server_give_place(struct plx_server *s, int counted);

#endif
