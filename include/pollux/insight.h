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

/*
 * Counters of one plx_run.  Taken per task, per batch or less often: nothing is
 * counted per message or per wait.
 */
struct plx_stats {
	/* Since it began. */
	uint64_t spawned;     /* tasks, the first one included */
	uint64_t ended;	      /* tasks, and of these */
	uint64_t failed;      /* with an error that is not -ECANCELED, */
	uint64_t cancelled;   /* with -ECANCELED */
	uint64_t most;	      /* tasks alive at a time */
	uint64_t batches;     /* times that ready tasks were run in a row */
	uint64_t budgets;     /* times a task gave way for its budget alone */
	uint64_t slow_slices; /* reported, as is this: */
	uint64_t misuses;
	/* Now; of the tasks alive one more may be running. */
	uint64_t waiting;     /* tasks */
	uint64_t ready;	      /* tasks that could run */
	uint64_t unjoined;    /* ended tasks whose handle is still out */
	uint64_t hibernating; /* tasks to come (hibernate.h) */
	uint64_t generators;  /* made in tasks, done or not */
	uint64_t stacks;      /* in use, by all of these */
	uint64_t stacks_kept; /* mapped, and free to be used again */
};

/* Fills OUT with the counters of LOOP's run; takes as long as there are tasks
   ready.  -EINVAL: OUT is NULL, or LOOP has no tasks. */
PLX_API int plx_stats(plx_loop *loop, struct plx_stats *out);

/*
 * Writes a table of LOOP's tasks to F, a line each, in 120 columns, and a line
 * of counters.  In the order of the tree: below a task, indented, come those
 * of the nurseries that it has open ("#2 name": of its second one, "7> name":
 * seven levels down); what hibernates there (hibernate.h) comes first.  What
 * hibernates in the root nursery, what lacks a stack, and ended tasks that
 * nobody has joined stand at the end.
 *
 * WAITS FOR   a descriptor, a sleep, the kind of an awaitable...; or the result
 * SINCE       how long it has waited, or been over
 * LEFT        until the first deadline that ends the wait: the wait's own, or
 *             "s2" of the second scope, "up" of one around its nursery
 * SCOPE       how many it has open; "cancelled", "expired": waits fail in it;
 *             "shielded": what is outside does not reach in, "grace": but has
 *             been cancelled, and LEFT runs
 * STACK       in use and all, in KiB, of where it stands: maybe a generator's
 *
 * What is too long is cut.  Returns the number of tasks, or -EINVAL.
 */
PLX_API int plx_dump(plx_loop *loop, FILE *f);

PLX_END_DECLS

#endif
