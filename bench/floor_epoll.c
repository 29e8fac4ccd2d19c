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
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif
#include "serve.h"

#define MOST 65536
#define BATCH 1024
#define WORD (8 * sizeof(unsigned long))

static char buffer[SERVE_BUFFER];
static int listener;

/* The next connection, or -1. */
static int
take(void)
{
	int fd = serve_accept(listener);

	if (fd < MOST)
		return fd;
	close(fd);
	return -1;
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
		serve_fail("epoll_ctl", errno);
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
	serve_fail("epoll", ENOSYS);
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
			serve_fail("select", errno);
		for (size_t i = 0; i < words; i++)
			serve_word(all, i, ready[i]);
		while ((ready[place] & mark) && (fd = take()) >= 0) {
			all[(size_t)fd / WORD] |= 1ul << (size_t)fd % WORD;
			highest = fd > highest ? fd : highest;
		}
	}
}

int
main(int argc, char **argv)
{
	static const char *const modes[] = {"mechanism=epoll", "mechanism=poll",
					    "mechanism=select", NULL};
	int mode = serve_begin(argc, argv, modes, &listener);

	serve_announce(listener);
	if (mode == 1)
		serve_poll();
	if (mode == 2)
		serve_select();
	serve_epoll();
}
