/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_child.c: how the end of a child is noticed when others meddle, when
 * pidfds are strange or missing, and beside other things that are awaited.
 */
#include <config.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <pollux/signal.h>
#include "process_fixture.h"

static int
lose_status(void *arg)
{
	struct plx_process p;

	(void)arg;
	if (start_waiting(&p, "exit 0") < 0)
		return 0;
	end_input(&p);
	cr_expect_eq(waitpid(p.pid, NULL, 0), p.pid, "a thief");
	cr_expect_eq(plx_process_wait(&p, NULL, PLX_NEVER), -ECHILD);
	cr_expect_eq(plx_process_kill(&p, SIGTERM), -ESRCH);
	plx_process_close(&p);
	return 0;
}
EITHER_WAY(child, a_status_that_was_stolen_is_an_error, lose_status)

/* Without pidfds it is not ignored but caught. */
static int
ignore_children(void *arg)
{
	int fd = plx__sys_real.pidfd_open(&plx__sys_real, getpid());
	struct plx_process p;

	(void)arg;
	if (fd < 0)
		return 0;
	close(fd);
	signal(SIGCHLD, SIG_IGN);
	if (start_waiting(&p, "exit 0") < 0)
		return 0;
	end_input(&p);
	cr_expect_eq(plx_process_wait(&p, NULL, PLX_NEVER), -ECHILD);
	plx_process_close(&p);
	signal(SIGCHLD, SIG_DFL);
	return 0;
}
IN_A_TASK(child, where_sigchld_is_ignored_the_status_is_lost, ignore_children)

static int
in_fork(struct plx_process *p)
{
	if (plx_loop_on_fork(plx_self_loop()) != 0)
		return 1;
	if (plx_process_kill(p, SIGKILL) != -ECHILD)
		return 2;
	if (plx_process_wait(p, NULL, PLX_NEVER) != -ECHILD)
		return 3;
	plx_process_close(p);
	return 0;
}

/* A forked child does what BODY says to a process, which is left alone. */
static int
fork_beside(int (*body)(struct plx_process *p))
{
	struct plx_process p;
	int status = -1;
	pid_t pid;

	if (start_waiting(&p, "exit 6") < 0)
		return 0;
	pid = fork();
	if (pid == 0)
		_exit(body(&p));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	cr_expect_eq(status, 0, "%#x", status);
	end_input(&p);
	cr_expect_eq(outcome(&p), 6, "it was left alone");
	return 0;
}

static int
fork_and_touch(void *arg)
{
	(void)arg;
	return fork_beside(in_fork);
}
EITHER_WAY(child, a_forked_process_cannot_touch_its_parents, fork_and_touch)

/* One that has closed everything and has files of its own in these places. */
#define FIRST_OWN 3
#define AFTER_OWN 64

static int
close_among_its_own(struct plx_process *p)
{
	int file = open("/dev/null", O_RDONLY), fd;
	struct stat own, st;

	if (fstat(file, &own) < 0 || dup2(file, 0) < 0)
		return 1;
	for (fd = FIRST_OWN; fd < AFTER_OWN; fd++)
		dup2(0, fd);
	p->in = p->out = p->err = -1;
	if (plx_loop_on_fork(plx_self_loop()) != 0)
		return 2;
	plx_process_close(p);
	for (fd = FIRST_OWN; fd < AFTER_OWN; fd++) {
		if (fstat(fd, &st) < 0 || st.st_ino != own.st_ino)
			return fd;
	}
	return 0;
}

static int
fork_and_start_afresh(void *arg)
{
	(void)arg;
	return fork_beside(close_among_its_own);
}
EITHER_WAY(child, a_forked_process_keeps_files_that_it_has_in_old_places,
	   fork_and_start_afresh)

static void
ignore(struct plx_signal *s, int signo)
{
	(void)s;
	(void)signo;
}

