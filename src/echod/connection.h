/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection.h: one client.
 *
 * An idle connection holds no buffer: bytes are received into the worker's IN
 * and sent from there at once.  Only what the client does not take is copied
 * to memory of the connection's own, and until that is sent nothing more is
 * received.
 */
#ifndef ECHOD_CONNECTION_H
#define ECHOD_CONNECTION_H

#include <stddef.h>
#include <sys/types.h>
#include "server.h"

struct connection {
	struct worker *worker;
	struct connection *prev, *next; /* of the worker, while in SCOPE */
	struct plx_scope scope;		/* which a stop cancels */
	int64_t idle;			/* as in struct options */
	int fd;
	int draining; /* out of SCOPE, answering what was received */
	int owes;     /* something came after the stop */
	char *name;   /* the peer's address, when connections are logged */

	/* Line mode: the beginning of a line whose end has not come. */
	char *partial;
	size_t partial_length, partial_room;
};

/*
 * Serves FD in a task: 0 and FD is W's, or -errno, and it is still the
 * caller's.  PEER may be NULL.
 */
int connection_start(struct worker *w, int fd, const struct plx_address *peer);

/*
 * Receives into the worker's IN: the number of bytes, 0 at the end, -errno;
 * -ETIMEDOUT also when stopping and nothing is left.  May wait.
 */
ssize_t connection_receive(struct connection *c);

/* Sends what the client takes at once: how many bytes.  Never waits. */
ssize_t connection_try(struct connection *c, const char *data, size_t n);

/* Sends all N bytes: 0 or -errno.  DATA, which may be in IN or OUT, is copied
   before the task waits. */
int connection_send(struct connection *c, const char *data, size_t n);

/* Lets others run.  After a stop 0 until the grace period ends, -ETIMEDOUT. */
int connection_give_way(struct connection *c);

/* Line mode, until the end of the stream or an error (line.c). */
int line_serve(struct connection *c);

#endif
