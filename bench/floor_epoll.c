/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * floor_epoll.c: the echo server that everyone is measured against.
 *
 * Written by hand for one job: level-triggered, each descriptor registered
 * once, one read and one write per message, nothing allocated, nothing that a
 * library would have to think of.  With --mechanism=poll or select the same
 * over the other two, as plain as can be.
 */
#include <config.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif

#define MOST 65536
#define BATCH 1024
#define WORD (8 * sizeof(unsigned long))

static char buffer[65536];
static int listener;

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "floor_epoll: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The next connection, or -1. */
static int
take(void)
{
	int fd = accept(listener, NULL, NULL);
	int one = 1;

	if (fd < 0)
		return -1;
	if (fd >= MOST) {
		close(fd);
		return -1;
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* Waits for room: the client is known to read. */
static void
write_all(int fd, size_t done, size_t n)
{
	while (done < n) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		ssize_t w;

		(void)poll(&p, 1, -1);
		w = send(fd, buffer + done, n - done, MSG_NOSIGNAL);
		if (w < 0 && errno != EAGAIN)
			return;
		done += w > 0 ? (size_t)w : 0;
	}
}

/* 0 when FD has ended and was closed. */
static int
echo(int fd)
{
	ssize_t n = read(fd, buffer, sizeof(buffer));
	ssize_t w;

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		close(fd);
		return 0;
	}
	if (n > 0) {
		w = send(fd, buffer, (size_t)n, MSG_NOSIGNAL);
		if (w < n)
			write_all(fd, w > 0 ? (size_t)w : 0, (size_t)n);
	}
	return 1;
}

#ifdef __linux__
static void
add(int ep, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		fail("epoll_ctl");
}

static void
serve_epoll(void)
{
	static struct epoll_event ready[BATCH];
	int ep = epoll_create1(0);

	add(ep, listener);
	for (;;) {
		int n = epoll_wait(ep, ready, BATCH, -1);

		for (int i = 0; i < n; i++) {
			int fd = ready[i].data.fd;

			if (fd != listener) {
				echo(fd);
				continue;
			}
			while ((fd = take()) >= 0)
				add(ep, fd);
		}
	}
}
#else
static void
serve_epoll(void)
{
	errno = ENOSYS;
	fail("epoll");
}
#endif

static void
serve_poll(void)
{
	static struct pollfd set[MOST];
	nfds_t used = 1;
	int fd;

	set[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (;;) {
		int left = poll(set, used, -1);

		for (nfds_t i = used; i-- > 1 && left > 0;) {
			if (!set[i].revents)
				continue;
			left--;
			if (!echo(set[i].fd))
				set[i] = set[--used];
		}
		while (set[0].revents && used < MOST && (fd = take()) >= 0) {
			set[used].fd = fd;
			set[used].events = POLLIN;
			set[used++].revents = 0;
		}
	}
}

static void
serve_word(unsigned long *all, size_t word, unsigned long bits)
{
	while (bits) {
		int bit = __builtin_ctzl(bits);
		int fd = (int)(word * WORD) + bit;

		bits &= bits - 1;
		if (fd != listener && !echo(fd))
			all[word] &= ~(1ul << bit);
	}
}

/* Bitmaps of our own: the kernel takes more than FD_SETSIZE. */
static void
serve_select(void)
{
	static unsigned long all[MOST / WORD], ready[MOST / WORD];
	size_t place = (size_t)listener / WORD;
	unsigned long mark = 1ul << (size_t)listener % WORD;
	int highest = listener;

	all[place] |= mark;
	for (;;) {
		size_t words = (size_t)highest / WORD + 1;
		int fd;

		memcpy(ready, all, words * sizeof(all[0]));
		if (select(highest + 1, (void *)ready, NULL, NULL, NULL) < 0)
			fail("select");
		for (size_t i = 0; i < words; i++)
			serve_word(all, i, ready[i]);
		while ((ready[place] & mark) && (fd = take()) >= 0) {
			all[(size_t)fd / WORD] |= 1ul << (size_t)fd % WORD;
			highest = fd > highest ? fd : highest;
		}
	}
}

static void
listen_on(int port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(in);
	int one = 1;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listener < 0 || bind(listener, (struct sockaddr *)&in, len) < 0 ||
	    listen(listener, SOMAXCONN) < 0 ||
	    fcntl(listener, F_SETFL, O_NONBLOCK) < 0 ||
	    getsockname(listener, (struct sockaddr *)&in, &len) < 0)
		fail("listen");
	printf("listening on 127.0.0.1:%d\n", ntohs(in.sin_port));
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"port", required_argument, NULL, 'p'},
		{"mechanism", required_argument, NULL, 'm'},
		{NULL, 0, NULL, 0},
	};
	const char *mechanism = "epoll";
	struct rlimit limit;
	int port = 7008, which;

	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (which == 'p') {
			port = atoi(optarg);
		} else if (which == 'm') {
			mechanism = optarg;
		} else {
			fputs("usage: floor_epoll [--port=N] "
			      "[--mechanism=epoll|poll|select]\n",
			      stderr);
			return 2;
		}
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	listen_on(port);
	if (strcmp(mechanism, "poll") == 0)
		serve_poll();
	if (strcmp(mechanism, "select") == 0)
		serve_select();
	serve_epoll();
}
