/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection.c: receive, send back, and the ways in which that ends.
 *
 * The receive buffer belongs to the worker, so its bytes are only there until
 * the task waits.  connection_try sends with deadline 0, which never gives
 * way; whatever is to be sent after a wait lies in memory of the connection.
 *
 * A stop cancels the connection's scope.  Whichever wait is cut short by it,
 * the task leaves the scope and takes up the same work again as "draining":
 * receives wait for a moment only, sends for the grace period at most.
 *
 * plx_send's deadline is that of all it has to send, but a client is idle
 * since its last byte: so what may take long waits and sends piece by piece.
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
#include <sys/socket.h>
#include <pollux/io.h>
#include "connection.h"
#include "report.h"

/* How long bytes are thrown away at the end. */
#define LINGER PLX_SECOND

/* A stopping server takes a connection that was silent for so long to have
   said all: what its client had sent before may still have been under way. */
#define QUIET (100 * PLX_MILLISECOND)

static void
link_in(struct connection *c)
{
	struct worker *w = c->worker;

	c->next = w->connections;
	c->prev = NULL;
	if (c->next)
		c->next->prev = c;
	w->connections = c;
}

static void
link_out(struct connection *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->worker->connections = c->next;
	if (c->next)
		c->next->prev = c->prev;
}

static void
enter_scope(struct connection *c)
{
	c->draining = c->worker->stopping;
	if (c->draining)
		return;
	plx_scope_enter(&c->scope, PLX_NEVER);
	link_in(c);
}

static void
leave_scope(struct connection *c)
{
	if (c->draining)
		return;
	link_out(c);
	plx_scope_leave(&c->scope, 0);
	c->draining = 1;
}

static inline int64_t
deadline_of(const struct connection *c)
{
	if (c->draining)
		return c->worker->grace;
	return c->idle ? plx_after(c->idle) : PLX_NEVER;
}

/* Takes what has come or is about to, and lets others run in between. */
static ssize_t
drain(struct connection *c)
{
	int64_t grace = c->worker->grace;
	int64_t now = plx_now();
	ssize_t n = plx_checkpoint();

	if (n >= 0 && now >= grace)
		n = -ETIMEDOUT;
	if (n >= 0)
		n = plx_recv(c->fd, c->worker->in, BUFFER_SIZE,
			     now < grace - QUIET ? now + QUIET : grace);
	c->owes |= n > 0;
	return n;
}

/* The inline functions are the path of every message in raw mode. */
static inline ssize_t
receive(struct connection *c)
{
	ssize_t n;

	if (c->draining)
		return drain(c);
	n = plx_recv(c->fd, c->worker->in, BUFFER_SIZE, deadline_of(c));
	if (n != -ECANCELED)
		return n;
	leave_scope(c);
	return drain(c);
}

ssize_t
connection_receive(struct connection *c)
{
	return receive(c);
}

/* Cancelled, or no room: the wait that follows deals with it. */
static ssize_t
tried(ssize_t sent)
{
	return sent == -ETIMEDOUT || sent == -ECANCELED ? 0 : sent;
}

ssize_t
connection_try(struct connection *c, const char *data, size_t n)
{
	return tried(plx_send(c->fd, data, n, 0));
}

int
connection_give_way(struct connection *c)
{
	int err = plx_checkpoint();

	if (err == -ECANCELED && !c->draining) {
		leave_scope(c);
		c->owes = 1;
		err = plx_checkpoint();
	}
	if (!err && c->draining && plx_now() >= c->worker->grace)
		err = -ETIMEDOUT;
	return err;
}

/* Sends what goes now, else waits until something does. */
static ssize_t
send_some(struct connection *c, const char *data, size_t n)
{
	int64_t deadline = deadline_of(c);
	ssize_t sent;

	do {
		sent = plx_await_fd(c->fd, PLX_WRITE, deadline);
		if (sent >= 0)
			sent = plx_send(c->fd, data, n, 0);
		else
			return sent;
	} while (sent == -ETIMEDOUT);
	return sent;
}

