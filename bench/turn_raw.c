/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn_raw.c: the three mechanisms of the system, written by hand.
 *
 * The floor: nothing that a library would have to think of.  The sets of
 * select are words, so that they can be longer than an fd_set; the scans end
 * with the last of those that the call has counted.
 */
#include <config.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>
#include "turn.h"
#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#endif

enum {
	WORD = 8 * sizeof(unsigned long),
};

/* Memory, or no program. */
static void *
get(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		turn_fail("calloc");
	return p;
}

static void
close_plain(struct turn *t)
{
	free(t->set);
}

struct bits {
	int numbers; /* the highest descriptor and one */
	size_t words;
	unsigned long *ready;
	unsigned long want[]; /* and READY behind it */
};

static int
open_select(struct turn *t)
{
	int top = 0;
	size_t words;
	struct bits *s;

	for (long i = 0; i < t->pool->n; i++)
		top = t->pool->fds[i] > top ? t->pool->fds[i] : top;
	words = (size_t)top / WORD + 1;
	s = get(sizeof(*s) + 2 * words * sizeof(*s->want));
	s->numbers = top + 1;
	s->words = words;
	s->ready = s->want + words;
	for (long i = 0; i < t->pool->n; i++)
		s->want[t->pool->fds[i] / WORD] |= 1ul
						   << (t->pool->fds[i] % WORD);
	t->set = s;
	return 0;
}

static void
run_select(struct turn *t)
{
	struct bits *s = t->set;

	while (t->left > 0) {
		int n;

		memcpy(s->ready, s->want, s->words * sizeof(*s->want));
		n = select(s->numbers, (fd_set *)(void *)s->ready, NULL, NULL,
			   NULL);
		if (n < 0)
			turn_fail("select");
		for (int w = 0; n > 0; w++) {
			for (unsigned long b = s->ready[w]; b; b &= b - 1) {
				n--;
				turn_event(t, w * WORD + __builtin_ctzl(b));
			}
		}
	}
}

static int
open_poll(struct turn *t)
{
	struct pollfd *fds = get((size_t)t->pool->n * sizeof(*fds));

	for (long i = 0; i < t->pool->n; i++) {
		fds[i].fd = t->pool->fds[i];
		fds[i].events = POLLIN;
	}
	t->set = fds;
	return 0;
}

static void
run_poll(struct turn *t)
{
	struct pollfd *fds = t->set;

	while (t->left > 0) {
		int n = poll(fds, (nfds_t)t->pool->n, -1);

		if (n < 0)
			turn_fail("poll");
		for (long i = 0; n > 0; i++) {
			if (!fds[i].revents)
				continue;
			n--;
			turn_event(t, fds[i].fd);
		}
	}
}

const struct turn_means turn_raw_select = {
	.open = open_select,
	.run = run_select,
	.close = close_plain,
};
const struct turn_means turn_raw_poll = {
	.open = open_poll,
	.run = run_poll,
	.close = close_plain,
};

#ifdef HAVE_EPOLL
struct ep {
	int fd;
	struct epoll_event events[TURN_READY];
};

static void
close_epoll(struct turn *t)
{
	struct ep *s = t->set;

	close(s->fd);
	free(s);
}

static int
open_epoll(struct turn *t)
{
	struct ep *s = get(sizeof(*s));
	int err = 0;

	t->set = s;
	s->fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->fd < 0)
		err = -errno;
	for (long i = 0; i < t->pool->n && err == 0; i++) {
		struct epoll_event ev = {.events = EPOLLIN};

		ev.data.fd = t->pool->fds[i];
		if (epoll_ctl(s->fd, EPOLL_CTL_ADD, ev.data.fd, &ev) < 0)
			err = -errno;
	}
	if (err < 0)
		close_epoll(t);
	return err;
}

static void
run_epoll(struct turn *t)
{
	struct ep *s = t->set;

	while (t->left > 0) {
		int n = epoll_wait(s->fd, s->events, TURN_READY, -1);

		if (n < 0)
			turn_fail("epoll_wait");
		for (int i = 0; i < n; i++)
			turn_event(t, s->events[i].data.fd);
	}
}
#else
static int
open_epoll(struct turn *t)
{
	(void)t;
	return -ENOSYS;
}

#define run_epoll NULL
#define close_epoll NULL
#endif

const struct turn_means turn_raw_epoll = {
	.open = open_epoll,
	.run = run_epoll,
	.close = close_epoll,
};
