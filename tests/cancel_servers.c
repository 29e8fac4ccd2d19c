/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_servers.c: cancels at every wait of a server, of its handlers and of
 * those who talk to it.
 */
#include <config.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <pollux/server.h>
#include "cancel_everywhere.h"

static int notes; /* connections that were opened and not closed */

static void
take_note(struct plx_server_note *n, void *arg)
{
	(void)arg;
	notes += n->event == PLX_SERVER_OPENED;
	notes -= n->event == PLX_SERVER_CLOSED;
	if (n->event == PLX_SERVER_CLOSED)
		free(n->data);
}

/* Every other word is answered by a handler that then sleeps. */
static int
answer(struct plx_stream *st, void *arg)
{
	char line[64], *odd = st->data;
	ssize_t n;

	(void)arg;
	cleans_up();
	if (!odd)
		st->data = odd = calloc(1, 1);
	do {
		n = plx_stream_readline(st, line, sizeof(line), in(PLX_SECOND));
		if (n <= 0)
			return (int)n;
		n = plx_stream_write(st, line, (size_t)n, in(PLX_SECOND));
		*odd ^= 1;
	} while (n > 0 && *odd);
	return n > 0 ? PLX_HIBERNATE : (int)n;
}

static int
speak(void *arg)
{
	const struct plx_address *a = arg;
	int fd = support_blocking_socket(AF_INET), i;
	char back[64];
	ssize_t n = 1;

	closes(fd);
	cleans_up();
	cr_expect_eq(connect(fd, (const void *)&a->storage, a->length), 0);
	for (i = 0; i < 4 && n > 0; i++) {
		n = plx_send(fd, "word\n", 5, in(PLX_SECOND));
		if (n > 0)
			n = plx_recv(fd, back, sizeof(back), in(PLX_SECOND));
		if (n > 0)
			n = plx_sleep(PLX_MILLISECOND) + 1;
	}
	return 0;
}

/* Lets two clients speak, one after the other, and stops. */
static int
speak_and_stop(void *arg)
{
	plx_server *s = arg;
	struct plx_address at;
	plx_nursery *n;
	int r;

	plx_server_address(s, 0, &at);
	r = plx_nursery_open(NULL, &n);
	if (r == 0) {
		plx_spawn(n, speak, &at, NULL);
		plx_sleep(3 * PLX_MILLISECOND);
		plx_spawn(n, speak, &at, NULL);
		r = plx_nursery_close(&n, 0);
	}
	plx_server_stop(s, PLX_SECOND);
	return r;
}

static int
serve_all(void *arg)
{
	struct plx_address at;
	const struct plx_server_options o = {
		.handler = answer,
		.addresses = &at,
		.naddresses = 1,
		.max_connections = 1,
		.idle_timeout = 10 * PLX_SECOND,
		.note = take_note,
		.sys = &support_sys.sys,
	};
	plx_server *s;
	plx_nursery *n;
	int r;

	(void)arg;
	notes = 0;
	cleans_up();
	plx_address_parse("127.0.0.1:0", &at);
	if (plx_server_open(&o, &s) < 0)
		return -EIO;
	r = plx_nursery_open(NULL, &n);
	if (r == 0) {
		plx_spawn(n, speak_and_stop, s, NULL);
		r = plx_nursery_close(&n, plx_server_run(s));
	}
	plx_server_close(&s);
	return r;
}

static void
check_notes(const char *where)
{
	cr_expect_eq(notes, 0, "%s: %d connections", where, notes);
}

CANCEL_EVERYWHERE(servers, .fn = serve_all, .check = check_notes)
