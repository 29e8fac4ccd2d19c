/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/blocking.h: work that blocks, done by threads while tasks wait.
 *
 * Each plx_run has threads of its own for it, at most max_threads of struct
 * plx_run_options, made when a job finds all of them busy.  Jobs begin first
 * come, first served, once the tasks that are ready have run.  A thread without
 * a job costs no wake-up, and none is left when plx_run returns.
 *
 * Every wait here takes a deadline and can be cancelled, as in task.h: a job
 * that has not begun is taken back and never runs, so with deadline 0 none
 * does; one that has begun keeps its task until it is done, and then its result
 * is what the wait returns.  Besides its own errors each of them can fail with
 * -ENOMEM; -EAGAIN: the system refuses a first thread; -ECHILD: in a forked
 * child before plx_loop_on_fork, and for the jobs that the fork found waiting.
 *
 * A job runs outside of all tasks and must not touch what belongs to the loop:
 * it may use plx_loop_post and plx_loop_wake of the library and what any thread
 * may call.  Signals are not delivered to its thread, but for those that its
 * own faults raise.  A job that forks has to end the child, or to exec.
 */
#ifndef PLX_BLOCKING_H
#define PLX_BLOCKING_H

#include <stddef.h>
#include <sys/types.h>
#include <pollux/await.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct addrinfo;

/* What a thread runs.  Returns its result: 0 or more, or -errno. */
typedef int plx_job_fn(void *arg);

/* Runs FN(ARG) in a thread and returns its result.  What ARG points at is the
   thread's until then; it may lie in the frame of the caller.  -EINVAL: FN is
   NULL. */
PLX_API int plx_blocking(plx_job_fn *fn, void *arg, int64_t deadline);

/*
 * A job as one of several things that plx_await_any waits for.  Its struct is
 * the caller's, like all awaitables.  After any wait for it
 * plx_awaitable_result tells what FN has returned; -ECANCELED when FN has not
 * run.
 *
 * INTERRUPT, which is NULL unless the caller sets it, is for jobs that can be
 * told to stop.  It is called with ARG, in the loop's thread and once at most,
 * when the wait is over but for FN: by a cancel, a deadline, or because another
 * was first.  FN runs then, or has just returned; it must not block.
 */
struct plx_job_awaitable {
	struct plx_awaitable awaitable;
	plx_job_fn *fn;
	void *arg;
	void (*interrupt)(void *arg);
	/* private */
	struct plx_link own, line;
	int state;
	int result;
};

/* Makes *J the job FN(ARG); returns what to wait for. */
PLX_API struct plx_awaitable *plx_job_awaitable(struct plx_job_awaitable *j,
						plx_job_fn *fn, void *arg);

/*
 * As getaddrinfo(3): 0, and a list in *OUT that freeaddrinfo(3) frees.  Its
 * failures come back as -errno:
 *  -ENOENT, -ENODATA   there is no such name, or it has no address;
 *  -EAGAIN             a server did not answer: worth another try;
 *  -EIO                a server failed for good, or a code that is not here;
 *  -EINVAL, -EAFNOSUPPORT, -EADDRNOTAVAIL, -EPROTOTYPE, -EPROTONOSUPPORT
 *                      flags, family, family for this name, type, service;
 *  -ENOMEM, -EOVERFLOW, and what EAI_SYSTEM stands for.
 */
PLX_API int plx_getaddrinfo(const char *node, const char *service,
			    const struct addrinfo *hints, struct addrinfo **out,
			    int64_t deadline);

/* The EAI_ code of getaddrinfo(3) that ERROR, below 0, came from, to be handed
   to gai_strerror(3); EAI_SYSTEM where strerror(-ERROR) says more.  Any thread,
   inside a task or not. */
PLX_API int plx_gai_code(int error);

/*
 * As open(2), with O_CLOEXEC: a descriptor, to be closed by plx_close.  To open
 * a FIFO waits for its other end whatever is cancelled, unless FLAGS have
 * O_NONBLOCK.
 */
PLX_API int plx_open(const char *path, int flags, mode_t mode,
		     int64_t deadline);

/*
 * Reads N bytes of the file FD from OFFSET on, or writes them, and returns how
 * many: fewer when the file ends, or when an error came after some; the next
 * call tells which.  -EINVAL: N is above SSIZE_MAX; -EOVERFLOW: no file here
 * reaches so far; -ESPIPE: not a file with places (see plx_read); else as
 * pread(2) and pwrite(2).  EINTR never comes back.
 */
PLX_API ssize_t plx_pread(int fd, void *buf, size_t n, int64_t offset,
			  int64_t deadline);
PLX_API ssize_t plx_pwrite(int fd, const void *buf, size_t n, int64_t offset,
			   int64_t deadline);

/* Waits until what was written to the file FD is on its disk.  As fsync(2). */
PLX_API int plx_fsync(int fd, int64_t deadline);

/*
 * Reads the whole of the file PATH.  *DATA is the caller's, to be freed by
 * free(3), and ends with a NUL that *SIZE does not count.  Cancelled while it
 * reads, it stops and frees.  -EFBIG: there are more than LIMIT bytes; -EAGAIN:
 * PATH is no file but something that would have to be waited for; else as
 * open(2) and read(2).
 */
PLX_API int plx_read_file(const char *path, size_t limit, void **data,
			  size_t *size, int64_t deadline);

PLX_END_DECLS

#endif
