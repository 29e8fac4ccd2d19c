/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/task.h: straight-line code that waits without a thread.
 *
 * A task is a function on a stack of its own that gives way only at a wait;
 * between two waits nothing else of its loop runs.  Every task belongs to a
 * nursery (scope.h), which does not end before its tasks do; plx_run makes the
 * first.
 *
 * Every wait takes an absolute deadline and can be cancelled:
 * -ETIMEDOUT  the deadline passed first (with deadline 0: it is not ready);
 * -ECANCELED  the task, or a scope it is in, was cancelled: this wait and
 *             every further one fails, until the scope is left.
 * What was complete by then keeps its result.  Outside a task, -EPERM.
 *
 * A wait that finds all there does not give way; after a hundred or so in a
 * row one does: a wait for a descriptor before it begins (io.h), any other
 * when it has its result, and none with deadline 0.  So nothing can come
 * between a look at some state and the wait for its change.
 *
 * All of it belongs to the loop's thread; tasks never move between threads.
 */
#ifndef PLX_TASK_H
#define PLX_TASK_H

#include <stddef.h>
#include <pollux/await.h>
#include <pollux/scope.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_report;
struct plx_sys;

/* What a task runs.  Returns its result: 0 or more, or -errno. */
typedef int plx_task_fn(void *arg);

struct plx_run_options {
	const char *backend;	   /* as for plx_selector_open */
	size_t stack_size;	   /* 0: 64 KiB; 16 KiB to 8 MiB */
	const struct plx_sys *sys; /* NULL; the library's tests use another */
	/* Told of misuse and slow slices (insight.h), if not NULL. */
	void (*report)(const struct plx_report *r, void *arg);
	void *report_arg;
	int64_t slow_slice; /* longest run of a task in one go, in nanoseconds,
			       that is not reported; 0: no limit */
	int max_threads;    /* for blocking.h; 0: 4; up to 1024 */
};

/*
 * Opens a loop, runs FN(ARG) as its first task and returns once that task
 * and all that were spawned have ended.  The first error (a result below 0,
 * -ECANCELED apart) cancels the other tasks and is returned; else FN's
 * result.  OPTIONS may be NULL.  -EBUSY inside a task; -EINVAL stack size
 * or threads; -ENOMEM; or the error of plx_loop_open.
 */
PLX_API int plx_run(const struct plx_run_options *options, plx_task_fn *fn,
		    void *arg);

/*
 * Starts FN(ARG) as a task of NURSERY (NULL: the root nursery, plx_run's);
 * it runs after the caller has given way.  The macro gives it the name and
 * the place that plx_dump shows.  OUT may be NULL: nobody joins it then;
 * else *OUT is valid until joined or detached, or else until plx_run ends.
 * -ENOMEM, -EAGAIN the system refuses a stack; -EBUSY NURSERY is full; -EINVAL
 * it is closed (by what is deferred in it, as a rule); -EPERM outside a task.
 */
#define plx_spawn(nursery, fn, arg, out) \
	plx_spawn_named(nursery, #fn, __FILE__, __LINE__, fn, arg, out)
PLX_API int plx_spawn_named(plx_nursery *nursery, const char *name,
			    const char *file, int line, plx_task_fn *fn,
			    void *arg, plx_task **out);

/*
 * Waits for TASK's end, stores its result (RESULT may be NULL) and frees it;
 * after an error it is still there.  -EDEADLK: that is the caller itself;
 * -EBUSY: another task is joining it; -EINVAL: TASK has no handle.
 */
PLX_API int plx_join(plx_task *task, int *result, int64_t deadline);

/* Gives up the handle: nobody will join TASK.  Not while somebody does. */
PLX_API void plx_detach(plx_task *task);

/* Cancels TASK at its next wait, or the one it is in, and for good. */
PLX_API void plx_cancel(plx_task *task);

/* The task that runs now, or NULL. */
PLX_API plx_task *plx_self(void);

/* The loop of the task that runs now, or NULL. */
PLX_API plx_loop *plx_self_loop(void);

/* Replaces the name of TASK; the text must outlive the task. */
PLX_API void plx_set_name(plx_task *task, const char *name);

/* Lets every other ready task run first. */
PLX_API int plx_checkpoint(void);

/* Sleeps for DURATION nanoseconds, or until WHEN; one that has passed is a
   checkpoint.  0, -ECANCELED, -ENOMEM. */
PLX_API int plx_sleep(int64_t duration);
PLX_API int plx_sleep_until(int64_t when);

PLX_END_DECLS

#endif
