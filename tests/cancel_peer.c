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
#undef plx_listen
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

/* Is C connected, now or again? */
static int
come(struct client *c)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	if (c->came)
		return !c->went;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
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

/* Sends what goes: did any? */
static int
say(struct client *c)
{
	static char block[20000];
	ssize_t n;

	if (c->sent >= AMOUNT)
		return 0;
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i % 100 == 99 ? '\n' : 'a');
	n = send(c->fd, block, sizeof(block), MSG_NOSIGNAL);
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
	static char block[20000];
	ssize_t n = recv(c->fd, block, sizeof(block), 0);

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
