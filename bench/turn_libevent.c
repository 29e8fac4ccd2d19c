/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn_libevent.c: libevent, by each of its backends.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include "turn.h"

struct set {
	struct event_base *base;
	struct turn *turn;
	struct event watches[];
};

static void
on_event(evutil_socket_t fd, short events, void *arg)
{
	struct set *s = arg;

	(void)events;
	turn_event(s->turn, fd);
	if (s->turn->left <= 0)
		event_base_loopbreak(s->base);
}

/* A base on BACKEND and no other, or NULL. */
static struct event_base *
open_base(const char *backend)
{
	struct event_config *config = event_config_new();
	const char **methods = event_get_supported_methods();
	struct event_base *base;

	if (!config)
		return NULL;
	for (int i = 0; methods[i]; i++) {
		if (strcmp(methods[i], backend) != 0)
			event_config_avoid_method(config, methods[i]);
	}
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static void
close_set(struct turn *t)
{
	struct set *s = t->set;

	for (long i = 0; i < t->pool->n; i++)
		event_del(&s->watches[i]);
	event_base_free(s->base);
	free(s);
}

/*
 * Its select takes longer sets than an fd_set, but where libc checks FD_SET
 * that ends the program.
 */
static int
fits(const struct turn *t)
{
	int top = t->pool->fds[t->pool->n - 1];

	return strcmp(t->means->backend, "select") != 0 || top < FD_SETSIZE;
}

static int
open_set(struct turn *t)
{
	size_t n = (size_t)t->pool->n;
	struct set *s;
	int err = 0;

	if (!fits(t))
		return -ERANGE;
	s = calloc(1, sizeof(*s) + n * sizeof(*s->watches));
	if (!s)
		return -ENOMEM;
	t->set = s;
	s->turn = t;
	s->base = open_base(t->means->backend);
	if (!s->base) {
		free(s);
		return -ENOSYS;
	}
	for (size_t i = 0; i < n; i++) {
		event_assign(&s->watches[i], s->base, t->pool->fds[i],
			     EV_READ | EV_PERSIST, on_event, s);
		if (event_add(&s->watches[i], NULL) < 0)
			err = -EINVAL;
	}
	if (err < 0)
		close_set(t);
	return err;
}

static void
run(struct turn *t)
{
	struct set *s = t->set;

	if (t->left > 0)
		event_base_loop(s->base, 0);
}

#define MEANS(name, mechanism)           \
	const struct turn_means name = { \
		.backend = mechanism,    \
		.open = open_set,        \
		.run = run,              \
		.close = close_set,      \
	}

MEANS(turn_libevent_select, "select");
MEANS(turn_libevent_poll, "poll");
MEANS(turn_libevent_epoll, "epoll");
