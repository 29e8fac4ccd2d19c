/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener.c: from what the command line says to sockets that listen.
 *
 * All of it happens before any loop runs, so looking up a name may take its
 * time.  With several workers each gets a TCP socket of its own on the same
 * port and the kernel shares the connections out; where it cannot, and for
 * Unix sockets, the workers have duplicates of one.
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

/* Sockets of the workers from the second on. */
static int
open_others(struct server *s, int first, const struct plx_address *bound,
	    int share)
{
	struct plx_listen_options o = {.reuse_port = 1};
	size_t n = s->nlisteners;
	int i, err, fd = -1;

	for (i = 1; i < s->options->workers; i++) {
		if (share) {
			err = plx_listen(bound, &o, &fd);
			if (err < 0)
				return err;
		} else {
			fd = fcntl(first, F_DUPFD_CLOEXEC, 0);
			if (fd < 0)
				return -errno;
		}
		s->workers[i].acceptors[n].fd = fd;
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

/* Keeps A's text to be shown, and the path that has to be unlinked. */
static int
note_address(struct listener *l, const struct plx_address *a)
{
	char *name = l->text + strlen("unix:");
	int err = 0;

	plx_address_format(a, l->text, sizeof(l->text));
	if (a->storage.ss_family == AF_UNIX && *name != '@')
		err = note_path(l, name);
	report_clean(l->text);
	return err;
}

static int
listen_on(const struct plx_address *a, int *share, int *out)
{
	struct plx_listen_options o = {.reuse_port = *share};
	int err = plx_listen(a, &o, out);

	if (err != -ENOTSUP || !*share)
		return err;
	*share = 0;
	return plx_listen(a, NULL, out);
}

/* Opens the sockets of all workers for one address. */
static int
open_address(struct server *s, const struct plx_address *a)
{
	struct listener *l = &s->listeners[s->nlisteners];
	struct plx_address bound;
	int share = s->options->workers > 1, one = 1, fd = -1, err;

	err = listen_on(a, &share, &fd);
	if (err < 0)
		return err;
	s->workers[0].acceptors[s->nlisteners].fd = fd;
	/* Connections inherit it; an answer in two pieces must not wait. */
	if (a->storage.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	err = plx_local_address(fd, &bound);
	if (!err)
		err = note_address(l, &bound);
	if (!err)
		err = open_others(s, fd, &bound, share);
	s->nlisteners++;
	return err;
}

/* Makes room for one more listener. */
static int
grow(struct server *s)
{
	size_t n = s->nlisteners + 1;
	struct listener *more = realloc(s->listeners, n * sizeof(*more));
	struct acceptor *a;
	int i;

	if (!more)
		return -ENOMEM;
	s->listeners = more;
	memset(&more[n - 1], 0, sizeof(*more));
	for (i = 0; i < s->options->workers; i++) {
		a = realloc(s->workers[i].acceptors, n * sizeof(*a));
		if (!a)
			return -ENOMEM;
		s->workers[i].acceptors = a;
		memset(&a[n - 1], 0, sizeof(*a));
		a[n - 1].worker = &s->workers[i];
		a[n - 1].fd = -1;
	}
	return 0;
}

static int
add_address(struct server *s, const struct plx_address *a)
{
	int err = grow(s);

	return err < 0 ? err : open_address(s, a);
}

static void
complain(const char *text, int err)
{
	report("cannot listen on %s: %s%s", text, strerror(-err), advise(err));
}

/*
 * A name may have addresses that this machine has not got, such as one of
 * IPv6: those are left out as long as another works.
 */
static int
add_found(struct server *s, const struct target *t, struct addrinfo *list)
{
	struct plx_address a;
	int err = 0, refused = 0, n = 0;

	for (; list; list = list->ai_next) {
		memset(&a, 0, sizeof(a));
		a.length = list->ai_addrlen;
		memcpy(&a.storage, list->ai_addr, list->ai_addrlen);
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

int
listeners_open(struct server *s)
{
	const struct options *o = s->options;
	size_t i;
	int err;

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
			if (s->workers[i].acceptors[n].fd >= 0)
				close(s->workers[i].acceptors[n].fd);
		free(s->workers[i].acceptors);
	}
	free(s->listeners);
}
