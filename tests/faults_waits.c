/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_waits.c: the table that lies: what is waited for, and the waits.
 *
 * Before each wait those outside have their turn.  A wait with a timeout is a
 * look, and moves the clock (support_sys.c).  One without an end is many looks:
 * when nothing comes of them for seconds, nothing ever will, and the scenario
 * is told to end; if it does not, it hangs.
 *
 * What epoll was asked for is kept, by descriptor, so that all of it can be
 * told of at once though little of it is ready.
 */
#include <config.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#endif
#include "faults_sys.h"

#define SELF const struct plx_sys *sys
#define PATIENCE 3000 /* milliseconds */
#define KEPT 256
#define SET_WORDS 64
#define BITS (8 * sizeof(unsigned long))

/* One wait, of one of the kinds. */
struct asked {
	enum fault_call call;
	int fd, cap, nfds;
	void *out;
	size_t n;
	unsigned long *r, *w;
	const struct timespec *timeout; /* NULL: for ever */
};

static size_t
words(int nfds)
{
	return ((size_t)nfds + BITS - 1) / BITS;
}

/* As select(2), which leaves nothing of what was asked for. */
static int
look_select(const struct asked *w, const struct timespec *t)
{
	size_t size = words(w->nfds) * sizeof(unsigned long);
	unsigned long r[SET_WORDS], wr[SET_WORDS];
	int n;

	if (words(w->nfds) > SET_WORDS)
		faults_give_up("watches too much");
	memcpy(r, w->r, size);
	memcpy(wr, w->w, size);
	n = plx__sys_real.select(&plx__sys_real, w->nfds, r, wr, t);
	if (n > 0) {
		memcpy(w->r, r, size);
		memcpy(w->w, wr, size);
	}
	return n;
}

static int
look(const struct asked *w, int ms)
{
	const struct timespec t = {.tv_nsec = ms * 1000000L};
	const struct plx_sys *real = &plx__sys_real;

	switch (w->call) {
	case FAULT_select:
		return look_select(w, &t);
	case FAULT_poll:
		return real->poll(real, w->out, w->n, &t);
	case FAULT_kevent_wait:
		return real->kevent(real, w->fd, NULL, 0, w->out, w->cap, &t);
	default:
		return real->epoll_wait(real, w->fd, w->out, w->cap, ms);
	}
}

static int
let_peer_move(void)
{
	const struct fault_scenario *s = faults_play.scenario;

	return s->peer ? s->peer() : 0;
}

/* Nothing moves any more: 1, the scenario has been told. */
static int
end_play(void)
{
	const struct fault_scenario *s = faults_play.scenario;

	if (!s->stop || faults_play.ended)
		return 0;
	faults_play.ended = 1;
	s->stop();
	return 1;
}

static int
wait_for_ever(const struct asked *w)
{
	int left = PATIENCE, moved, n;

	do {
		moved = let_peer_move();
		n = look(w, !moved);
		if (n != 0)
			return n;
		left -= !moved;
		if (left == 0 && end_play())
			left = PATIENCE;
	} while (left > 0);
	faults_give_up("hangs");
}

/* What is asked of sets by epoll_ctl. */
static struct {
	int ep;
	uint32_t events;
	uint64_t data;
} kept[KEPT];

void
faults_forget(int fd)
{
	if (fd >= 0 && fd < KEPT)
		memset(&kept[fd], 0, sizeof(kept[fd]));
}

#ifdef HAVE_EPOLL
static int
all_of_epoll(const struct asked *w)
{
	struct epoll_event *out = w->out;
	int n = 0;

	for (int fd = 0; fd < KEPT && n < w->cap; fd++) {
		uint32_t asked = kept[fd].events & (EPOLLIN | EPOLLOUT);

		if (!asked || kept[fd].ep != w->fd)
			continue;
		out[n].events = asked;
		out[n++].data.u64 = kept[fd].data;
	}
	return n;
}

static enum fault_call
change_of(int op)
{
	if (op == EPOLL_CTL_ADD)
		return FAULT_epoll_add;
	return op == EPOLL_CTL_MOD ? FAULT_epoll_mod : FAULT_epoll_del;
}

static int
lie_epoll_ctl(SELF, int ep, int op, int fd, struct epoll_event *ev)
{
	const struct fault_answer *a = faults_enter(change_of(op));
	int r;

	if (a)
		return -a->error;
	r = faults_under.epoll_ctl(sys, ep, op, fd, ev);
	if (r < 0 || fd >= KEPT)
		return r;
	faults_forget(fd);
	if (op != EPOLL_CTL_DEL && !(ev->events & EPOLLONESHOT)) {
		kept[fd].ep = ep;
		kept[fd].events = ev->events;
		kept[fd].data = ev->data.u64;
	}
	return r;
}
#endif

