/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve_libev.c: an echo server of libev's callbacks.
 */
#include <config.h>
#include <ev.h>
#include <stdlib.h>
#include <unistd.h>
#include "serve.h"

struct connection {
	ev_io io;
	struct serve_rest *rest;
};

static void
watch(struct ev_loop *loop, struct connection *c, int events)
{
	if (c->io.events & events)
		return;
	ev_io_stop(loop, &c->io);
	ev_io_set(&c->io, c->io.fd, events);
	ev_io_start(loop, &c->io);
}

static void
serve(struct ev_loop *loop, ev_io *io, int revents)
{
	struct connection *c = (struct connection *)io;
	enum serve_next next = revents & EV_WRITE
				       ? serve_flush(io->fd, &c->rest)
				       : serve_echo(io->fd, &c->rest);

	if (next == SERVE_CLOSE) {
		ev_io_stop(loop, io);
		close(io->fd);
		serve_drop(&c->rest);
		free(c);
		return;
	}
	watch(loop, c, next == SERVE_WRITE ? EV_WRITE : EV_READ);
}

static void
take(struct ev_loop *loop, ev_io *io, int revents)
{
	int fd;

	(void)revents;
	while ((fd = serve_accept(io->fd)) >= 0) {
		struct connection *c = serve_memory(sizeof(*c));

		c->rest = NULL;
		ev_io_init(&c->io, serve, fd, EV_READ);
		ev_io_start(loop, &c->io);
	}
}

int
main(int argc, char **argv)
{
	static const char *const modes[] = {NULL};
	struct ev_loop *loop;
	ev_io io;
	int listener;

	serve_begin(argc, argv, modes, &listener);
	loop = ev_default_loop(EVFLAG_AUTO);
	ev_io_init(&io, take, listener, EV_READ);
	ev_io_start(loop, &io);
	serve_announce(listener);
	ev_run(loop, 0);
	return 1;
}
