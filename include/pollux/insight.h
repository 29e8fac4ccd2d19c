/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/insight.h: seeing what the tasks of a loop do, and what they do wrong.
 *
 * All of it in the loop's thread, inside a task or not.
 */
#ifndef PLX_INSIGHT_H
#define PLX_INSIGHT_H

#include <stdio.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

/*
 * What plx_run_options.report is told, while the task still runs, or has just
 * given way.  It is called on the task's stack or the loop's and may not wait.
 */
enum plx_report_kind {
	PLX_REPORT_SCOPE_CLOSED, /* plx_scope_leave of one that is not open */
	PLX_REPORT_SCOPE_ORDER,	 /* left while scopes in it were open */
	PLX_REPORT_SCOPE_OPEN,	 /* the task has returned with one open */
	PLX_REPORT_NURSERY_OPEN, /* has returned, or left a scope, so */
	PLX_REPORT_SLOW_SLICE,	 /* ran longer than slow_slice in one go */
};

struct plx_report {
	enum plx_report_kind kind;
	const char *text; /* the kind, for people */
	const char *task; /* its name */
	const char *file; /* where it was spawned; NULL: by plx_run */
	int line;
	int64_t duration; /* of a slow slice, in nanoseconds, else 0 */
};

/* Counters of one plx_run, since it began. */
struct plx_stats {
	uint64_t spawned;     /* tasks, the first one included */
	uint64_t ended;	      /* tasks */
	uint64_t batches;     /* times that ready tasks were run in a row */
	uint64_t budgets;     /* times a task gave way for its budget alone */
	uint64_t slow_slices; /* reported, as is this: */
	uint64_t misuses;
	uint64_t stacks;      /* in use now, by tasks and generators */
	uint64_t stacks_kept; /* mapped, and free to be used again */
};

/* Fills OUT with the counters of LOOP's run.  -EINVAL: OUT is NULL, or LOOP
   has no tasks. */
PLX_API int plx_stats(plx_loop *loop, struct plx_stats *out);

/*
 * Writes a table of LOOP's tasks to F: name, state, what it waits for and for
 * how long, time left to the deadline, stack in use in bytes, where spawned.
 * Ended tasks that nobody has joined are in it.  Returns their number, or
 * -EINVAL.
 */
PLX_API int plx_dump(plx_loop *loop, FILE *f);

PLX_END_DECLS

#endif
