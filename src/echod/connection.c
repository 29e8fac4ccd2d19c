/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection.c: receive, send back, and the ways in which that ends.
 *
 * The receive buffer belongs to the worker, so its bytes are only there until
 * the task waits.  A stream's write copies what the client does not take, and
 * what one receive brings fits below the mark at which it would wait.
 *
 * A stop is the service's affair: reads say the end when nothing has come for a
 * while, writes go on until the grace period is over.
 *
 * A client is idle since its last byte, or since it has last taken some of an
 * answer: so who waits for an answer to be taken looks whether it has become
 * less.
 *
 * Closing a socket with bytes unread makes the kernel send a reset, which may
 * overtake and destroy answers.  Where the client may be sending while we
 * end, the end of the stream is sent first and what still comes is thrown
 * away for a while.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <pollux/io.h>
#include "connection.h"
#include "report.h"

/* How long bytes are thrown away at the end. */
#define LINGER PLX_SECOND

/* From now on; the time is that of this turn, which costs no call. */
static inline int64_t
turn_after(const struct worker *w, int64_t duration)
{
	return plx_loop_now(w->here) + duration;
}

/* Until when to wait for the next bytes, if there is no reason to wait for
   these. */
static inline int64_t
next_deadline(const struct connection *c)
{
	return c->patience ? turn_after(c->worker, c->patience) : 0;
}

ssize_t
connection_receive(struct connection *c)
{
	struct worker *w = c->worker;
	int64_t deadline = next_deadline(c);
	ssize_t n;

	if (c->partial_length > 0)
		deadline = w->idle ? turn_after(w, w->idle) : PLX_NEVER;
	n = plx_stream_read(c->stream, w->in, BUFFER_SIZE, deadline);
	if (n > 0 && w->stopping)
		c->owes = 1;
	return n == -ETIMEDOUT && c->partial_length == 0 ? -EAGAIN : n;
}

int
connection_put(struct connection *c, const char *data, size_t n)
{
	ssize_t put = plx_stream_write(c->stream, data, n, 0);

	if (put == (ssize_t)n)
		return 0;
	return put < 0 ? (int)put : -ENOMEM;
}

int
connection_is_full(const struct connection *c)
{
	return plx_stream_queued(c->stream) > 0;
}

/* Waits until the client has taken all, however long it takes as long as it
   takes some; or in a stop, whose grace is the limit then. */
static __attribute__((noinline)) int
await_client(struct connection *c)
{
	const struct worker *w = c->worker;
	int64_t deadline;
	size_t left;
	int err = 0;

	while ((left = plx_stream_queued(c->stream)) > 0) {
		deadline = w->idle && !w->stopping ? plx_after(w->idle)
						   : PLX_NEVER;
		err = plx_stream_flush(c->stream, deadline);
		if (err < 0 &&
		    (err != -ETIMEDOUT ||
		     (plx_stream_queued(c->stream) == left && !w->stopping)))
			return err;
	}
	return 0;
}

/* A stop has cancelled the task, but for what is shielded. */
static int
let_others_run(struct connection *c)
{
	struct plx_scope shield;
	int err = plx_checkpoint();

	if (err != -ECANCELED || !c->worker->stopping)
		return err;
	c->owes = 1;
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	err = plx_checkpoint();
	return plx_scope_leave(&shield, err);
}

int
connection_give_way(struct connection *c)
{
	return connection_is_full(c) ? await_client(c) : let_others_run(c);
}

/* As long as the client takes all at once there is nothing that the stream
   would have to know.  1: it has not; or what the last receive came to. */
static ssize_t
echo_straight(struct connection *c)
{
	int fd = plx_stream_fileno(c->stream), err;
	struct worker *w = c->worker;
	ssize_t n, sent;

	do {
		n = plx_recv(fd, w->in, BUFFER_SIZE, next_deadline(c));
		if (n <= 0)
			return n == -ETIMEDOUT ? -EAGAIN : n;
		sent = plx_send(fd, w->in, (size_t)n, 0);
	} while (sent == n);
	if (sent < 0 && sent != -ETIMEDOUT && sent != -ECANCELED)
		return sent;
	sent = sent > 0 ? sent : 0;
	err = connection_put(c, w->in + sent, (size_t)(n - sent));
	return err < 0 ? err : 1;
}

