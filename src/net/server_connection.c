/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_connection.c: one connection: asleep, served, ended.
 *
 * The stream and the handler's scope lie in the frame of the task.  The scope
 * is left when the handler has returned, which tells a stop's cancel from one
 * that came from outside the server; what is sent off then has it open again,
 * for a stop may come meanwhile.
 *
 * Where a handler wants to sleep while it cannot (bytes are unread or unsent,
 * a stop waits for a last word, there is no memory), it is called again, and
 * others run in between: a handler that never waits must not have the loop to
 * itself.
 *
 * Closing a socket with bytes unread makes the kernel send a reset, which may
 * overtake and destroy answers.  In a stop it is the server that ends the talk
 * while the peer may be sending: so the end of the stream is sent first, and
 * what still comes is thrown away for a moment.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <pollux/io.h>
#include <pollux/loop.h>
#include <pollux/task.h>
#include "server_int.h"

#define CLOSE_TIMEOUT (5 * PLX_SECOND)

/* What becomes of a connection whose handler has returned, beside 0 (it ends)
   and -errno (it is aborted). */
enum {
	SLEEP = PLX_HIBERNATE,
	AGAIN,
};

static int connection(void *arg);

static void
note(struct plx_connection *c, enum plx_server_event event, int error)
{
	const struct plx_server_options *o = &c->server->options;
	struct plx_server_note n = {
		.event = event,
		.error = error,
		.fd = c->fd,
		.data = c->data,
	};

	if (o->note)
		o->note(&n, o->arg);
	c->data = n.data;
}

/* DURATION from now on. */
static int64_t
after(const struct plx_server *s, int64_t duration)
{
	return plx__server_later(plx__server_now(s), duration);
}

void
plx__server_give_place(struct plx_server *s, int counted)
{
	s->open--;
	if (counted)
		s->options.leave(s->options.arg);
	plx_server_room(s);
	if ((s->stopping || s->cancelled) && s->open == 0)
		plx_event_set(&s->news);
}

/* Frees C, whose descriptor is closed. */
static void
release(struct plx_connection *c)
{
	struct plx_server *s = c->server;
	int counted = c->counted;

	plx__list_remove(&c->link);
	s->stats.closed++;
	if (c->awake)
		s->stats.awake--;
	else
		s->stats.hibernating--;
	s->sys->resize(s->sys, c, 0);
	plx_event_set(&s->ended);
	plx_event_clear(&s->ended);
	plx__server_give_place(s, counted);
}

/* Closes C, which has no stream; ERROR is why, and is returned. */
static int
end(struct plx_connection *c, int error)
{
	note(c, PLX_SERVER_CLOSED, error);
	if (c->fd >= 0)
		plx_close(c->fd);
	return error;
}

void
plx__connection_drop(struct plx_connection *c, int error)
{
	end(c, error);
	release(c);
}

void
plx__connection_awake(struct plx_connection *c)
{
	struct plx_server *s = c->server;

	if (c->awake)
		return;
	c->awake = 1;
	c->serving = NULL;
	s->stats.hibernating--;
	s->stats.awake++;
	plx__list_remove(&c->link);
	plx__list_append(&s->awake, &c->link);
}

int64_t
plx__connection_limit(const struct plx_connection *c)
{
	const struct plx_server *s = c->server;
	int64_t timeout = s->options.idle_timeout, end;

	if (!s->stopping)
		return timeout ? plx__server_later(c->since, timeout)
			       : PLX_NEVER;
	end = c->since < s->stopped ? s->stopped : c->since;
	end = plx__server_later(end, PLX_SERVER_QUIET);
	return plx__server_before(s->ending.grace, end) ? s->ending.grace : end;
}

/* Has C hibernate: 0; or -errno, and it is as it was. */
static int
fall_asleep(struct plx_connection *c)
{
	struct plx_server *s = c->server;
	int err = plx_hibernate(&c->hibernation, s->nursery, c->fd, connection,
				c);

	if (err < 0)
		return err;
	s->stats.hibernating++;
	s->stats.awake -= c->awake;
	c->awake = 0;
	c->since = plx_loop_now(plx_self_loop());
	if (s->options.idle_timeout || s->stopping)
		c->since = plx__server_now(s);
	plx__list_remove(&c->link);
	plx__list_append(&s->idle, &c->link);
	if (plx__server_before(plx__connection_limit(c), s->wakes))
		plx_event_set(&s->news);
	return 0;
}

/* Starts the task of C, which is new. */
static int
start(struct plx_connection *c)
{
	struct plx_server *s = c->server;
	int err = plx_spawn(s->nursery, connection, c, NULL);

	if (err < 0)
		return err;
	s->stats.awake++;
	c->awake = 1;
	plx__list_append(&s->awake, &c->link);
	return 0;
}

/* What cannot be watched is started: its first wait tells why. */
int
plx__connection_make(struct plx_listener *l, int fd)
{
	struct plx_server *s = l->server;
	struct plx_connection *c = s->sys->resize(s->sys, NULL, sizeof(*c));
	int err = -ENOTSUP;

	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	plx__list_init(&c->link);
	c->server = s;
	c->fd = fd;
	c->counted = (unsigned char)l->counted;
	if (!s->options.eager)
		err = fall_asleep(c);
	if (err < 0 && err != -ENOMEM)
		err = start(c);
	if (err < 0) {
		s->sys->resize(s->sys, c, 0);
		return err;
	}
	s->stats.accepted++;
	note(c, PLX_SERVER_OPENED, 0);
	return 0;
}

