/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * child.c: noticing that a child process has ended, and reaping it.
 *
 * The kernel keeps the number of a process until somebody reaps it.  We reap
 * by that number and nobody else may, so until ENDED is set the number is the
 * child's and may be signalled; from then on it is nobody's business.
 *
 * A pidfd becomes readable at the end: it is watched from the start, whether
 * somebody waits or not, so that no zombie stays around.  Where there is none,
 * or the backend makes nothing of it, every SIGCHLD asks after each such child;
 * signals merge, so it is no use to ask which.  SIGCHLD is caught before the
 * child is looked at, so that no end falls in between.
 *
 * A child that was dropped is killed and stays in the list until it has been
 * reaped, at the latest by the end of the run.  Only there does anybody wait
 * for a process, and only for one that SIGKILL was sent to.
 */
#include <config.h>
#include <signal.h>
#include <sys/wait.h>
#include "child.h"
#include "io_int.h"
#include "signal_int.h"

static struct plx_child *
child_of(struct plx_link *link)
{
	return PLX_OF(link, struct plx_child, link);
}

static pid_t
reap(const struct plx_child *c, int *status, int flags)
{
	const struct plx_sys *sys = c->rt->sys;
	pid_t r;

	do
		r = sys->waitpid(sys, c->pid, status, flags);
	while (r == -EINTR);
	return r;
}

static void
close_pidfd(struct plx_child *c)
{
	struct plx_rt *rt = c->rt;

	if (c->pidfd < 0)
		return;
	plx_loop_unwatch(rt->loop, &c->watch);
	plx_loop_forget(rt->loop, c->pidfd, -ESHUTDOWN);
	plx__owned_close(&c->owned, rt->sys, c->pidfd);
	c->pidfd = -1;
}

static void
free_child(struct plx_child *c)
{
	const struct plx_sys *sys = c->rt->sys;

	close_pidfd(c);
	plx__list_remove(&c->link);
	sys->resize(sys, c, 0);
}

int
plx__child_look(struct plx_child *c)
{
	int status = 0;
	pid_t r;

	if (c->ended)
		return 1;
	r = reap(c, &status, WNOHANG);
	if (r == 0)
		return 0;
	c->ended = 1;
	if (r < 0)
		c->error = (int)r;
	else
		c->end = WIFSIGNALED(status) ? -WTERMSIG(status)
					     : WEXITSTATUS(status);
	close_pidfd(c);
	plx__child_tell(c, c->error);
	if (c->dropped)
		free_child(c);
	return 1;
}

static void
on_sigchld(struct plx_signals *s)
{
	struct plx_rt *rt = PLX_OF(s, struct plx_rt, sigchld);
	struct plx_link *l, *next;

	for (l = rt->children.next; l != &rt->children; l = next) {
		next = l->next;
		if (child_of(l)->by_signal)
			plx__child_look(child_of(l));
	}
}

/* Caught until the end of the run: see plx__signals_forget. */
static int
catch_sigchld(struct plx_rt *rt)
{
	if (rt->sigchld.caught)
		return 0;
	return plx__signals_open(rt, &rt->sigchld, SIGCHLD, on_sigchld);
}

static int
attend_by_signal(struct plx_child *c)
{
	int r = catch_sigchld(c->rt);

	c->by_signal = r == 0;
	return r;
}

/* Without events the loop cannot watch it any more; and a pidfd that is
   reported while the child lives would be so for ever: this backend does not
   know what it is. */
static void
on_pidfd(struct plx_watch *w, unsigned events)
{
	struct plx_child *c = w->arg;
	int r;

	if (events && plx__child_look(c))
		return;
	close_pidfd(c);
	r = attend_by_signal(c);
	if (r < 0)
		plx__child_tell(c, r);
	plx__child_look(c);
}

int
plx__child_attend(struct plx_child *c)
{
	if (c->ended || c->by_signal || c->watch.direction)
		return 0;
	c->watch.fn = on_pidfd;
	c->watch.arg = c;
	if (c->pidfd >= 0 &&
	    plx_loop_watch(c->rt->loop, &c->watch, c->pidfd, PLX_READ) == 0)
		return 0;
	return attend_by_signal(c);
}

/* Signals are tried out on this process once: afterwards it would be too late
   to refuse. */
int
plx__children_prepare(struct plx_rt *rt)
{
	const struct plx_sys *sys = rt->sys;
	int fd;

	if (!rt->pidfds) {
		fd = sys->pidfd_open(sys, sys->getpid(sys));
		if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
			return fd;
		rt->pidfds = fd < 0 ? -1 : 1;
		if (fd >= 0)
			sys->close(sys, fd);
	}
	return rt->pidfds < 0 ? catch_sigchld(rt) : 0;
}

/* A watch that is there was left by somebody who closed this number without
   plx_close. */
static void
open_pidfd(struct plx_child *c)
{
	struct plx_rt *rt = c->rt;

	if (rt->pidfds < 0)
		return;
	c->pidfd = rt->sys->pidfd_open(rt->sys, c->pid);
	if (c->pidfd < 0)
		return;
	plx__owned_init(&c->owned, rt->sys, c->pidfd);
	if (plx__port_reset(rt, c->pidfd))
		plx__ready_forget(rt, c->pidfd);
}

/* Kills, reaps and frees C.  One that may not be killed (it has changed its
   user), or that is a forked child's parent's, is not waited for. */
static void
finish(struct plx_child *c)
{
	int status;

	if (!c->ended)
		reap(c, &status, plx__child_kill(c, SIGKILL) < 0 ? WNOHANG : 0);
	free_child(c);
}

int
plx__child_adopt(struct plx_rt *rt, struct plx_child *c)
{
	int r;

	c->rt = rt;
	c->pidfd = -1;
	plx__list_append(&rt->children, &c->link);
	open_pidfd(c);
	r = plx__child_attend(c);
	if (r < 0)
		finish(c);
	else if (c->by_signal)
		plx__child_look(c);
	return r;
}

int
plx__child_kill(struct plx_child *c, int signo)
{
	const struct plx_sys *sys = c->rt->sys;
	int r = -ENOSYS;

	if (c->ended)
		return -ESRCH;
	if (sys->getpid(sys) != c->parent)
		return -ECHILD;
	if (c->group)
		return sys->kill(sys, -c->pid, signo);
	if (c->pidfd >= 0)
		r = sys->pidfd_kill(sys, c->pidfd, signo);
	return r == -ENOSYS ? sys->kill(sys, c->pid, signo) : r;
}

/* If it cannot be attended to, the end of the run does it. */
void
plx__child_drop(struct plx_child *c)
{
	plx__child_tell(c, -ESHUTDOWN);
	c->dropped = 1;
	if (c->ended) {
		free_child(c);
		return;
	}
	plx__child_kill(c, SIGKILL);
	plx__child_attend(c);
	plx__child_look(c);
}

void
plx__children_fini(struct plx_rt *rt)
{
	while (!plx__list_empty(&rt->children))
		finish(child_of(rt->children.next));
}