static int
share_sigchld(void *arg)
{
	struct plx_signal other = {.fn = ignore};
	struct plx_process p = {.pid = 4711};
	const char *argv[] = {"/bin/sh", "-c", "exit 0", NULL};
	const struct plx_process_options o = {.argv = argv};
	struct plx_signals s;

	(void)arg;
	if (signals_are_lost(NULL))
		return 0;
	support_sys.sys.pidfd_open = have_no_pidfd;
	cr_expect_eq(plx_loop_signal(plx_self_loop(), &other, SIGCHLD), 0);
	cr_expect_eq(plx_process_spawn(&o, &p), -EBUSY);
	cr_expect_eq(p.pid, 4711);
	expect_childless();
	plx_loop_unsignal(&other);
	cr_expect_eq(plx_signals_open(&s, SIGCHLD), 0);
	cr_expect_eq(plx_process_spawn(&o, &p), 0);
	cr_expect_eq(outcome(&p), 0);
	cr_expect_eq(plx_signals_wait(&s, PLX_NEVER), 1);
	plx_signals_close(&s);
	cr_expect_eq(plx_process_spawn(&o, &p), 0);
	cr_expect_eq(outcome(&p), 0, "it is caught for the processes still");
	return 0;
}
IN_A_TASK(child, sigchld_is_shared_within_a_run_only, share_sigchld)

/* A descriptor that is always readable. */
static int
open_strange_pidfd(const struct plx_sys *sys, pid_t pid)
{
	int fd[2];

	(void)pid;
	plx__sys_real.pipe(sys, fd);
	close(fd[1]);
	return fd[0];
}

static int
mistrust(void *arg)
{
	struct plx_process p;
	unsigned long before;

	support_sys.sys.pidfd_open = open_strange_pidfd;
	if (signals_are_lost(arg) || start_waiting(&p, "exit 2") < 0)
		return 0;
	let_run(3);
	before = support_calls(&support_sys, SUPPORT_REAP);
	let_run(10);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_REAP), before, "%s",
		     (char *)arg);
	end_input(&p);
	cr_expect_eq(outcome(&p), 2, "%s", (char *)arg);
	return 0;
}
ON_BACKENDS(child, a_pidfd_that_lies_is_not_asked_again, mistrust)

/* The first is the question whether there are any. */
static int
open_only_once(const struct plx_sys *sys, pid_t pid)
{
	if (pid == getpid())
		return plx__sys_real.pidfd_open(sys, pid);
	return -EMFILE;
}

static int
run_out(void *arg)
{
	struct plx_process p;

	(void)arg;
	support_sys.sys.pidfd_open = open_only_once;
	if (signals_are_lost(NULL) || start_waiting(&p, "exit 2") < 0)
		return 0;
	end_input(&p);
	cr_expect_eq(outcome(&p), 2);
	return 0;
}
IN_A_TASK(child, when_descriptors_run_out_sigchld_does, run_out)

static int
refuse_watch(void *arg)
{
	struct plx_signal other = {.fn = ignore};
	const char *argv[] = {"/bin/sh", "-c", "read x", NULL};
	const struct plx_process_options o = {
		.argv = argv,
		.in = {.kind = PLX_STDIO_PIPE},
	};
	struct plx_process p;

	(void)arg;
	support_sys.sys.pidfd_open = open_only_once;
	cr_expect_eq(plx_loop_signal(plx_self_loop(), &other, SIGCHLD), 0);
	cr_expect_eq(plx_process_spawn(&o, &p), -EBUSY);
	expect_childless();
	plx_loop_unsignal(&other);
	return 0;
}
IN_A_TASK(child, one_that_nothing_tells_of_is_ended_at_once, refuse_watch)

static int
write_in_vain(void *arg)
{
	struct plx_process p;

	(void)arg;
	signal(SIGPIPE, SIG_IGN);
	if (start_script(&p, "exit 1", 0) < 0)
		return 0;
	cr_expect_eq(plx_process_wait(&p, NULL, PLX_NEVER), 0);
	cr_expect_eq(plx_write(p.in, "x", 1, PLX_NEVER), -EPIPE);
	plx_process_close(&p);
	return 0;
}
EITHER_WAY(child, who_writes_to_one_that_ended_is_told, write_in_vain)