void
plx__connection_stop(struct plx_connection *c)
{
	struct plx_serving *v = c->serving;

	if (!v)
		return;
	v->stream.ending = &c->server->ending;
	plx_scope_cancel(&v->scope);
}

/* Opens the scope that a stop cancels. */
static void
enter(struct plx_connection *c)
{
	plx_scope_enter(&c->serving->scope, PLX_NEVER);
	if (c->server->stopping)
		plx__connection_stop(c);
}

/* Lets others run; a stop does not forbid that. */
static int
give_way(const struct plx_server *s)
{
	struct plx_scope shield;

	if (!s->stopping)
		return plx_checkpoint();
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	plx_checkpoint();
	return plx_scope_leave(&shield, 0);
}

/* Sends what the handler has left behind before it sleeps. */
static int
flush(const struct plx_server *s, struct plx_stream *st)
{
	int64_t timeout = s->options.idle_timeout;

	return plx_stream_flush(st, timeout ? after(s, timeout) : PLX_NEVER);
}

/* The handler wants to sleep: SLEEP, AGAIN, 0 or -errno. */
static int
before_sleep(const struct plx_server *s, struct plx_stream *st)
{
	int err = flush(s, st);

	if (plx_stream_fileno(st) < 0)
		return 0;
	if (err < 0)
		return err;
	if (plx_buf_length(plx_stream_unread(st)) > 0) {
		err = give_way(s);
		return err < 0 ? err : AGAIN;
	}
	if (st->flags & PLX__STREAM_ENDED)
		return 0;
	if (!s->stopping)
		return SLEEP;
	err = (int)plx_stream_fill(st, 1, PLX_NEVER);
	return err > 0 ? AGAIN : err;
}

/* Has C's handler at work until it is done: SLEEP, 0 or -errno. */
static int
handle(struct plx_connection *c)
{
	const struct plx_server_options *o = &c->server->options;
	struct plx_serving *v = c->serving;
	int r;

	enter(c);
	do {
		r = o->handler(&v->stream, o->arg);
		v->stream.slept = 0; /* when it is called at once */
		if (r == PLX_HIBERNATE)
			r = before_sleep(c->server, &v->stream);
		else if (r > 0)
			r = 0;
	} while (r == AGAIN);
	return plx_scope_leave(&v->scope, r);
}

/* Has the peer of C ended, or is it gone?  That it was quiet after a stop
   counts as the end for the stream. */
static int
has_ended(const struct plx_connection *c)
{
	const struct plx_sys *sys = c->server->sys;
	char byte;
	ssize_t r = sys->recv(sys, c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return r <= 0 && r != -EAGAIN;
}

/* Tells the peer of the end, and gives it a moment to answer with its own. */
static void
linger(struct plx_connection *c)
{
	struct plx_stream *st = &c->serving->stream;

	if (has_ended(c))
		return;
	st->flags &= (unsigned char)~PLX__STREAM_ENDED;
	plx_stream_linger(st, after(c->server, PLX_SERVER_QUIET));
}

/* The handler has said 0: the rest goes out. */
static int
send_off(struct plx_connection *c)
{
	const struct plx_server *s = c->server;
	struct plx_stream *st = &c->serving->stream;
	int64_t timeout = s->options.close_timeout;
	int err;

	if (plx_stream_fileno(st) < 0)
		return 0;
	enter(c);
	err = plx_stream_flush(st, after(s, timeout ? timeout : CLOSE_TIMEOUT));
	if (err == 0 && s->stopping)
		linger(c);
	plx_scope_leave(&c->serving->scope, 0);
	return err;
}

/* Closes what the handler has not closed itself. */
static void
finish(struct plx_connection *c, struct plx_stream *st, int error)
{
	if (plx_stream_fileno(st) < 0)
		c->fd = -1;
	note(c, PLX_SERVER_CLOSED, error);
	if (error < 0)
		plx_stream_abort(st);
	else
		plx_stream_close(st, 0);
}

/* Serves C until it sleeps, SLEEP, or its descriptor is closed.  What had no
   stream when the grace of a stop passed is ended here. */
static int
serve(struct plx_connection *c)
{
	struct plx_serving v;
	int r;

	if (c->server->aborted)
		return end(c, -ETIMEDOUT);
	r = plx__stream_open(&v.stream, c->fd, 1, &c->server->options.stream);
	if (r < 0)
		return end(c, r);
	v.stream.data = c->data;
	if (c->since)
		v.stream.slept = plx_loop_now(v.stream.loop) - c->since;
	c->since = 0;
	c->serving = &v;
	r = handle(c);
	if (r == 0)
		r = send_off(c);
	c->serving = NULL;
	c->data = v.stream.data;
	if (r == SLEEP) {
		r = plx_stream_detach(&v.stream);
		if (r >= 0)
			return SLEEP;
	}
	finish(c, &v.stream, r);
	return r;
}

/* Is C, which has just been started, to be served? */
static int
is_alive(struct plx_connection *c)
{
	int status = plx_hibernation_status(&c->hibernation);

	if (status == -ESHUTDOWN) /* somebody else has closed it */
		c->fd = -1;
	else if (status != -ECANCELED)
		return 1;
	end(c, status);
	return 0;
}

/* The task of a connection. */
static int
connection(void *arg)
{
	struct plx_connection *c = arg;

	plx__connection_awake(c);
	if (is_alive(c)) {
		while (serve(c) == SLEEP) {
			if (fall_asleep(c) == 0)
				return 0;
			if (plx_checkpoint() == 0)
				continue;
			end(c, -ECANCELED);
			break;
		}
	}
	release(c);
	return 0;
}
