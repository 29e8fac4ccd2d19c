/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection.h: one client.
 *
 * An idle connection holds no buffer: bytes are received into the worker's IN
 * and sent from there at once.  Only what the client does not take is copied,
 * to the stream's queue, and until that is sent nothing more is received.
 * After a nap it holds no stack either: then there is no struct connection,
 * and all that is left is the name, which hangs from the stream.  A client that
 * has been silent for longer than a nap is taken to speak seldom: its task does
 * not wait for more.
 */
#ifndef ECHOD_CONNECTION_H
#define ECHOD_CONNECTION_H

#include <stddef.h>
#include <sys/types.h>
#include "server.h"

struct connection {
	struct worker *worker;
	struct plx_stream *stream;
	int owes;	  /* something came after the stop */
	int64_t patience; /* how long it waits for more: 0 after a long sleep */

	/* Line mode: the beginning of a line whose end has not come. */
	char *partial;
	size_t partial_length, partial_room;
};

/* What W's service has to be opened with, its sockets apart. */
struct plx_server_options connection_service(struct worker *w);

/*
 * Receives into the worker's IN: the number of bytes; 0 at the end, or when
 * stopping and nothing is left; -EAGAIN: nothing has come for so long that the
 * connection can hibernate; -errno, such as -ETIMEDOUT: idle for too long.
 */
ssize_t connection_receive(struct connection *c);

/* Takes all N bytes to be sent: 0 or -errno.  Never waits. */
int connection_put(struct connection *c, const char *data, size_t n);

/* Has the client to take some of that before more is put? */
int connection_is_full(const struct connection *c);

/* Waits until it has, or lets others run if it need not: 0 or -errno. */
int connection_give_way(struct connection *c);

/* Line mode, until the end of the stream or an error (line.c). */
int line_serve(struct connection *c);

#endif
