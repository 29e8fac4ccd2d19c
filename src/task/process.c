/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.c: child processes as tasks see them once they run: signal, close,
 * and the wait for their end.
 *
 * The end of a process is a state, not a thing: every wait is told it, as often
 * as it asks.  A waiter is in its child's line until it is told or gives up;
 * what it is told is copied into it, since the process may be closed by another
 * task before the waiter goes on.
 */
#include <config.h>
#include "child.h"
#include "io_int.h"
#include "line.h"

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
whole(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_process_awaitable, waiter.base);
}

void
plx__child_tell(struct plx_child *c, int error)
{
	struct plx_waiter *w;

	for (w = c->line.first; w; w = w->next) {
		w->result = error;
		whole(&w->base)->end = c->end;
	}
	plx__line_dismiss(&c->line);
}

/* Attends before it looks: the end may come in between. */
static int
process_arm(struct plx_awaitable *a)
{
	struct plx_process_awaitable *w = whole(a);
	const struct plx_process *p = w->waiter.of;
	struct plx_child *c = p ? p->child : NULL;
	int r;

	if (!c)
		return -EINVAL;
	r = plx__child_attend(c);
	if (plx__child_look(c)) {
		w->waiter.result = c->error;
		w->end = c->end;
		return 1;
	}
	if (r < 0)
		return r;
	plx__line_join(&c->line, &w->waiter);
	return 0;
}

static int
process_result(struct plx_awaitable *a)
{
	const struct plx_process_awaitable *w = whole(a);

	if (w->waiter.result == 0 && w->status)
		*w->status = w->end;
	return w->waiter.result;
}

static const struct plx_awaitable_ops process_ops = {
	.kind = "process",
	.arm = process_arm,
	.disarm = plx__waiter_disarm,
	.result = process_result,
};

struct plx_awaitable *
plx_process_awaitable(struct plx_process_awaitable *w, struct plx_process *p,
		      int *status)
{
	w->status = status;
	w->end = 0;
	return plx__waiter_fill(&w->waiter, &process_ops, p);
}

int
plx_process_wait(struct plx_process *p, int *status, int64_t deadline)
{
	struct plx_process_awaitable w;

	if (!plx__current)
		return -EPERM;
	return plx_await(plx_process_awaitable(&w, p, status), deadline);
}
