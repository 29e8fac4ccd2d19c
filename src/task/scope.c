/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scope.c: cancelling a stretch of code and not the whole task.
 *
 * Scopes form a chain from the innermost outwards.  A task counts how many of
 * them are cancelled, so that every wait asks one integer; a parked task is
 * inside every scope it has open, so a cancel always concerns the wait it is
 * in.  A scope that was left names no task any more, and a late cancel of it
 * does nothing.
 */
#include <config.h>
#include "task_int.h"

int
plx_scope_enter(struct plx_scope *s)
{
	struct plx_task *t = plx__current;

	if (!t)
		return -EPERM;
	if (!s)
		return -EINVAL;
	s->outer = t->scope;
	s->task = t;
	s->cancelled = 0;
	t->scope = s;
	return 0;
}

void
plx_scope_cancel(struct plx_scope *s)
{
	if (!s || !s->task || s->cancelled)
		return;
	s->cancelled = 1;
	s->task->cancels++;
	plx__task_interrupt(s->task, -ECANCELED);
}

int
plx_scope_leave(struct plx_scope *s)
{
	struct plx_task *t = plx__current;

	if (!t)
		return -EPERM;
	if (!s || t->scope != s)
		return -EINVAL;
	t->scope = s->outer;
	t->cancels -= s->cancelled;
	s->task = NULL;
	return s->cancelled;
}
