/* SPDX-License-Identifier: BSD-2-Clause */
/* dispatcher_echo ADDRESS: an echo server of dispatchers. */
#include <pollux.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX 65536 /* bytes that wait for a slow client */
static struct plx_dispatcher_map map;

static int
readable(struct plx_dispatcher *d)
{
	return plx_dispatcher_queued(d) < MAX;
}

static int
echo(struct plx_dispatcher *d)
{
	char buf[MAX];
	ssize_t n = plx_dispatcher_recv(d, buf, MAX - plx_dispatcher_queued(d));

	if (n > 0 && plx_dispatcher_send(d, buf, (size_t)n) != n)
		return -ENOMEM;
	return (int)n;
}

static void
closed(struct plx_dispatcher *d, int why)
{
	(void)why, free(d);
}

static int
greet(struct plx_dispatcher *listener)
{
	static const struct plx_dispatcher_ops channel = {
		readable, .handle_read = echo, .handle_close = closed,
		.limit = MAX};
	int fd, r = plx_dispatcher_accept(listener, &fd, NULL);
	struct plx_dispatcher *d = r == 1 ? calloc(1, sizeof(*d)) : NULL;

	if (d)
		plx_dispatcher_init(d, &map, &channel);
	if (r == 1 && (!d || plx_dispatcher_set_socket(d, fd) < 0))
		free(d), close(fd);
	return r;
}

int
main(int argc, char **argv)
{
	static const struct plx_dispatcher_ops door = {.handle_accept = greet};
	struct plx_dispatcher d = {.arg = NULL};
	struct plx_address at;
	char text[PLX_ADDRESS_TEXT];
	plx_loop *loop;
	int r;

	if (argc != 2 || plx_address_parse(argv[1], &at) < 0)
		return fprintf(stderr, "usage: dispatcher_echo ADDRESS\n"), 2;
	if ((r = plx_loop_open(NULL, &loop)) < 0)
		return fprintf(stderr, "no loop: %s\n", strerror(-r)), 1;
	plx_dispatcher_map_init(&map, loop);
	plx_dispatcher_init(&d, &map, &door);
	r = plx_dispatcher_create_socket(&d, at.storage.ss_family, SOCK_STREAM);
	if (!r && !(r = plx_dispatcher_set_reuse_addr(&d)) &&
	    !(r = plx_dispatcher_bind(&d, &at)) &&
	    !(r = plx_dispatcher_listen(&d, 0)) &&
	    !(r = plx_local_address(plx_dispatcher_fd(&d), &at))) {
		plx_address_format(&at, text, sizeof(text));
		printf("dispatcher_echo: listening on %s\n", text);
		fflush(stdout);
		r = plx_dispatcher_loop(&map, -1, PLX_NEVER);
	}
	return fprintf(stderr, "dispatcher_echo: %s\n", strerror(-r)), 1;
}
