/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.c: the sockets of a server, from open to close.
 *
 * A server is opened whole or not at all.  Sockets that were handed in are
 * checked first and taken last, so that they are still the caller's, and as
 * they were, when something fails.
 *
 * A path that a Unix socket has made is taken away at the end, but only while
 * it is the file that was made: another server may have taken it over. Abstract
 * names and sockets that were handed in have nothing to take away.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "server_int.h"

static const char *
path_of(const struct plx_address *a)
{
	const struct sockaddr_un *sa = (const void *)&a->storage;

	return a->storage.ss_family == AF_UNIX ? sa->sun_path : "";
}

/* Fills in where L is bound to. */
static int
find_address(struct plx_listener *l)
{
	const struct plx_sys *sys = l->server->sys;
	struct plx_address a = {.length = sizeof(a.storage)};
	int err = sys->getsockname(sys, l->fd, (struct sockaddr *)&a.storage,
				   &a.length);

	if (err >= 0)
		l->address = a;
	return err < 0 ? err : 0;
}

static int
note_path(struct plx_listener *l)
{
	const struct plx_sys *sys = l->server->sys;
	const char *path = path_of(&l->address);
	struct stat st;
	int err;

	if (!path[0])
		return 0;
	err = sys->lstat(sys, path, &st);
	if (err < 0) {
		sys->unlink(sys, path);
		return err;
	}
	l->device = (uint64_t)st.st_dev;
	l->inode = (uint64_t)st.st_ino;
	l->made_path = sys->getpid(sys);
	return 0;
}

void
plx__listener_unlink(struct plx_listener *l)
{
	const struct plx_sys *sys = l->server->sys;
	const char *path = path_of(&l->address);
	struct stat st;
	int made = l->made_path && l->made_path == sys->getpid(sys);

	l->made_path = 0;
	if (!made)
		return;
	if (sys->lstat(sys, path, &st) >= 0 &&
	    (uint64_t)st.st_dev == l->device && (uint64_t)st.st_ino == l->inode)
		sys->unlink(sys, path);
}

static void
close_listener(struct plx_listener *l)
{
	const struct plx_sys *sys = l->server->sys;

	plx__listener_unlink(l);
	if (l->fd >= 0)
		sys->close(sys, l->fd);
	l->fd = -1;
}

/* Connections inherit it: an answer in two pieces must not wait. */
static void
send_at_once(const struct plx_listener *l)
{
	const struct plx_sys *sys = l->server->sys;
	int one = 1;

	if (l->address.storage.ss_family != AF_UNIX)
		sys->setsockopt(sys, l->fd, IPPROTO_TCP, TCP_NODELAY, &one,
				sizeof(one));
}

static int
open_listener(struct plx_listener *l, const struct plx_address *a)
{
	int err = plx_listen(a, &l->server->options.listen, &l->fd);

	if (err < 0)
		return err;
	l->address = *a;
	err = note_path(l);
	if (err == 0)
		err = find_address(l);
	if (err < 0)
		close_listener(l);
	else
		send_at_once(l);
	return err;
}

/* A flag of L's socket, of the level SOL_SOCKET. */
static int
get_flag(const struct plx_listener *l, int name)
{
	const struct plx_sys *sys = l->server->sys;
	int value = 0, err;
	socklen_t len = sizeof(value);

	err = sys->getsockopt(sys, l->fd, SOL_SOCKET, name, &value, &len);
	return err < 0 ? err : value;
}

static int
check_listener(struct plx_listener *l)
{
	int listens = get_flag(l, SO_ACCEPTCONN), type;

	if (listens < 0)
		return listens;
	type = get_flag(l, SO_TYPE);
	if (type < 0)
		return type;
	return listens && type == SOCK_STREAM ? find_address(l) : -EINVAL;
}

/* The last N of S's sockets were handed in: 0, or none of them is taken. */
static int
take_listeners(struct plx_server *s, size_t n)
{
	const struct plx_sys *sys = s->sys;
	struct plx_listener *first = &s->listeners[s->nlisteners - n];
	size_t i;
	int err = 0;

	for (i = 0; i < n && err >= 0; i++)
		err = check_listener(&first[i]);
	for (i = 0; i < n && err >= 0; i++)
		err = sys->set_nonblock(sys, first[i].fd, 1);
	for (i = 0; i < n; i++) {
		if (err < 0)
			first[i].fd = -1;
		else
			send_at_once(&first[i]);
	}
	return err < 0 ? err : 0;
}

static int
open_listeners(struct plx_server *s, const struct plx_server_options *o)
{
	size_t i;
	int err = 0;

	for (i = 0; i < s->nlisteners; i++) {
		s->listeners[i].server = s;
		s->listeners[i].fd = -1;
	}
	for (i = 0; i < o->nlisteners; i++)
		s->listeners[o->naddresses + i].fd = o->listeners[i];
	for (i = 0; i < o->naddresses && err == 0; i++)
		err = open_listener(&s->listeners[i], &o->addresses[i]);
	if (err == 0)
		return take_listeners(s, o->nlisteners);
	for (i = 0; i < o->nlisteners; i++)
		s->listeners[o->naddresses + i].fd = -1;
	return err;
}

/* Can streams be opened like that? */
static int
marks_fit(const struct plx_stream_options *o)
{
	return o->low_water <=
	       (o->high_water ? o->high_water : PLX__STREAM_HIGH);
}

static void
init(struct plx_server *s, const struct plx_server_options *o)
{
	s->options = *o;
	s->options.addresses = NULL;
	s->options.listeners = NULL;
	s->sys = plx__sys_or_real(o->sys);
	if (!o->listen.sys)
		s->options.listen.sys = s->sys;
	s->nlisteners = o->naddresses + o->nlisteners;
	s->wakes = PLX_NEVER;
	plx__list_init(&s->awake);
	plx__list_init(&s->idle);
}

int
plx_server_open(const struct plx_server_options *o, plx_server **out)
{
	const struct plx_sys *sys = plx__sys_or_real(o->sys);
	struct plx_server *s;
	size_t size;
	int err;

	if (!o->handler || o->naddresses + o->nlisteners == 0 ||
	    !marks_fit(&o->stream))
		return -EINVAL;
	size = sizeof(*s) +
	       (o->naddresses + o->nlisteners) * sizeof(s->listeners[0]);
	s = sys->resize(sys, NULL, size);
	if (!s)
		return -ENOMEM;
	memset(s, 0, size);
	init(s, o);
	err = open_listeners(s, o);
	if (err < 0) {
		plx_server_close(&s);
		return err;
	}
	*out = s;
	return 0;
}

void
plx_server_close(plx_server **ref)
{
	struct plx_server *s = *ref;
	size_t i;

	*ref = NULL;
	if (!s)
		return;
	for (i = 0; i < s->nlisteners; i++)
		close_listener(&s->listeners[i]);
	s->sys->resize(s->sys, s, 0);
}

int
plx_server_address(const plx_server *s, size_t i, struct plx_address *out)
{
	if (i >= s->nlisteners)
		return -ENOENT;
	*out = s->listeners[i].address;
	return 0;
}

void
plx_server_stats(const plx_server *s, struct plx_server_stats *out)
{
	*out = s->stats;
}

int
plx_serve(const struct plx_server_options *options, plx_server **ref)
{
	plx_server *s;
	int err = plx_server_open(options, &s);

	if (err < 0)
		return err;
	if (ref)
		*ref = s;
	err = plx_server_run(s);
	if (ref)
		*ref = NULL;
	plx_server_close(&s);
	return err;
}