/* The stream's way, which goes on for a while after a stop. */
static ssize_t
echo_last(struct connection *c)
{
	ssize_t n;
	int err;

	while ((n = connection_receive(c)) > 0) {
		err = connection_put(c, c->worker->in, (size_t)n);
		if (!err && connection_is_full(c))
			err = await_client(c);
		if (err < 0)
			return err;
	}
	return n;
}

static int
raw_serve(struct connection *c)
{
	ssize_t n;
	int err;

	while ((n = echo_straight(c)) == 1) {
		err = await_client(c);
		if (err < 0)
			return err;
	}
	if (n == -ECANCELED && c->worker->stopping)
		n = echo_last(c);
	return (int)n;
}

/* Closes the stream: by its end, never by a reset of ours. */
static int
finish(struct connection *c, int err)
{
	plx_set_name(plx_self(), "connection");
	if (err == -EMSGSIZE || (c->worker->stopping && c->owes))
		plx_stream_linger(c->stream, plx_after(LINGER));
	if (err < 0)
		plx_stream_close(c->stream, 0);
	return err;
}

/* The handler of a connection; its client's name in the list of tasks. */
static int
serve(struct plx_stream *s, void *worker)
{
	struct connection c = {.worker = worker, .stream = s};
	int err;

	c.patience = s->slept > c.worker->nap ? 0 : c.worker->nap;
	plx_set_name(plx_self(), s->data ? s->data : "connection");
	if (c.worker->server->options->mode == MODE_LINE)
		err = line_serve(&c);
	else
		err = raw_serve(&c);
	free(c.partial);
	return err == -EAGAIN ? PLX_HIBERNATE : finish(&c, err);
}

static const char *
reason(const struct worker *w, int err)
{
	switch (err) {
	case 0:
		return w->stopping ? "stopping" : "end of stream";
	case -ECANCELED:
	case -ETIMEDOUT:
		return w->stopping ? "stopping" : "idle for too long";
	case -EMSGSIZE:
		return "line too long";
	default:
		return strerror(-err);
	}
}

/* "127.0.0.1:50001", to be freed; NULL is no harm. */
static char *
name_peer(int fd)
{
	struct plx_address peer;
	char text[PLX_ADDRESS_TEXT];

	if (plx_peer_address(fd, &peer) < 0)
		return strdup("a client that is gone");
	plx_address_format(&peer, text, sizeof(text));
	report_clean(text);
	return strdup(strcmp(text, "unix:") ? text : "unix client");
}

static void
note_opened(struct plx_server_note *n, const struct worker *w)
{
	if (!w->server->options->verbose)
		return;
	n->data = name_peer(n->fd);
	if (n->data)
		report("%s connected", (char *)n->data);
}

static void
note_closed(const struct plx_server_note *n, const struct worker *w)
{
	if (n->data)
		report("%s closed: %s", (char *)n->data, reason(w, n->error));
	else if (n->error == -ENOMEM)
		report("a connection was closed: out of memory");
	free(n->data);
}

static void
note(struct plx_server_note *n, void *worker)
{
	const struct worker *w = worker;

	switch (n->event) {
	case PLX_SERVER_OPENED:
		note_opened(n, w);
		break;
	case PLX_SERVER_CLOSED:
		note_closed(n, w);
		break;
	case PLX_SERVER_PAUSED:
		report("cannot accept: %s: waiting for connections to end",
		       strerror(-n->error));
		break;
	}
}

struct plx_server_options
connection_service(struct worker *w)
{
	return (struct plx_server_options){
		.handler = serve,
		.arg = w,
		.idle_timeout = w->idle,
		.close_timeout = GRACE,
		.stream.high_water = BUFFER_SIZE,
		.note = note,
		.admit = server_take_place,
		.leave = server_give_place,
	};
}
