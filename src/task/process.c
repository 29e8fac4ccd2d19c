/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.c: child processes as tasks see them once they run: signal, close,
 * and the wait for their end.
 *
 * The end of a process is a state, not a thing: every wait is told it, as often
 * as it asks.  A waiter is in its child's list until it is told or gives up;
 * what it is told is copied into it, since the process may be closed by another
 * task before the waiter goes on.
 */
#include <config.h>
#include <string.h>
#include "child.h"

int
plx_process_kill(struct plx_process *p, int signo)
{
	return p && p->child ? plx__child_kill(p->child, signo) : -EINVAL;
}

static void
close_pipe(struct plx_rt *rt, int fd)
{
	if (fd < 0)
		return;
	rt->io->forget(rt, fd);
	rt->sys->close(rt->sys, fd);
}

void
plx_process_close(struct plx_process *p)
{
	struct plx_child *c = p ? p->child : NULL;

	if (!c)
		return;
	close_pipe(c->rt, p->in);
	close_pipe(c->rt, p->out);
	close_pipe(c->rt, p->err);
	p->in = p->out = p->err = -1;
	p->child = NULL;
	plx__child_drop(c);
}

static struct plx_process_awaitable *
waiter_of(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_process_awaitable, base);
}

/* C has ended; W is to report how. */
static int
report(struct plx_process_awaitable *w, const struct plx_child *c)
{
	w->error = c->error;
	w->end = c->end;
	return 1;
}

void
plx__child_tell(struct plx_child *c, int error)
{
	struct plx_process_awaitable *w;

	while ((w = c->first)) {
		c->first = w->next;
		w->child = NULL;
		report(w, c);
		w->error = error;
		plx_awaitable_ready(&w->base);
	}
}

/* Attends before it looks: the end may come in between. */
static int
process_arm(struct plx_awaitable *a)
{
	struct plx_process_awaitable *w = waiter_of(a);
	struct plx_child *c = w->process ? w->process->child : NULL;
	struct plx_process_awaitable **end;
	int r;

	if (!c)
		return -EINVAL;
	r = plx__child_attend(c);
	if (plx__child_look(c))
		return report(w, c);
	if (r < 0)
		return r;
	for (end = &c->first; *end; end = &(*end)->next)
		continue;
	*end = w;
	w->next = NULL;
	w->child = c;
	return 0;
}

static int
process_disarm(struct plx_awaitable *a)
{
	struct plx_process_awaitable *w = waiter_of(a);
	struct plx_process_awaitable **at;

	if (!w->child)
		return 0;
	for (at = &w->child->first; *at != w; at = &(*at)->next)
		continue;
	*at = w->next;
	w->child = NULL;
	return 0;
}

static int
process_result(struct plx_awaitable *a)
{
	struct plx_process_awaitable *w = waiter_of(a);

	if (w->error == 0 && w->status)
		*w->status = w->end;
	return w->error;
}

static const struct plx_awaitable_ops process_ops = {
	.kind = "process",
	.arm = process_arm,
	.disarm = process_disarm,
	.result = process_result,
};

struct plx_awaitable *
plx_process_awaitable(struct plx_process_awaitable *w, struct plx_process *p,
		      int *status)
{
	memset(w, 0, sizeof(*w));
	w->base.ops = &process_ops;
	w->process = p;
	w->status = status;
	return &w->base;
}

int
plx_process_wait(struct plx_process *p, int *status, int64_t deadline)
{
	struct plx_process_awaitable w;

	return plx_await(plx_process_awaitable(&w, p, status), deadline);
}
