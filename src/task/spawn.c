/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spawn.c: starting a child process, with its pipes.
 *
 * Whatever can fail without a process comes before it is started: the record,
 * the pipes, the question whether its end can be noticed (child.c).  The ends
 * that the child gets are blocking, since a program expects its standard
 * descriptors to be, and are closed here whatever happens.
 */
#include <config.h>
#include <string.h>
#include "child.h"
#include "io_int.h"

/* The standard descriptors of a process that is being started. */
struct ends {
	int ours[3]; /* of pipes, else -1 */
	int theirs[3];
	int fd[3]; /* as struct plx_spawn has it */
};

static void
close_all(const struct plx_sys *sys, const int fd[3])
{
	int i;

	for (i = 0; i < 3; i++) {
		if (fd[i] >= 0)
			sys->close(sys, fd[i]);
	}
}

/* A watch that is there was left by somebody who closed this number without
   plx_close. */
static void
claim_number(struct plx_rt *rt, int fd)
{
	if (fd >= 0 && plx__port_reset(rt, fd))
		plx__ready_forget(rt, fd);
}

static int
make_pipe(const struct plx_sys *sys, struct ends *e, int i)
{
	int reads = i == 0 ? 0 : 1; /* which end is theirs */
	int pair[2];
	int r = sys->pipe(sys, pair);

	if (r < 0)
		return r;
	e->theirs[i] = pair[reads];
	e->ours[i] = pair[!reads];
	e->fd[i] = e->theirs[i];
	r = sys->set_nonblock(sys, e->theirs[i], 0);
	return r < 0 ? r : 0;
}

static int
make_end(const struct plx_sys *sys, struct ends *e, int i,
	 const struct plx_stdio *how)
{
	switch (how->kind) {
	case PLX_STDIO_INHERIT:
		e->fd[i] = PLX_SPAWN_KEEP;
		return 0;
	case PLX_STDIO_NULL:
		e->fd[i] = PLX_SPAWN_NULL;
		return 0;
	case PLX_STDIO_PIPE:
		return make_pipe(sys, e, i);
	case PLX_STDIO_FD:
		e->fd[i] = how->fd;
		return how->fd < 0 ? -EBADF : 0;
	case PLX_STDIO_OUT:
		e->fd[i] = e->fd[1] == PLX_SPAWN_KEEP ? 1 : e->fd[1];
		return i == 2 ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static int
make_ends(const struct plx_sys *sys, const struct plx_process_options *o,
	  struct ends *e)
{
	int r;

	memset(e, -1, sizeof(*e));
	r = make_end(sys, e, 0, &o->in);
	if (r == 0)
		r = make_end(sys, e, 1, &o->out);
	if (r == 0)
		r = make_end(sys, e, 2, &o->err);
	return r;
}

/* Starts C, whose end will be noticed. */
static int
start(struct plx_rt *rt, const struct plx_process_options *o,
      const struct ends *e, struct plx_child *c)
{
	const struct plx_sys *sys = rt->sys;
	const struct plx_spawn what = {
		.path = o->path ? o->path : o->argv[0],
		.argv = o->argv,
		.envp = o->envp,
		.cwd = o->cwd,
		.search = o->search,
		.group = o->group,
		.fd = {e->fd[0], e->fd[1], e->fd[2]},
	};
	pid_t pid = sys->spawn(sys, &what);

	if (pid < 0) {
		sys->resize(sys, c, 0);
		return (int)pid;
	}
	c->pid = pid;
	c->parent = sys->getpid(sys);
	c->group = o->group;
	return plx__child_adopt(rt, c);
}

/* Starts a child with the ends E. */
static int
make_child(struct plx_rt *rt, const struct plx_process_options *o,
	   const struct ends *e, struct plx_process *p)
{
	struct plx_child *c;
	int r = plx__children_prepare(rt);

	if (r < 0)
		return r;
	c = rt->sys->resize(rt->sys, NULL, sizeof(*c));
	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	r = start(rt, o, e, c);
	if (r < 0)
		return r;
	p->pid = c->pid;
	p->in = e->ours[0];
	p->out = e->ours[1];
	p->err = e->ours[2];
	p->child = c;
	return 0;
}

static int
spawn(struct plx_rt *rt, const struct plx_process_options *o,
      struct plx_process *p)
{
	struct ends e;
	int i;
	int r = make_ends(rt->sys, o, &e);

	if (r == 0)
		r = make_child(rt, o, &e, p);
	close_all(rt->sys, e.theirs);
	if (r < 0)
		close_all(rt->sys, e.ours);
	for (i = 0; r == 0 && i < 3; i++)
		claim_number(rt, e.ours[i]);
	return r;
}

int
plx_process_spawn(const struct plx_process_options *o, struct plx_process *p)
{
	struct plx_task *t = plx__current;
	int r = plx__begin(t);

	if (r < 0)
		return r;
	if (!o || !p || !o->argv || !o->argv[0])
		return -EINVAL;
	r = spawn(t->rt, o, p);
	plx__end(t, PLX_NEVER);
	return r;
}
