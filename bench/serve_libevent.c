/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve_libevent.c: an echo server of libevent, in two ways: plain events,
 * and bufferevents, which hold input and output for the program.
 */
#include <config.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <unistd.h>
#include "serve.h"

struct connection {
	struct event event;
	struct serve_rest *rest;
};

static struct event_base *base;
static int buffered;

static void serve(evutil_socket_t fd, short what, void *arg);

static void
watch(struct connection *c, int fd, short events)
{
	if (event_assign(&c->event, base, fd, (short)(events | EV_PERSIST),
			 serve, c) < 0 ||
	    event_add(&c->event, NULL) < 0)
		serve_fail("event_add", errno);
}

static void
serve(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	enum serve_next next = what & EV_WRITE ? serve_flush(fd, &c->rest)
					       : serve_echo(fd, &c->rest);
	short events = next == SERVE_WRITE ? EV_WRITE : EV_READ;

	if (next == SERVE_CLOSE) {
		event_del(&c->event);
		close(fd);
		serve_drop(&c->rest);
		free(c);
	} else if (!(event_get_events(&c->event) & events)) {
		event_del(&c->event);
		watch(c, fd, events);
	}
}

static void
on_input(struct bufferevent *b, void *arg)
{
	(void)arg;
	evbuffer_add_buffer(bufferevent_get_output(b),
			    bufferevent_get_input(b));
}

static void
on_sent(struct bufferevent *b, void *arg)
{
	(void)arg;
	bufferevent_free(b);
}

/* At the peer's end what is still to be sent goes out first. */
static void
on_end(struct bufferevent *b, short what, void *arg)
{
	(void)arg;
	if (what & BEV_EVENT_EOF &&
	    evbuffer_get_length(bufferevent_get_output(b)) > 0)
		bufferevent_setcb(b, NULL, on_sent, on_end, NULL);
	else
		bufferevent_free(b);
}

static void
take(evutil_socket_t listener, short what, void *arg)
{
	int fd;

	(void)what;
	(void)arg;
	while ((fd = serve_accept(listener)) >= 0) {
		struct bufferevent *b;

		if (!buffered) {
			struct connection *c = serve_memory(sizeof(*c));

			c->rest = NULL;
			watch(c, fd, EV_READ);
			continue;
		}
		b = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
		if (!b)
			serve_fail("bufferevent", ENOMEM);
		bufferevent_setcb(b, on_input, NULL, on_end, NULL);
		bufferevent_enable(b, EV_READ | EV_WRITE);
	}
}

int
main(int argc, char **argv)
{
	static const char *const modes[] = {"plain", "bufferevent", NULL};
	struct event *event;
	int listener;

	buffered = serve_begin(argc, argv, modes, &listener);
	base = event_base_new();
	event = event_new(base, listener, EV_READ | EV_PERSIST, take, NULL);
	if (!event || event_add(event, NULL) < 0)
		serve_fail("libevent", ENOMEM);
	serve_announce(listener);
	event_base_dispatch(base);
	return 1;
}
