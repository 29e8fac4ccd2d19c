/* SPDX-License-Identifier: BSD-2-Clause */
/* selector_echo ADDRESS: a selector, and a callback in the data of each key. */
#include <pollux.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct channel {
	void (*callback)(int fd, unsigned mask);
	ssize_t from, to; /* of BUF: received, not yet sent */
	char buf[4096];
};
static struct channel door;
static plx_selector *s;
static int listener;

static void
echo(int fd, unsigned mask) /* reads when all is sent, else writes */
{
	struct plx_key key = {.data = NULL};
	ssize_t n = plx_selector_get_key(s, fd, &key);
	struct channel *c = key.data;

	if (mask & PLX_READ) {
		n = recv(fd, c->buf, sizeof(c->buf), MSG_DONTWAIT);
		c->from = 0, c->to = n;
	}
	if (c->from < c->to) {
		n = send(fd, c->buf + c->from, (size_t)(c->to - c->from),
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		c->from += n > 0 ? n : 0;
	}
	if ((n > 0 || (n < 0 && errno == EAGAIN)) &&
	    plx_selector_modify(s, fd, c->from < c->to ? PLX_WRITE : PLX_READ,
				c) == 0)
		return;
	plx_selector_unregister(s, fd), close(fd), free(c);
	plx_selector_register(s, listener, PLX_READ, &door); /* see greet */
}

static void
greet(int fd, unsigned mask)
{
	int peer = mask & PLX_READ ? accept(fd, NULL, NULL) : -1;
	struct channel *c = peer < 0 ? NULL : calloc(1, sizeof(*c));

	if (peer < 0 && (errno == EMFILE || errno == ENFILE))
		plx_selector_unregister(s, fd); /* until a client leaves */
	if (c)
		c->callback = echo;
	if (peer >= 0 && (!c || plx_selector_register(s, peer, PLX_READ, c)))
		free(c), close(peer);
}

int
main(int argc, char **argv)
{
	struct plx_ready io;
	struct plx_address at;
	char text[PLX_ADDRESS_TEXT];
	int r;

	door.callback = greet;
	if (argc != 2 || plx_address_parse(argv[1], &at) < 0)
		return fprintf(stderr, "usage: selector_echo ADDRESS\n"), 2;
	if ((r = plx_listen(&at, NULL, &listener)) == 0 &&
	    (r = plx_local_address(listener, &at)) == 0 &&
	    (r = plx_selector_open(NULL, &s)) == 0 &&
	    (r = plx_selector_register(s, listener, PLX_READ, &door)) == 0) {
		plx_address_format(&at, text, sizeof(text));
		printf("selector_echo: listening on %s\n", text);
		fflush(stdout);
	}
	for (; r == 0 || r == -EINTR; r = r == 1 ? 0 : r)
		if ((r = plx_selector_select(s, &io, 1, PLX_NEVER)) == 1)
			((struct channel *)io.data)->callback(io.fd, io.events);
	return fprintf(stderr, "selector_echo: %s\n", strerror(-r)), 1;
}
