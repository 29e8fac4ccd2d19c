/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagrams.c: each datagram goes back to whoever sent it, as it came.
 *
 * They are received and sent as many at a time as one call takes.  Buffers have
 * room for the longest there is; only what a datagram fills is ever touched.
 *
 * Anybody can forge a sender.  Two echo servers would throw one datagram
 * between them for ever, and so would two sockets of one: nothing is answered
 * whose sender has a port below 1024, where services of the system live (echo,
 * port 7, among them), or one on which datagrams are echoed here.
 *
 * A datagram that cannot be sent is dropped, as the network would; the others
 * go on.  Room in the socket is waited for, but not in a Unix socket, where the
 * queue that is full may be that of one client who does not read.  A stop
 * cancels the scope, maybe between a receive and the answers; what has come by
 * then is answered.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <pollux/io.h>
#include <pollux/udp.h>
#include "listener.h"
#include "report.h"
#include "server.h"

#define BATCH 64
#define LONGEST ((size_t)64 << 10)

/* A bound on what a stop takes out of one socket: batches. */
#define LAST_BATCHES 128

/* After an error of the socket that is not a datagram's. */
#define PAUSE (100 * PLX_MILLISECOND)

struct batch {
	struct plx_datagram list[BATCH];
	struct plx_datagram *next; /* to be answered */
	int left;		   /* from there on */
	char data[BATCH][LONGEST];
};

unsigned
datagrams_port(const struct plx_address *a)
{
	const struct sockaddr_in *v4 = (const void *)&a->storage;
	const struct sockaddr_in6 *v6 = (const void *)&a->storage;

	if (a->length == 0)
		return 0;
	if (a->storage.ss_family == AF_INET)
		return ntohs(v4->sin_port);
	return a->storage.ss_family == AF_INET6 ? ntohs(v6->sin6_port) : 0;
}

static int
is_echoed(const struct server *s, unsigned port)
{
	size_t i;

	for (i = 0; i < s->nlisteners; i++)
		if (s->listeners[i].port == port)
			return 1;
	return 0;
}

/* Would an answer to A make a loop? */
static int
is_suspect(const struct datagrams *d, const struct plx_address *a)
{
	unsigned port = datagrams_port(a);

	if (!d->has_port)
		return a->length == 0;
	return port < 1024 || is_echoed(d->worker->server, port);
}

/* Moves those that are to be answered to the front: how many.  Their buffers
   change places with them. */
static int
select_honest(const struct datagrams *d, struct plx_datagram *list, int n)
{
	struct plx_datagram other;
	int i, kept = 0;

	for (i = 0; i < n; i++) {
		if (is_suspect(d, &list[i].peer))
			continue;
		other = list[kept];
		list[kept++] = list[i];
		list[i] = other;
	}
	return kept;
}

/* Sends what is left, dropping what cannot be sent by DEADLINE: 0, or
   -ECANCELED and the rest is still there. */
static int
answer(int fd, struct batch *b, int64_t deadline)
{
	int sent;

	while (b->left > 0) {
		sent = plx_send_datagrams(fd, b->next, b->left, deadline);
		if (sent == -ECANCELED)
			return sent;
		if (sent < 0)
			sent = 1;
		b->next += sent;
		b->left -= sent;
	}
	return 0;
}

/* Answers what is left and then batches, until there is an error, which is
   returned, or LIMIT of them have been. */
static int
echo(const struct datagrams *d, struct batch *b, int limit, int64_t deadline)
{
	int i, n;

	for (i = 0;; i++) {
		n = answer(d->fd, b, d->has_port ? deadline : 0);
		if (n < 0 || (limit > 0 && i == limit))
			return n;
		n = plx_recv_datagrams(d->fd, b->list, BATCH, deadline);
		if (n < 0)
			return n;
		b->next = b->list;
		b->left = select_honest(d, b->list, n);
	}
}

/* As echo, with the errors that earlier datagrams have brought home passed
   over. */
static void
echo_until_stopped(const struct datagrams *d, struct batch *b)
{
	int err = 0;

	while (err != -ECANCELED && !d->worker->stopping) {
		err = echo(d, b, 0, PLX_NEVER);
		if (err != -ECONNREFUSED && err != -ECANCELED)
			err = plx_sleep(PAUSE);
	}
}

static struct batch *
make_batch(void)
{
	struct batch *b = malloc(sizeof(*b));
	int i;

	if (!b)
		return NULL;
	b->left = 0;
	for (i = 0; i < BATCH; i++) {
		b->list[i].data = b->data[i];
		b->list[i].room = LONGEST;
	}
	return b;
}

int
datagrams_serve(void *arg)
{
	struct datagrams *d = arg;
	struct plx_address here = {.length = 0};
	struct batch *b = make_batch();

	plx_set_name(plx_self(), "datagrams");
	plx_local_address(d->fd, &here);
	d->has_port = datagrams_port(&here) != 0;
	if (!b) {
		report("cannot echo datagrams: %s", strerror(ENOMEM));
		server_fail(d->worker->server);
	} else {
		plx_scope_enter(&d->scope, PLX_NEVER);
		d->waiting = 1;
		echo_until_stopped(d, b);
		d->waiting = 0;
		plx_scope_leave(&d->scope, 0);
		echo(d, b, LAST_BATCHES, 0);
	}
	free(b);
	plx_close(d->fd);
	d->fd = -1;
	return 0;
}
