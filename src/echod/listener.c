/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener.c: from what the command line says to sockets that listen.
 *
 * All of it happens before any loop runs, so looking up a name may take its
 * time.  With several workers each gets a socket of its own on the same port
 * and the kernel shares the clients out; where it cannot, and for Unix sockets
 * and those handed over, the workers have duplicates of one.
 *
 * Traps: port 0 becomes a number with the first socket only, the others must
 * ask for that number.  A path is unlinked while its socket still listens and
 * only while it is ours: later it may belong to the next server.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pollux/udp.h>
#include "activation.h"
#include "listener.h"
#include "report.h"

/* What to do about ERR, where echod knows better than the system. */
static const char *
advise(int err)
{
	switch (err) {
	case -EADDRINUSE:
		return ": stop what listens there, or choose another";
	case -EACCES:
		return ": choose a port above 1023, or a path that you may "
		       "write";
	case -EADDRNOTAVAIL:
		return ": choose an address of this machine";
	default:
		return "";
	}
}

/* Connections inherit it; an answer in two pieces must not wait. */
static void
set_no_delay(int fd, const struct plx_address *a)
{
	int one = 1;

	if (a->storage.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* One socket, of the listener that is being opened. */
static int
open_socket(const struct listener *l, const struct plx_address *a, int share,
	    int *out)
{
	const struct plx_listen_options o = {.reuse_port = share};
	const struct plx_udp_options u = {.reuse_port = share};
	int err;

	if (l->is_datagram)
		return plx_udp_open(a, &u, out);
	err = plx_listen(a, &o, out);
	if (!err)
		set_no_delay(*out, a);
	return err;
}

/* Sockets of the workers from the second on. */
static int
open_others(struct server *s, int first, const struct plx_address *bound,
	    int share)
{
	size_t n = s->nlisteners;
	int i, err, fd = -1;

	for (i = 1; i < s->options->workers; i++) {
		if (share) {
			err = open_socket(&s->listeners[n], bound, 1, &fd);
			if (err < 0)
				return err;
		} else {
			fd = fcntl(first, F_DUPFD_CLOEXEC, 0);
			if (fd < 0)
				return -errno;
		}
		s->workers[i].fds[n] = fd;
	}
	return 0;
}

static int
note_path(struct listener *l, const char *path)
{
	struct stat st;

	l->path = strdup(path);
	if (!l->path)
		return -ENOMEM;
	if (stat(l->path, &st) < 0)
		return -errno;
	l->device = (uint64_t)st.st_dev;
	l->inode = (uint64_t)st.st_ino;
	return 0;
}

/* Keeps where L is: A's text to be shown, and its port. */
static void
note_address(struct listener *l, const struct plx_address *a)
{
	size_t head = l->is_datagram ? strlen("udp:") : 0;

	if (l->is_datagram)
		l->port = datagrams_port(a);
	memcpy(l->text, "udp:", head);
	plx_address_format(a, l->text + head, sizeof(l->text) - head);
}

/* The first socket of an address: shared only where that can be. */
static int
open_first(const struct listener *l, const struct plx_address *a, int *share,
	   int *out)
{
	int err = open_socket(l, a, *share, out);

	if (err != -ENOTSUP || !*share)
		return err;
	*share = 0;
	return open_socket(l, a, 0, out);
}

/* Opens the sockets of all workers for one address; BOUND is what it has
   become. */
static int
open_address(struct server *s, const struct plx_address *a,
	     struct plx_address *bound)
{
	struct listener *l = &s->listeners[s->nlisteners];
	int share = s->options->workers > 1, fd = -1, err;

	err = open_first(l, a, &share, &fd);
	if (err < 0)
		return err;
	s->workers[0].fds[s->nlisteners] = fd;
	err = plx_local_address(fd, bound);
	if (!err) {
		note_address(l, bound);
		if (strncmp(l->text, "unix:", 5) == 0 && l->text[5] != '@')
			err = note_path(l, l->text + 5);
		report_clean(l->text);
	}
	if (!err)
		err = open_others(s, fd, bound, share);
	s->nlisteners++;
	return err;
}

/* Makes room for one more listener. */
static int
grow(struct server *s, int is_datagram)
{
	size_t n = s->nlisteners + 1;
	struct listener *more = realloc(s->listeners, n * sizeof(*more));
	int i, *fds;

	if (!more)
		return -ENOMEM;
	s->listeners = more;
	memset(&more[n - 1], 0, sizeof(*more));
	more[n - 1].is_datagram = is_datagram;
	for (i = 0; i < s->options->workers; i++) {
		fds = realloc(s->workers[i].fds, n * sizeof(*fds));
		if (!fds)
			return -ENOMEM;
		s->workers[i].fds = fds;
		fds[n - 1] = -1;
	}
	return 0;
}

/* Where TCP is served datagrams are too, if that is asked for: on the port that
   it has got. */
static int
add_address(struct server *s, const struct plx_address *a)
{
	struct plx_address bound;
	int err = grow(s, 0);

	if (!err)
		err = open_address(s, a, &bound);
	if (err < 0 || !s->options->udp || a->storage.ss_family == AF_UNIX)
		return err;
	err = grow(s, 1);
	return err < 0 ? err : open_address(s, &bound, &bound);
}

/* Serves a socket that was handed over; its path is not ours. */
static int
add_handed(struct server *s, int fd)
{
	int kind = activation_kind(fd), flags, err;
	struct plx_address bound;

	err = kind < 0 ? kind : grow(s, kind);
	if (err < 0)
		return err;
	s->workers[0].fds[s->nlisteners] = fd;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	err = plx_local_address(fd, &bound);
	if (!err) {
		if (!kind)
			set_no_delay(fd, &bound);
		note_address(&s->listeners[s->nlisteners], &bound);
		report_clean(s->listeners[s->nlisteners].text);
		err = open_others(s, fd, &bound, 0);
	}
	s->nlisteners++;
	return err;
}

static void
complain(const char *text, int err)
{
	report("cannot listen on %s: %s%s", text, strerror(-err), advise(err));
}

/* Does AI say what one before it in LIST has said? */
static int
is_repeated(const struct addrinfo *list, const struct addrinfo *ai)
{
	for (; list != ai; list = list->ai_next)
		if (list->ai_addrlen == ai->ai_addrlen &&
		    memcmp(list->ai_addr, ai->ai_addr, ai->ai_addrlen) == 0)
			return 1;
	return 0;
}

/*
 * A name may have addresses that this machine has not got, such as one of
 * IPv6: those are left out as long as another works.  It may also have one
 * twice, where a hosts file has two lines with both.
 */
static int
add_found(struct server *s, const struct target *t, struct addrinfo *list)
{
	struct plx_address a;
	struct addrinfo *ai;
	int err = 0, refused = 0, n = 0;

	for (ai = list; ai; ai = ai->ai_next) {
		if (is_repeated(list, ai))
			continue;
		memset(&a, 0, sizeof(a));
		a.length = ai->ai_addrlen;
		memcpy(&a.storage, ai->ai_addr, ai->ai_addrlen);
		err = add_address(s, &a);
		if (err == -EADDRNOTAVAIL || err == -EAFNOSUPPORT)
			refused = err;
		else if (err < 0)
			break;
		else
			n++;
	}
	if (err >= 0 || (err == refused && n > 0))
		return 0;
	complain(t->text, err);
	return -1;
}

static int
add_name(struct server *s, const struct target *t)
{
	struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	size_t n = strcspn(t->text, ":");
	char *host = strndup(t->text, n);
	struct addrinfo *list;
	int err;

	err = host ? getaddrinfo(host, t->text + n + 1, &hints, &list)
		   : EAI_MEMORY;
	free(host);
	if (err) {
		report("cannot look up %s: %s: give an address instead",
		       t->text, gai_strerror(err));
		return -1;
	}
	err = add_found(s, t, list);
	freeaddrinfo(list);
	return err;
}

/* 0, or -1 after a report. */
static int
open_handed(struct server *s)
{
	int fd = ACTIVATION_FIRST, err;

	for (; fd < ACTIVATION_FIRST + s->options->handed; fd++) {
		err = add_handed(s, fd);
		if (err >= 0)
			continue;
		report("cannot serve descriptor %d of LISTEN_FDS: %s: hand "
		       "over sockets that listen or take datagrams",
		       fd, strerror(-err));
		return -1;
	}
	return 0;
}

int
listeners_open(struct server *s)
{
	const struct options *o = s->options;
	size_t i;
	int err;

	if (open_handed(s) < 0)
		return -1;
	for (i = 0; i < o->ntargets; i++) {
		if (o->targets[i].is_name) {
			if (add_name(s, &o->targets[i]) < 0)
				return -1;
			continue;
		}
		err = add_address(s, &o->targets[i].address);
		if (err < 0) {
			complain(o->targets[i].text, err);
			return -1;
		}
	}
	return 0;
}

void
listeners_unlink(struct server *s)
{
	struct listener *l;
	struct stat st;

	for (l = s->listeners; l < s->listeners + s->nlisteners; l++) {
		if (!l->path)
			continue;
		if (lstat(l->path, &st) == 0 &&
		    (uint64_t)st.st_dev == l->device &&
		    (uint64_t)st.st_ino == l->inode)
			unlink(l->path);
		free(l->path);
		l->path = NULL;
	}
}

void
listeners_close(struct server *s)
{
	size_t n;
	int i;

	listeners_unlink(s);
	for (i = 0; i < s->options->workers; i++) {
		for (n = 0; n < s->nlisteners; n++)
			if (s->workers[i].fds[n] >= 0)
				close(s->workers[i].fds[n]);
		free(s->workers[i].fds);
	}
	free(s->listeners);
}
