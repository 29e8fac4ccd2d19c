/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.c: a client for shell tests, where nc(1) may be missing or another one.
 *
 * `say PORT` sends standard input to 127.0.0.1:PORT, ends its half, and
 * prints what comes back until the other half ends.  It tries again for ten
 * seconds while nobody listens, and gives up after ten without an answer.
 * `say` alone prints a port that was free just now.
 */
#include <config.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET};

	at.sin_port = htons((uint16_t)port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return at;
}

static int
print_free_port(void)
{
	struct sockaddr_in at = loopback(0);
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return 1;
	printf("%d\n", ntohs(at.sin_port));
	return 0;
}

/* A connected socket, or -1. */
static int
reach(int port)
{
	struct sockaddr_in at = loopback(port);
	struct timeval ten = {.tv_sec = 10};
	int fd, tries;

	for (tries = 0; tries < 200; tries++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0)
			return -1;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &ten, sizeof(ten));
		if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
			return fd;
		close(fd);
		poll(NULL, 0, 50);
	}
	return -1;
}

/* Copies FROM to TO until the end; 0, or 1 when that failed. */
static int
copy(int from, int to)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0) {
		if (write(to, buf, (size_t)n) != n)
			return 1;
	}
	return n < 0;
}

int
main(int argc, char **argv)
{
	int fd;

	if (argc < 2)
		return print_free_port();
	fd = reach(atoi(argv[1]));
	return fd < 0 || copy(STDIN_FILENO, fd) || shutdown(fd, SHUT_WR) < 0 ||
	       copy(fd, STDOUT_FILENO);
}
