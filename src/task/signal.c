/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c: signals as something that tasks wait for.
 *
 * The loop lets one struct plx_signal catch a signal.  So a run has a struct
 * plx_caught for each signal that somebody in it hears, and that one passes
 * every delivery to all who do.  It is made by the first and goes with the
 * last, so that between two who come and go no delivery meets the former
 * disposition, which may well be to kill the program.
 *
 * A delivery is counted first and handed over then: the count goes to a waiter
 * only if that is what its wait reports, and else stays for the next wait.
 */
#include <config.h>
#include <limits.h>
#include <string.h>
#include "signal_int.h"

struct plx_caught {
	struct plx_link link; /* in plx_rt.caught */
	struct plx_rt *rt;
	struct plx_signal signal;
	struct plx_signals *first; /* who hears it, in the order of opening */
};

static int
take(struct plx_signals *s)
{
	int count = s->count;

	s->count = 0;
	return count;
}

static void
deliver(struct plx_signals *s)
{
	struct plx_signals_awaitable *w = s->waiter;

	if (s->count < INT_MAX)
		s->count++;
	if (!w || !plx_awaitable_ready(&w->base))
		return;
	s->waiter = NULL;
	w->count = take(s);
}

static void
on_signal(struct plx_signal *signal, int signo)
{
	struct plx_caught *c = signal->arg;
	struct plx_signals *s;

	(void)signo;
	for (s = c->first; s; s = s->next) {
		if (s->heard)
			s->heard(s);
		else
			deliver(s);
	}
}

static struct plx_caught *
find(struct plx_rt *rt, int signo)
{
	struct plx_caught *c;
	struct plx_link *l;

	for (l = rt->caught.next; l != &rt->caught; l = l->next) {
		c = PLX_OF(l, struct plx_caught, link);
		if (c->signal.signo == signo)
			return c;
	}
	return NULL;
}

static int
catch_signal(struct plx_rt *rt, int signo, struct plx_caught **out)
{
	struct plx_caught *c = rt->sys->resize(rt->sys, NULL, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	c->rt = rt;
	c->signal.fn = on_signal;
	c->signal.arg = c;
	r = plx_loop_signal(rt->loop, &c->signal, signo);
	if (r < 0) {
		rt->sys->resize(rt->sys, c, 0);
		return r;
	}
	plx__list_append(&rt->caught, &c->link);
	*out = c;
	return 0;
}

static void
let_go(struct plx_caught *c)
{
	const struct plx_sys *sys = c->rt->sys;

	plx_loop_unsignal(&c->signal);
	plx__list_remove(&c->link);
	sys->resize(sys, c, 0);
}

int
plx__signals_open(struct plx_rt *rt, struct plx_signals *s, int signo,
		  void (*heard)(struct plx_signals *s))
{
	struct plx_caught *c = find(rt, signo);
	struct plx_signals **end;
	int r = c ? 0 : catch_signal(rt, signo, &c);

	if (r < 0)
		return r;
	memset(s, 0, sizeof(*s));
	s->caught = c;
	s->heard = heard;
	for (end = &c->first; *end; end = &(*end)->next)
		continue;
	*end = s;
	return 0;
}

int
plx_signals_open(struct plx_signals *s, int signo)
{
	struct plx_task *t = plx__current;

	if (!t)
		return -EPERM;
	return s ? plx__signals_open(t->rt, s, signo, NULL) : -EINVAL;
}

void
plx_signals_close(struct plx_signals *s)
{
	struct plx_caught *c = s ? s->caught : NULL;
	struct plx_signals_awaitable *w;
	struct plx_signals **at;

	if (!c)
		return;
	w = s->waiter;
	if (w) {
		w->signals = NULL;
		w->count = -ESHUTDOWN;
		plx_awaitable_ready(&w->base);
	}
	for (at = &c->first; *at != s; at = &(*at)->next)
		continue;
	*at = s->next;
	memset(s, 0, sizeof(*s));
	if (!c->first)
		let_go(c);
}

/* Who is still open lies in frames that are gone. */
void
plx__signals_forget(struct plx_rt *rt)
{
	while (!plx__list_empty(&rt->caught))
		let_go(PLX_OF(rt->caught.next, struct plx_caught, link));
}

static struct plx_signals_awaitable *
waiter_of(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_signals_awaitable, base);
}

static int
signals_arm(struct plx_awaitable *a)
{
	struct plx_signals_awaitable *w = waiter_of(a);
	struct plx_signals *s = w->signals;

	if (!s || !s->caught)
		return -EINVAL;
	if (s->waiter)
		return -EBUSY;
	w->count = take(s);
	if (w->count > 0)
		return 1;
	s->waiter = w;
	return 0;
}

static int
signals_disarm(struct plx_awaitable *a)
{
	struct plx_signals_awaitable *w = waiter_of(a);

	if (w->signals && w->signals->waiter == w)
		w->signals->waiter = NULL;
	return 0;
}

static int
signals_result(struct plx_awaitable *a)
{
	return waiter_of(a)->count;
}

static const struct plx_awaitable_ops signals_ops = {
	.kind = "signal",
	.arm = signals_arm,
	.disarm = signals_disarm,
	.result = signals_result,
};

struct plx_awaitable *
plx_signals_awaitable(struct plx_signals_awaitable *w, struct plx_signals *s)
{
	memset(w, 0, sizeof(*w));
	w->base.ops = &signals_ops;
	w->signals = s;
	return &w->base;
}

int
plx_signals_wait(struct plx_signals *s, int64_t deadline)
{
	struct plx_signals_awaitable w;

	if (!plx__current)
		return -EPERM;
	return plx_await(plx_signals_awaitable(&w, s), deadline);
}
