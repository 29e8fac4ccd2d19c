/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve_pollux.c: an echo server as a user of pollux writes it: a handler that
 * reads from its stream and writes to it, a task per connection.
 *
 * No hibernation and no shared buffer, as in echod; the difference is what
 * those bring.  The mechanism is that of PLX_BACKEND.
 */
#include <config.h>
#include <pollux.h>
#include <string.h>
#include "serve.h"

/* A stack has room for this much, and it is what a connection keeps. */
#define ROOM 16384

static int
echo(struct plx_stream *s, void *arg)
{
	char buf[ROOM];
	ssize_t n;

	(void)arg;
	while ((n = plx_stream_read(s, buf, sizeof(buf), PLX_NEVER)) > 0) {
		ssize_t put = plx_stream_write(s, buf, (size_t)n, PLX_NEVER);

		if (put < 0)
			return (int)put;
	}
	return (int)n;
}

static int
serve(void *listener)
{
	const struct plx_server_options o = {
		.handler = echo, .listeners = listener, .nlisteners = 1};
	int error;

	serve_announce(*(int *)listener);
	error = plx_serve(&o, NULL);
	serve_fail("plx_serve", -error);
}

int
main(int argc, char **argv)
{
	static const char *const modes[] = {NULL};
	int listener;

	serve_begin(argc, argv, modes, &listener);
	serve_fail("plx_run", -plx_run(NULL, serve, &listener));
}