/* Two awaitables of our own: a time, and a descriptor to read. */
struct other {
	struct plx_awaitable base;
	plx_loop *loop;
	struct plx_call call;
	int64_t when;
	struct plx_watch watch;
	int fd;
};

static void
tick(void *arg)
{
	plx_awaitable_ready(arg);
}

static void
input(struct plx_watch *w, unsigned events)
{
	struct other *o = w->arg;

	if (events)
		plx_loop_unwatch(o->loop, w);
	plx_awaitable_ready(&o->base);
}

static int
other_arm(struct plx_awaitable *a)
{
	struct other *o = (void *)a;

	o->loop = plx_self_loop();
	o->watch.fn = input;
	o->watch.arg = o;
	if (o->fd < 0)
		return plx_loop_call_at(o->loop, &o->call, o->when, tick, a);
	return plx_loop_watch(o->loop, &o->watch, o->fd, PLX_READ);
}

static int
other_disarm(struct plx_awaitable *a)
{
	struct other *o = (void *)a;

	plx_loop_cancel(o->loop, &o->call);
	plx_loop_unwatch(o->loop, &o->watch);
	return 0;
}

static int
other_result(struct plx_awaitable *a)
{
	return ((struct other *)(void *)a)->fd < 0;
}

static const struct plx_awaitable_ops other_ops = {
	.kind = "other",
	.arm = other_arm,
	.disarm = other_disarm,
	.result = other_result,
};

/* Waits for the end of P, SIGUSR1, a byte in FD, or WHEN: which was first? */
static int
first_of(struct plx_process *p, struct plx_signals *s, int fd, int64_t when)
{
	struct plx_process_awaitable wp;
	struct plx_signals_awaitable ws;
	struct other byte = {.base.ops = &other_ops, .fd = fd};
	struct other time = {.base.ops = &other_ops, .fd = -1, .when = when};
	int status = 1000;
	struct plx_awaitable *const list[] = {
		plx_process_awaitable(&wp, p, &status),
		plx_signals_awaitable(&ws, s),
		&byte.base,
		&time.base,
	};
	int i = plx_await_any(list, 4, PLX_NEVER);

	if (i == 0)
		cr_expect_eq(plx_awaitable_result(list[0]), 0);
	if (i == 1)
		cr_expect_eq(plx_awaitable_result(list[1]), 1);
	cr_expect_eq(status, i == 0 ? 9 : 1000);
	return i;
}

static int
choose(void *arg)
{
	const char *name = arg;
	struct plx_process p;
	struct plx_signals s;
	int fd[2];

	if (ends_are_lost(name))
		return 0;
	cr_expect_eq(plx_signals_open(&s, SIGUSR1), 0, "%s", name);
	support_pipe(fd);
	if (start_waiting(&p, "exit 9") < 0)
		return 0;
	cr_expect_eq(first_of(&p, &s, fd[0], in(0)), 3, "%s: time", name);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	cr_expect_eq(first_of(&p, &s, fd[0], PLX_NEVER), 2, "%s: a byte", name);
	cr_expect_eq(support_drain(fd[0]), 1);
	raise(SIGUSR1);
	cr_expect_eq(first_of(&p, &s, fd[0], PLX_NEVER), 1, "%s: it", name);
	end_input(&p);
	cr_expect_eq(first_of(&p, &s, fd[0], PLX_NEVER), 0, "%s: end", name);
	cr_expect_eq(first_of(&p, &s, fd[0], PLX_NEVER), 0, "%s: still", name);
	plx_process_close(&p);
	plx_signals_close(&s);
	plx_close(fd[0]);
	close(fd[1]);
	return 0;
}
ON_BACKENDS(child, its_end_a_signal_a_byte_or_time_whichever_is_first, choose)
