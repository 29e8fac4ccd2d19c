/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * churn_raw.c: bits, pollfds, and the calls of epoll.
 */
#include <config.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include "churn.h"
#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#endif

enum {
	WORD = 8 * sizeof(unsigned long),
};

struct raw {
	struct churn churn;
	const struct pool *pool;
	int ep;
	/* select: readers and writers; poll: what it takes, and the place
	   there of a descriptor, by the one in the pool. */
	unsigned long *bits[2];
	struct pollfd *fds;
	long *places;
	long n;
};

static void
close_raw(struct churn *c)
{
	struct raw *s = (void *)c;

	if (s->ep >= 0)
		close(s->ep);
	free(s->bits[0]);
	free(s->bits[1]);
	free(s->fds);
	free(s->places);
	free(s);
}

static struct raw *
get(const struct churn_means *m, const struct pool *p)
{
	struct raw *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->churn.means = m;
	s->pool = p;
	s->ep = -1;
	return s;
}

static struct churn *
open_select(const struct churn_means *m, const struct pool *p)
{
	struct raw *s = get(m, p);
	size_t words = (size_t)p->fds[p->n - 1] / WORD + 1;

	if (!s)
		return NULL;
	s->bits[0] = calloc(words, sizeof(long));
	s->bits[1] = calloc(words, sizeof(long));
	if (s->bits[0] && s->bits[1])
		return &s->churn;
	close_raw(&s->churn);
	return NULL;
}

static int
add_bit(struct churn *c, long place)
{
	struct raw *s = (void *)c;
	int fd = s->pool->fds[place];

	s->bits[0][fd / WORD] |= 1ul << (fd % WORD);
	return 0;
}

static int
change_bit(struct churn *c, long place, int both)
{
	struct raw *s = (void *)c;
	int fd = s->pool->fds[place];

	if (both)
		s->bits[1][fd / WORD] |= 1ul << (fd % WORD);
	else
		s->bits[1][fd / WORD] &= ~(1ul << (fd % WORD));
	return 0;
}

static int
drop_bit(struct churn *c, long place)
{
	struct raw *s = (void *)c;
	int fd = s->pool->fds[place];

	s->bits[0][fd / WORD] &= ~(1ul << (fd % WORD));
	s->bits[1][fd / WORD] &= ~(1ul << (fd % WORD));
	return 0;
}

const struct churn_means churn_raw_select = {
	.open = open_select,
	.add = add_bit,
	.change = change_bit,
	.drop = drop_bit,
	.close = close_raw,
};

static struct churn *
open_poll(const struct churn_means *m, const struct pool *p)
{
	struct raw *s = get(m, p);

	if (!s)
		return NULL;
	s->fds = calloc((size_t)p->n, sizeof(*s->fds));
	s->places = calloc((size_t)p->n, sizeof(*s->places));
	if (s->fds && s->places)
		return &s->churn;
	close_raw(&s->churn);
	return NULL;
}

static int
add_pollfd(struct churn *c, long place)
{
	struct raw *s = (void *)c;

	s->places[place] = s->n;
	s->fds[s->n].fd = s->pool->fds[place];
	s->fds[s->n++].events = POLLIN;
	return 0;
}

static int
change_pollfd(struct churn *c, long place, int both)
{
	struct raw *s = (void *)c;

	s->fds[s->places[place]].events = both ? POLLIN | POLLOUT : POLLIN;
	return 0;
}

/* A negative descriptor is passed over; its place can be used again. */
static int
drop_pollfd(struct churn *c, long place)
{
	struct raw *s = (void *)c;

	s->fds[s->places[place]].fd = -1;
	return 0;
}

const struct churn_means churn_raw_poll = {
	.open = open_poll,
	.add = add_pollfd,
	.change = change_pollfd,
	.drop = drop_pollfd,
	.close = close_raw,
};

#ifdef HAVE_EPOLL
static struct churn *
open_epoll(const struct churn_means *m, const struct pool *p)
{
	struct raw *s = get(m, p);

	if (!s)
		return NULL;
	s->ep = epoll_create1(EPOLL_CLOEXEC);
	if (s->ep >= 0)
		return &s->churn;
	close_raw(&s->churn);
	return NULL;
}

static int
control(struct churn *c, int op, long place, uint32_t events)
{
	struct raw *s = (void *)c;
	int fd = s->pool->fds[place];
	struct epoll_event ev = {.events = events};

	ev.data.fd = fd;
	return epoll_ctl(s->ep, op, fd, &ev) < 0 ? -errno : 0;
}

static int
add_epoll(struct churn *c, long place)
{
	return control(c, EPOLL_CTL_ADD, place, EPOLLIN);
}

static int
change_epoll(struct churn *c, long place, int both)
{
	return control(c, EPOLL_CTL_MOD, place,
		       both ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static int
drop_epoll(struct churn *c, long place)
{
	return control(c, EPOLL_CTL_DEL, place, 0);
}
#else
static struct churn *
open_epoll(const struct churn_means *m, const struct pool *p)
{
	(void)m;
	(void)p;
	errno = ENOSYS;
	return NULL;
}

#define add_epoll NULL
#define change_epoll NULL
#define drop_epoll NULL
#endif

const struct churn_means churn_raw_epoll = {
	.open = open_epoll,
	.add = add_epoll,
	.change = change_epoll,
	.drop = drop_epoll,
	.close = close_raw,
};
