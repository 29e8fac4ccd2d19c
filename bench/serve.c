/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve.c: sockets, options and leftovers of the echo servers.
 */
#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "serve.h"

struct serve_rest {
	size_t done, n;
	char bytes[];
};

static char buffer[SERVE_BUFFER];

_Noreturn void
serve_fail(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(error));
	exit(1);
}

void *
serve_memory(size_t n)
{
	void *p = malloc(n);

	if (!p)
		serve_fail("memory", ENOMEM);
	return p;
}

/* Nothing is left to be done, and a handler costs a server nothing. */
static void
end(int signal)
{
	(void)signal;
	_exit(0);
}

static void
set_process(void)
{
	const struct sigaction ends = {.sa_handler = end};
	struct rlimit limit;

	sigaction(SIGTERM, &ends, NULL);
	sigaction(SIGINT, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
listen_on(int port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ||
	    listen(fd, SOMAXCONN) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		serve_fail("listen", errno);
	return fd;
}

_Noreturn static void
usage(const char *program, const char *const *modes)
{
	fprintf(stderr, "usage: %s [--port=N]", program);
	for (int i = 0; modes[i]; i++)
		fprintf(stderr, "%s--%s", i ? "|" : " [", modes[i]);
	fputs(modes[0] ? "]\n" : "\n", stderr);
	exit(2);
}

static int
find_mode(const char *argument, const char *const *modes)
{
	for (int i = 0; modes[i]; i++) {
		if (strncmp(argument, "--", 2) == 0 &&
		    strcmp(argument + 2, modes[i]) == 0)
			return i;
	}
	return -1;
}

int
serve_begin(int argc, char **argv, const char *const *modes, int *listener)
{
	int mode = 0, port = 0;
	char rest;

	for (int i = 1; i < argc; i++) {
		if (sscanf(argv[i], "--port=%d%c", &port, &rest) == 1 &&
		    port >= 0 && port <= 65535)
			continue;
		mode = find_mode(argv[i], modes);
		if (mode < 0)
			usage(argv[0], modes);
	}
	set_process();
	*listener = listen_on(port);
	return mode;
}

void
serve_announce(int listener)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	if (getsockname(listener, (struct sockaddr *)&in, &len) < 0)
		serve_fail("getsockname", errno);
	printf("listening on 127.0.0.1:%d\n", ntohs(in.sin_port));
	fflush(stdout);
}

int
serve_accept(int listener)
{
	int one = 1;
	int fd;

#ifdef HAVE_ACCEPT4
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
#else
	fd = accept(listener, NULL, NULL);
	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
#endif
	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
				 sizeof(one));
	return fd;
}

static enum serve_next
keep(struct serve_rest **rest, size_t done, size_t n)
{
	struct serve_rest *r = serve_memory(sizeof(*r) + n - done);

	r->done = 0;
	r->n = n - done;
	memcpy(r->bytes, buffer + done, r->n);
	*rest = r;
	return SERVE_WRITE;
}

static int
passing(void)
{
	return errno == EAGAIN || errno == EINTR;
}

enum serve_next
serve_echo(int fd, struct serve_rest **rest)
{
	ssize_t n = read(fd, buffer, sizeof(buffer));
	ssize_t w;

	if (n <= 0)
		return n < 0 && passing() ? SERVE_READ : SERVE_CLOSE;
	w = write(fd, buffer, (size_t)n);
	if (w == n)
		return SERVE_READ;
	if (w < 0 && !passing())
		return SERVE_CLOSE;
	return keep(rest, w > 0 ? (size_t)w : 0, (size_t)n);
}

enum serve_next
serve_flush(int fd, struct serve_rest **rest)
{
	struct serve_rest *r = *rest;
	ssize_t w = write(fd, r->bytes + r->done, r->n - r->done);

	if (w < 0)
		return passing() ? SERVE_WRITE : SERVE_CLOSE;
	r->done += (size_t)w;
	if (r->done < r->n)
		return SERVE_WRITE;
	serve_drop(rest);
	return SERVE_READ;
}

void
serve_drop(struct serve_rest **rest)
{
	free(*rest);
	*rest = NULL;
}
