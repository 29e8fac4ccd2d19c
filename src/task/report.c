/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c: telling the user what a task has done wrong.
 *
 * The library does not print.  A report goes to the function that plx_run was
 * given, on the stack of whoever noticed, and is counted in any case.
 */
#include <config.h>
#include "task_int.h"

static const char *const texts[] = {
	[PLX_REPORT_SCOPE_CLOSED] = "left a scope that is not open",
	[PLX_REPORT_SCOPE_ORDER] = "left a scope while others in it are open",
	[PLX_REPORT_SCOPE_OPEN] = "returned with a scope open",
	[PLX_REPORT_NURSERY_OPEN] = "left a nursery open",
	[PLX_REPORT_SLOW_SLICE] = "ran for too long without giving way",
};

void
plx__report(const struct plx_task *t, enum plx_report_kind kind,
	    int64_t duration)
{
	const struct plx_report r = {
		.kind = kind,
		.text = texts[kind],
		.task = t->name ? t->name : "(no name)",
		.file = t->file,
		.line = t->line,
		.duration = duration,
	};
	struct plx_rt *rt = t->rt;

	if (kind == PLX_REPORT_SLOW_SLICE)
		rt->stats.slow_slices++;
	else
		rt->stats.misuses++;
	if (rt->report)
		rt->report(&r, rt->report_arg);
}
