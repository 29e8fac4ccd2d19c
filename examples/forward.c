/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forward [--max=N] LISTEN TARGET: each connection to LISTEN is passed on to
 * TARGET, byte by byte, both ways.
 *
 * The end of one direction is passed on too, and the other goes on without it.
 * A write waits while too much is queued, and meanwhile nothing is read: when
 * one side stops reading, so does forward, and the other side has to wait.
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

static int
carry(void *arg)
{
	struct way *w = arg;
	char piece[PIECE];
	ssize_t n;
	int r = 0;

	while (r == 0 &&
	       (n = plx_stream_read(w->from, piece, PIECE, PLX_NEVER)) != 0)
		r = n < 0 ? (int)n
			  : plx_stream_write_all(w->to, piece, (size_t)n, NULL,
						 PLX_NEVER);
	return r < 0 ? r : plx_stream_write_eof(w->to, PLX_NEVER);
}

/* The first error ends both ways. */
static int
carry_both(struct plx_stream *a, struct plx_stream *b)
{
	struct way there = {a, b}, back = {b, a};
	plx_nursery *n;
	int r = plx_nursery_open(NULL, &n);

	if (r < 0)
		return r;
	r = plx_spawn(n, carry, &there, NULL);
	if (r == 0)
		r = carry(&back);
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