static int
all_of_poll(const struct asked *w)
{
	struct pollfd *p = w->out;
	int n = 0;

	for (size_t i = 0; i < w->n; i++) {
		p[i].revents = p[i].fd < 0 ? 0 : p[i].events;
		n += p[i].revents != 0;
	}
	return n;
}

static int
all_of_select(const struct asked *w)
{
	int n = 0;

	for (size_t i = 0; i < words(w->nfds); i++)
		n += __builtin_popcountl(w->r[i]) +
		     __builtin_popcountl(w->w[i]);
	return n;
}

static int
all_of(const struct asked *w)
{
	switch (w->call) {
	case FAULT_select:
		return all_of_select(w);
	case FAULT_poll:
		return all_of_poll(w);
#ifdef HAVE_EPOLL
	case FAULT_epoll_wait:
	case FAULT_epoll_pwait2:
		return all_of_epoll(w);
#endif
	default:
		return 0;
	}
}

/* 1: the wait W has its answer, *R.  0: it is to be done, maybe cut. */
static int
answered(struct asked *w, int *r)
{
	const struct fault_answer *a = faults_enter(w->call);

	*r = 0;
	if (!a || a->how == FAULT_SHORT) {
		if (a)
			w->cap = 1;
		if (w->timeout) {
			(void)let_peer_move();
			return 0;
		}
		*r = wait_for_ever(w);
		return 1;
	}
	if (a->how == FAULT_FAILS)
		*r = -a->error;
	if (a->how == FAULT_SPURIOUS)
		*r = all_of(w);
	return 1;
}

static int
lie_select(SELF, int nfds, unsigned long *r, unsigned long *w,
	   const struct timespec *timeout)
{
	struct asked x = {.call = FAULT_select, .nfds = nfds, .r = r, .w = w};
	int n;

	x.timeout = timeout;
	if (answered(&x, &n))
		return n;
	return faults_under.select(sys, nfds, r, w, timeout);
}

static int
lie_poll(SELF, struct pollfd *fds, size_t count, const struct timespec *timeout)
{
	struct asked x = {.call = FAULT_poll, .out = fds, .n = count};
	int n;

	x.timeout = timeout;
	if (answered(&x, &n))
		return n;
	return faults_under.poll(sys, fds, count, timeout);
}

static int
lie_epoll_wait(SELF, int ep, struct epoll_event *out, int cap, int ms)
{
	static const struct timespec some;
	struct asked x = {.call = FAULT_epoll_wait, .fd = ep, .cap = cap};
	int n;

	x.out = out;
	x.timeout = ms < 0 ? NULL : &some;
	if (answered(&x, &n))
		return n;
	return faults_under.epoll_wait(sys, ep, out, x.cap, ms);
}

static int
lie_epoll_pwait2(SELF, int ep, struct epoll_event *out, int cap,
		 const struct timespec *timeout)
{
	struct asked x = {.call = FAULT_epoll_pwait2, .fd = ep, .cap = cap};
	int n;

	x.out = out;
	x.timeout = timeout;
	if (answered(&x, &n))
		return n;
	return faults_under.epoll_pwait2(sys, ep, out, x.cap, timeout);
}

static int
lie_kevent(SELF, int kq, const struct kevent *in, int nin, struct kevent *out,
	   int nout, const struct timespec *timeout)
{
	struct asked x = {.call = FAULT_kevent_wait, .fd = kq, .cap = nout};
	const struct fault_answer *a;
	int n;

	if (nin > 0) {
		a = faults_enter(FAULT_kevent_change);
		return a ? -a->error
			 : faults_under.kevent(sys, kq, in, nin, out, nout,
					       timeout);
	}
	x.out = out;
	x.timeout = timeout;
	if (answered(&x, &n))
		return n;
	return faults_under.kevent(sys, kq, in, nin, out, x.cap, timeout);
}

FAULTS_LIE(int, epoll_create, (SELF), (sys))
FAULTS_LIE(int, kqueue, (SELF), (sys))

void
faults_lay_waits(struct plx_sys *table)
{
	memset(kept, 0, sizeof(kept));
	table->select = lie_select;
	table->poll = lie_poll;
	table->epoll_wait = lie_epoll_wait;
	table->epoll_pwait2 = lie_epoll_pwait2;
	table->epoll_create = lie_epoll_create;
	table->kqueue = lie_kqueue;
	table->kevent = lie_kevent;
#ifdef HAVE_EPOLL
	table->epoll_ctl = lie_epoll_ctl;
#endif
}
