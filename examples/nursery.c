/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nursery ADDRESS...: connects to all addresses at once and keeps the first
 * that answers; the others are cancelled, and closed if they were too late.
 */
#include <pollux.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int
try_one(void *arg)
{
	struct plx_address at;
	int fd, r = plx_address_parse(arg, &at);

	if (r < 0)
		return r;
	fd = socket(at.storage.ss_family, SOCK_STREAM, 0);
	if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	r = plx_connect(fd, (struct sockaddr *)&at.storage, at.length,
			PLX_NEVER);
	if (r < 0)
		plx_close(fd);
	return r < 0 ? r : fd;
}

static void
close_late(int fd, void *arg)
{
	(void)arg;
	plx_close(fd);
}

/* A connected socket, or the first error. */
static int
connect_first(char **addresses, int64_t deadline)
{
	struct plx_nursery_options o = {PLX_FIRST_RESULT,
					.discard = close_late};
	struct plx_scope s;
	plx_nursery *n;
	int r;

	plx_scope_enter(&s, deadline);
	r = plx_nursery_open(&o, &n);
	if (r == 0) {
		while (r == 0 && *addresses)
			r = plx_spawn(n, try_one, *addresses++, NULL);
		r = plx_nursery_close(&n, r);
	}
	return plx_scope_leave(&s, r);
}

static int
show(void *arg)
{
	struct plx_address peer;
	char name[PLX_ADDRESS_TEXT];
	int fd = connect_first(arg, plx_after(5 * PLX_SECOND));

	if (fd < 0 || plx_peer_address(fd, &peer) < 0)
		return fd;
	plx_address_format(&peer, name, sizeof(name));
	printf("connected to %s\n", name);
	return plx_close(fd);
}

int
main(int argc, char **argv)
{
	int r = argc > 1 ? plx_run(NULL, show, argv + 1) : -EINVAL;

	if (r < 0)
		fprintf(stderr, "nursery ADDRESS...: %s\n", strerror(-r));
	return argc > 1 ? r < 0 : 2;
}