/* Sends all of DATA, which is the connection's own, however long it takes. */
static int
send_patiently(struct connection *c, const char *data, size_t n)
{
	ssize_t sent;

	while (n > 0) {
		sent = send_some(c, data, n);
		if (sent == -ECANCELED && !c->draining) {
			leave_scope(c);
			c->owes = 1;
			continue;
		}
		if (sent < 0)
			return (int)sent;
		data += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* Goes on after a first try, which came to SENT. */
static __attribute__((noinline)) int
send_rest(struct connection *c, const char *data, size_t n, ssize_t sent)
{
	char *copy;
	int err;

	sent = tried(sent);
	if (sent < 0)
		return (int)sent;
	n -= (size_t)sent;
	copy = malloc(n);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, data + sent, n);
	err = send_patiently(c, copy, n);
	free(copy);
	return err;
}

static inline int
send_all(struct connection *c, const char *data, size_t n)
{
	ssize_t sent = plx_send(c->fd, data, n, 0);

	return sent == (ssize_t)n ? 0 : send_rest(c, data, n, sent);
}

int
connection_send(struct connection *c, const char *data, size_t n)
{
	return send_all(c, data, n);
}

static int
raw_serve(struct connection *c)
{
	ssize_t n;
	int err;

	while ((n = receive(c)) > 0) {
		err = send_all(c, c->worker->in, (size_t)n);
		if (err < 0)
			return err;
	}
	return (int)n;
}

/* Ends the stream and throws away what still comes. */
static void
linger(struct connection *c)
{
	struct worker *w = c->worker;
	int64_t until = plx_after(LINGER);
	ssize_t n;

	if (w->stopping && until > w->grace)
		until = w->grace;
	shutdown(c->fd, SHUT_WR);
	do
		n = plx_recv(c->fd, w->in, BUFFER_SIZE, until);
	while (n > 0 && plx_now() < until);
}

static const char *
reason(const struct connection *c, int err)
{
	switch (err) {
	case 0:
		return "end of stream";
	case -ETIMEDOUT:
		return c->worker->stopping ? "stopping" : "idle for too long";
	case -EMSGSIZE:
		return "line too long";
	default:
		return strerror(-err);
	}
}

static void
note_end(const struct connection *c, int err)
{
	if (c->name)
		report("%s closed: %s", c->name, reason(c, err));
	else if (err == -ENOMEM)
		report("a connection was closed: out of memory");
}

static void
finish(struct connection *c)
{
	struct worker *w = c->worker;

	plx_close(c->fd);
	plx_set_name(plx_self(), "connection");
	free(c->partial);
	free(c->name);
	free(c);
	server_give_place(w);
	bell_ring(&w->room);
	worker_task_ended(w);
}

/* The task of a connection; its name in the list of tasks. */
static int
connection(void *arg)
{
	struct connection *c = arg;
	int err;

	if (c->name)
		plx_set_name(plx_self(), c->name);
	enter_scope(c);
	if (c->worker->server->options->mode == MODE_LINE)
		err = line_serve(c);
	else
		err = raw_serve(c);
	leave_scope(c);
	note_end(c, err);
	if (err == -EMSGSIZE || (err == -ETIMEDOUT && c->owes))
		linger(c);
	finish(c);
	return 0;
}

/* "127.0.0.1:50001", to be freed; NULL is no harm. */
static char *
name_peer(const struct plx_address *peer)
{
	char text[PLX_ADDRESS_TEXT];

	plx_address_format(peer, text, sizeof(text));
	report_clean(text);
	return strdup(strcmp(text, "unix:") ? text : "unix client");
}

int
connection_start(struct worker *w, int fd, const struct plx_address *peer)
{
	struct connection *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->worker = w;
	c->fd = fd;
	c->idle = w->server->options->idle;
	if (peer)
		c->name = name_peer(peer);
	err = plx_spawn(NULL, connection, c, NULL);
	if (err < 0) {
		free(c->name);
		free(c);
		return err;
	}
	worker_task_began(w);
	if (c->name)
		report("%s connected", c->name);
	return 0;
}
