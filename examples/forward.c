/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forward [--max=N] LISTEN TARGET: each connection to LISTEN is passed on to
 * TARGET, byte by byte, both ways.
 *
 * The end of one direction is passed on too, and the other goes on without it.
 * A write waits while too much is queued, and meanwhile nothing is read: when
 * one side stops reading, so does forward, and the other side has to wait.
 *
 * A stop of the server looks as if the clients had ended, but it cancels what
 * has to do with others.  The target is to get what was taken from the client
 * all the same, and may answer: so that is shielded, for as long as the grace.
 */
#include "service.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PIECE 16384

static struct service service;

struct way {
	struct plx_stream *from, *to;
};

/* N bytes of PIECE, or the end. */
static int
pass_on(struct plx_stream *to, const char *piece, size_t n)
{
	struct plx_scope shield;
	int r;

	plx_scope_shield(&shield, PLX_NEVER, SERVICE_GRACE);
	r = n ? plx_stream_write_all(to, piece, n, NULL, PLX_NEVER)
	      : plx_stream_write_eof(to, PLX_NEVER);
	plx_scope_leave(&shield, 0);
	return r;
}

/* After an error neither side has anything to wait for, shielded or not. */
static int
carry(void *arg)
{
	struct way *w = arg;
	char piece[PIECE];
	ssize_t n;
	int r;

	do {
		n = plx_stream_read(w->from, piece, PIECE, PLX_NEVER);
		r = n < 0 ? (int)n : pass_on(w->to, piece, (size_t)n);
	} while (r == 0 && n > 0);
	if (r < 0) {
		plx_stream_abort(w->from);
		plx_stream_abort(w->to);
	}
	return r;
}

static int
carry_shielded(void *arg)
{
	struct plx_scope shield;
	int r;

	plx_scope_shield(&shield, PLX_NEVER, SERVICE_GRACE);
	r = carry(arg);
	plx_scope_leave(&shield, 0);
	return r;
}

static int
carry_both(struct plx_stream *client, struct plx_stream *target)
{
	struct way there = {client, target}, back = {target, client};
	plx_nursery *n;
	int r = plx_nursery_open(NULL, &n);

	if (r < 0)
		return r;
	r = plx_spawn(n, carry_shielded, &back, NULL);
	if (r == 0)
		r = carry(&there);
	return plx_nursery_close(&n, r);
}

static int
reach_target(struct plx_stream *s)
{
	int fd, r = plx_connect_text(service.word[1], NULL, &fd,
				     plx_after(10 * PLX_SECOND));

	if (r == 0 && (r = plx_stream_open(s, fd, NULL)) < 0)
		plx_close(fd);
	if (r < 0)
		fprintf(stderr, "forward: %s: %s\n", service.word[1],
			strerror(-r));
	return r;
}

static int
serve(struct plx_stream *client, void *arg)
{
	struct plx_stream target;
	int r = reach_target(&target);

	(void)arg;
	if (r < 0)
		return r;
	r = carry_both(client, &target);
	if (r < 0)
		plx_stream_abort(&target);
	else
		r = plx_stream_close(&target, 0);
	return r;
}

static struct service service = {
	.name = "forward",
	.usage = "[--max=N] LISTEN TARGET",
	.help = "Passes connections to LISTEN on to TARGET, which is HOST:PORT "
		"or unix:PATH.\n--max is how many at a time, 256 unless said; "
		"others wait.  SIGTERM and SIGINT\nend it.\n",
	.words = 2,
	.numbers = {{"--max=", &service.options.max_connections, 1, 1 << 20}},
	.options = {.handler = serve, .eager = 1, .max_connections = 256},
};

int
main(int argc, char **argv)
{
	return service_main(&service, argc, argv);
}
