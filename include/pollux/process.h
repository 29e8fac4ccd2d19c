/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/process.h: child processes: start one, talk to it, await its end.
 *
 *	const char *argv[] = {"sort", NULL};
 *	const struct plx_process_options o = {
 *		.argv = argv,
 *		.search = 1,
 *		.in = {.kind = PLX_STDIO_PIPE},
 *	};
 *	struct plx_process p;
 *	int status;
 *	int r = plx_process_spawn(&o, &p);
 *
 *	if (r < 0)
 *		return r;
 *	plx_write(p.in, text, length, PLX_NEVER);
 *	plx_close(p.in);
 *	p.in = -1;
 *	r = plx_process_wait(&p, &status, PLX_NEVER);
 *	plx_process_close(&p);
 *
 * No process without an owner, as no task without a nursery: what is closed
 * while it runs is killed, and so is what runs when plx_run returns (the ends
 * of its pipes are still the caller's to close).  Each is reaped as soon as it
 * ends, by its own number: other children of the program are left alone.  In
 * return nobody else may reap these, and SIGCHLD may be neither ignored nor
 * blocked.
 *
 * The end is told by a pidfd (Linux 5.3 on).  Elsewhere, or when descriptors
 * run out, by SIGCHLD, which is then caught until plx_run returns, as by
 * plx_signals_open: by one plx_run of the program at a time.
 *
 * Who writes to a process that has closed its input, or ended, raises SIGPIPE,
 * which kills the program unless it ignores it; then the write says -EPIPE.
 *
 * The loop's thread only, as all of task.h.  Exit codes and signals share one
 * number as in Python's subprocess.
 */
#ifndef PLX_PROCESS_H
#define PLX_PROCESS_H

#include <sys/types.h>
#include <pollux/await.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

enum plx_stdio_kind {
	PLX_STDIO_INHERIT, /* the program's own */
	PLX_STDIO_NULL,	   /* /dev/null */
	PLX_STDIO_PIPE, /* a pipe, whose other end is in struct plx_process */
	PLX_STDIO_FD,	/* a copy of FD */
	PLX_STDIO_OUT,	/* of err only: the same as out */
};

/* What a standard descriptor of the child will be. */
struct plx_stdio {
	enum plx_stdio_kind kind;
	int fd; /* of PLX_STDIO_FD; stays the caller's */
};

struct plx_process_options {
	const char *path;	 /* what to run; NULL: argv[0] */
	const char *const *argv; /* its arguments, its name first, and NULL */
	const char *const *envp; /* its environment and NULL; NULL: the
				    program's */
	const char *cwd; /* where it begins, and a relative PATH, too; NULL:
			    where the program is */
	struct plx_stdio in, out, err;
	int search; /* find a name without a slash by $PATH, as a shell does */
	int group;  /* begin a process group: it is signalled as a whole */
};

/* The caller's, and may be moved; not for use after plx_run has returned. */
struct plx_process {
	pid_t pid;		 /* read only */
	int in, out, err;	 /* the ends of pipes, else -1: see below */
	struct plx_child *child; /* private; NULL: not open */
};

/*
 * Starts a process.  It has the default action for every signal, blocks none
 * and has no descriptor of the library; of the program's, those that are not
 * close-on-exec.  The ends of pipes that are in P->in, out and err are
 * non-blocking and close-on-exec, for plx_write, plx_read and plx_close; who
 * closes one himself sets the member to -1.
 *
 * Returns 0 once the program runs, or why it does not, with nothing left
 * behind: -ENOENT, -EACCES, -ENOEXEC and so on (of cwd, too); -EBADF: FD is
 * not open; -EAGAIN, -ENOMEM, -EMFILE, -ENFILE; -EBUSY: there is no pidfd here
 * and somebody else catches SIGCHLD; -ENOSYS: the system cannot do cwd;
 * -EINVAL: argv, or P is missing, or an unknown kind; -ECANCELED; -EPERM
 * outside a task, or the system's.  The thread is held up until then.
 */
PLX_API int plx_process_spawn(const struct plx_process_options *o,
			      struct plx_process *p);

/*
 * Waits for the end of P and stores how it came (STATUS may be NULL): the exit
 * code, 0 to 255, or -SIGNO for the signal that killed it.  Any number of tasks
 * may wait, and P can be asked again until it is closed.  With deadline 0 the
 * system is asked all the same.  -ECHILD: the status is lost, because somebody
 * else took it, SIGCHLD was ignored, or P is the parent's and this its forked
 * child; -ESHUTDOWN: P was closed meanwhile; -EINVAL: P is not open;
 * -ETIMEDOUT, -ECANCELED, -EPERM as every wait; P runs on.
 */
PLX_API int plx_process_wait(struct plx_process *p, int *status,
			     int64_t deadline);

/*
 * Sends SIGNO to P; if it began a group, to that, which it must not leave.
 * Never to a stranger: -ESRCH once the end of P was noticed; -ECHILD in a
 * forked child; -EINVAL: P is not open, or no such signal; -EPERM: P has
 * changed its user.  Works in a cancelled task and in callbacks of the loop, as
 * the next.
 */
PLX_API int plx_process_kill(struct plx_process *p, int signo);

/*
 * Closes the pipes that are left, wakes who waits with -ESHUTDOWN and, if P
 * still runs, kills it (SIGKILL, with its group); it is then reaped in passing.
 * Never waits.  plx_run, before it returns, waits for those it killed.  Does
 * nothing when P is zeroed or closed already; in a forked child, nothing to
 * the process.
 */
PLX_API void plx_process_close(struct plx_process *p);

/* For plx_await_any.  The members are private. */
struct plx_process_awaitable {
	struct plx_waiter waiter;
	int *status;
	int end;
};

/*
 * Makes W a wait for P that has not begun, and returns what plx_await_any is
 * given.  W stays where it is while it waits.  Its result is 0, and
 * *STATUS set, or an error, as of plx_process_wait.
 */
PLX_API struct plx_awaitable *
plx_process_awaitable(struct plx_process_awaitable *w, struct plx_process *p,
		      int *status);

PLX_END_DECLS

#endif
