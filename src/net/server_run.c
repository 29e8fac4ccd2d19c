/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_run.c: a run of a server, from its first task to the end of the last.
 *
 * One deadline serves all idle connections: they have the same timeout, so the
 * list is in the order of their ends, and the task that oversees sleeps until
 * the first of them.  When that one wakes up before, the sleep is not cut
 * short: the task looks, finds nothing and sleeps on.  Only a connection that
 * falls idle before the end of the sleep has it look at once, which happens
 * when there was none.
 *
 * Before an idle connection is ended the kernel is asked whether something has
 * come that the loop has not reported yet; then it is started instead.
 */
#include <config.h>

#include <errno.h>
#include <pollux/io.h>
#include <pollux/loop.h>
#include <pollux/task.h>
#include "server_int.h"

/* So many idle connections are ended before others run. */
#define IN_A_ROW 64

static int
has_come(const struct plx_connection *c)
{
	const struct plx_sys *sys = c->server->sys;
	char byte;

	return sys->recv(sys, c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) !=
	       -EAGAIN;
}

/* C has been idle for too long. */
static void
end_idle(struct plx_connection *c)
{
	int error = c->server->stopping ? 0 : -ETIMEDOUT;

	if (has_come(c))
		plx_hibernate_wake(&c->hibernation, 0);
	else if (plx_hibernate_cancel(&c->hibernation) == 0)
		return plx__connection_drop(c, error);
	plx__connection_awake(c);
}

/* Ends those that are over their time at NOW; when to look for the next. */
static int64_t
end_idles(struct plx_server *s, int64_t now)
{
	struct plx_connection *c;
	int64_t limit;
	int n;

	for (n = 0; n < IN_A_ROW && !plx__list_empty(&s->idle); n++) {
		c = PLX_OF(s->idle.next, struct plx_connection, link);
		limit = plx__connection_limit(c);
		if (plx__server_before(now, limit))
			return limit;
		end_idle(c);
	}
	return plx__list_empty(&s->idle) ? PLX_NEVER : now;
}

/* The grace of a stop has passed.  A connection that is awake may still wait
   for a stack; one whose task has not begun to serve it finds out itself. */
static void
abort_awake(struct plx_server *s)
{
	struct plx_connection *c;
	struct plx_link *l, *next;

	s->aborted = 1;
	for (l = s->awake.next; l != &s->awake; l = next) {
		next = l->next;
		c = PLX_OF(l, struct plx_connection, link);
		if (c->serving)
			plx_stream_abort(&c->serving->stream);
		else if (plx_hibernate_cancel(&c->hibernation) == 0)
			plx__connection_drop(c, -ETIMEDOUT);
	}
}

/* Does what is due at NOW; when there may be more to do. */
static int64_t
look(struct plx_server *s, int64_t now)
{
	int64_t grace = s->ending.grace, next;

	if (s->stopping && !s->aborted && !plx__server_before(now, grace))
		abort_awake(s);
	next = end_idles(s, now);
	if (s->stopping && !s->aborted && plx__server_before(grace, next))
		next = grace;
	return next;
}

/* Waits until there is something to do for the task that oversees. */
static int
await_news(struct plx_server *s)
{
	int64_t now = plx__server_now(s);
	int err;

	plx_event_clear(&s->news);
	s->wakes = look(s, now);
	if (!plx__server_before(now, s->wakes))
		return plx_checkpoint();
	err = plx_event_wait(&s->news, s->wakes);
	return err == -ENOMEM ? plx_checkpoint() : err;
}

/* Until the end of the last connection: 0; -ECANCELED. */
static int
oversee(struct plx_server *s)
{
	int err = 0;

	while (err != -ECANCELED) {
		if (s->stopping && s->accepting == 0 && s->open == 0)
			return 0;
		err = await_news(s);
	}
	return err;
}

/* The run has failed or is cancelled, and all its tasks with it.  Of a stop
   there is no grace left; but one that comes now has its own for what waits in
   a shield. */
static void
see_out(struct plx_server *s)
{
	struct plx_scope shield;

	s->cancelled = 1;
	plx_nursery_cancel(s->nursery);
	if (s->stopping)
		abort_awake(s);
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	while (s->accepting > 0 || s->open > 0)
		await_news(s);
	plx_scope_leave(&shield, 0);
	s->cancelled = 0;
}

static int
start_acceptors(struct plx_server *s)
{
	size_t i;
	int err;

	for (i = 0; i < s->nlisteners; i++) {
		if (s->listeners[i].fd < 0)
			continue;
		err = plx_spawn_named(s->nursery, "acceptor", __FILE__,
				      __LINE__, plx__server_accept,
				      &s->listeners[i], NULL);
		if (err < 0)
			return err;
		s->accepting++;
	}
	return 0;
}

/* The loop forgets the sockets: whoever closes them now need not know it. */
static void
forget_listeners(struct plx_server *s)
{
	size_t i;

	for (i = 0; i < s->nlisteners; i++) {
		if (s->listeners[i].fd >= 0)
			plx_loop_forget(plx_self_loop(), s->listeners[i].fd,
					-ESHUTDOWN);
	}
}

int
plx_server_run(plx_server *s)
{
	static const struct plx_nursery_options collect = {
		.policy = PLX_COLLECT,
	};
	int err;

	if (!plx_self())
		return -EPERM;
	if (s->nursery)
		return -EBUSY;
	err = plx_nursery_open(&collect, &s->nursery);
	if (err < 0)
		return err;
	err = start_acceptors(s);
	if (err == 0)
		err = oversee(s);
	if (err < 0)
		see_out(s);
	err = plx_nursery_close(&s->nursery, err);
	forget_listeners(s);
	return err;
}

void
plx_server_stop(plx_server *s, int64_t grace)
{
	int64_t now = plx__server_now(s);
	int64_t end = plx__server_later(now, grace);
	struct plx_link *l;
	size_t i;

	if (s->stopping && !plx__server_before(end, s->ending.grace))
		return;
	s->ending.grace = end;
	plx_event_set(&s->news);
	if (s->stopping)
		return;
	s->stopping = 1;
	s->stopped = now;
	for (i = 0; i < s->nlisteners; i++) {
		if (s->listeners[i].waiting)
			plx_scope_cancel(&s->listeners[i].scope);
	}
	for (l = s->awake.next; l != &s->awake; l = l->next)
		plx__connection_stop(PLX_OF(l, struct plx_connection, link));
}

int
plx_server_stopping(const plx_server *s)
{
	return s->stopping;
}

void
plx_server_room(plx_server *s)
{
	plx_event_set(&s->room);
	plx_event_clear(&s->room);
}
