/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_peer.c: see the header.
 *
 * The socket is a Unix one: what has been sent has arrived, and thousands of
 * connections leave no ports behind.
 */
#include <config.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <pollux/net.h>
#include "cancel_disguise.h"
#include "cancel_peer.h"
#include "support.h"
#undef plx_listen
#undef plx_server_open
#undef plx_serve
#undef printf
#undef fprintf
#undef malloc
#undef calloc
#undef realloc
#undef strdup
#undef free

/* What the talking client sends in all, in pieces as large as they go. */
#define AMOUNT 400000

enum {
	TALKS,
	VANISHES,
	SILENT,
	CLIENTS
};

struct client {
	int fd;
	int came, went;
	size_t sent;
};

static struct client clients[CLIENTS];
static char path[64];
static char block[20000];
static size_t text_length;
static int raised;
static long blocks;

int
cancel_listen(const struct plx_address *address,
	      const struct plx_listen_options *options, int *out)
{
	struct plx_address at;
	char text[80];
	int r;

	(void)address;
	(void)options;
	snprintf(path, sizeof(path), "/tmp/pollux-cancel-%ld", (long)getpid());
	snprintf(text, sizeof(text), "unix:%s", path);
	unlink(path);
	r = plx_address_parse(text, &at);
	return r < 0 ? r : plx_listen(&at, NULL, out);
}

/* Lets OPTIONS say all but where to listen; sockets that listen already are the
   driver's.  FD is -1 if none was opened. */
static int
disguise(const struct plx_server_options *options, struct plx_server_options *o,
	 int *fd)
{
	*o = *options;
	*fd = -1;
	o->sys = &support_sys.sys;
	if (o->nlisteners > 0)
		return 0;
	o->addresses = NULL;
	o->naddresses = 0;
	o->listeners = fd;
	o->nlisteners = 1;
	return cancel_listen(NULL, NULL, fd);
}

int
cancel_server_open(const struct plx_server_options *options, plx_server **out)
{
	struct plx_server_options o;
	int fd, r = disguise(options, &o, &fd);

	if (r == 0 && (r = plx_server_open(&o, out)) < 0 && fd >= 0)
		close(fd);
	return r;
}

int
cancel_serve(const struct plx_server_options *options, plx_server **s)
{
	plx_server *server, **at = s ? s : &server;
	int r = cancel_server_open(options, at);

	if (r < 0)
		return r;
	r = plx_server_run(*at);
	plx_server_close(at);
	return r;
}

/* Is C connected, now or again? */
static int
come(struct client *c)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	if (c->came)
		return !c->went;
	c->fd = support_socket(AF_UNIX, SOCK_STREAM);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	c->came = 1;
	c->went = c->fd < 0 || connect(c->fd, (void *)&sa, sizeof(sa)) < 0;
	if (c->went && c->fd >= 0)
		close(c->fd);
	return !c->went;
}

static void
go(struct client *c)
{
	close(c->fd);
	c->went = 1;
}

void
peer_text(const void *text, size_t n)
{
	text_length = n;
	for (size_t i = 0; n > 0 && i < sizeof(block); i++)
		block[i] = ((const char *)text)[i % n];
}

static void
peer_lines(void)
{
	char line[100];

	memset(line, 'a', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	peer_text(line, sizeof(line));
}

/* Sends what goes: did any? */
static int
say(struct client *c)
{
	size_t from;
	ssize_t n;

	if (c->sent >= AMOUNT)
		return 0;
	if (!text_length)
		peer_lines();
	from = c->sent % text_length;
	n = send(c->fd, block + from, sizeof(block) - from, MSG_NOSIGNAL);
	if (n > 0)
		c->sent += (size_t)n;
	if (c->sent >= AMOUNT)
		shutdown(c->fd, SHUT_WR);
	return n > 0;
}

/* Takes some of the answers: were there any, or has it ended now? */
static int
hear(struct client *c)
{
	static char answer[20000];
	ssize_t n = recv(c->fd, answer, sizeof(answer), 0);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		go(c);
		return 1;
	}
	return n > 0;
}

int
peer_step(void)
{
	struct client *c = clients;
	int moved = 0;

	if (!path[0])
		return 0;
	if (come(&c[TALKS]))
		moved = say(&c[TALKS]) || hear(&c[TALKS]);
	if (come(&c[VANISHES])) {
		(void)send(c[VANISHES].fd, "unread\n", 7, MSG_NOSIGNAL);
		go(&c[VANISHES]);
		moved = 1;
	}
	(void)come(&c[SILENT]);
	return moved;
}

int
peer_step_then_stop(void)
{
	int moved = peer_step();

	if (moved || raised || !clients[TALKS].went)
		return moved;
	raised = 1;
	raise(SIGTERM);
	return 1;
}

void
peer_stop(void)
{
	int i;

	for (i = 0; i < CLIENTS; i++) {
		if (clients[i].came && !clients[i].went)
			close(clients[i].fd);
	}
	memset(clients, 0, sizeof(clients));
	raised = 0;
	if (path[0])
		unlink(path);
	path[0] = '\0';
}

long
peer_blocks(void)
{
	return blocks;
}

int
cancel_print(const char *format, ...)
{
	(void)format;
	return 1;
}

void *
cancel_malloc(size_t size)
{
	blocks++;
	return malloc(size);
}

void *
cancel_calloc(size_t n, size_t size)
{
	blocks++;
	return calloc(n, size);
}

void *
cancel_realloc(void *p, size_t size)
{
	blocks += !p;
	return realloc(p, size);
}

char *
cancel_strdup(const char *s)
{
	blocks++;
	return strdup(s);
}

void
cancel_free(void *p)
{
	blocks -= p != NULL;
	free(p);
}
