/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump_scope.c: what plx_dump says of scopes, and which deadline comes first.
 *
 * What ends a wait may lie far outside: in a scope of the task, in one around
 * the nursery that keeps the task, and so on up to the root, but never beyond
 * a shield.  Asking all of them for each task would cost as much as the
 * nurseries are deep; so the walk, which comes to a nursery before it comes to
 * the tasks in it, leaves there what reaches in (plx__dump_enter).
 *
 * A task may have returned from functions without leaving their scopes.  Such
 * a scope's memory is something else by now: the chain is followed only as far
 * as each link names its task and its depth.
 */
#include <config.h>
#include <stdio.h>
#include "dump_int.h"
#include "wait_int.h"

/* The first deadline of FROM, what is around it and, if no shield lies
   between, of what is around T's nursery. */
static int64_t
find_end(const struct plx_task *t, const struct plx_scope *from, int *owner)
{
	int64_t end = PLX_NEVER, until = t->nursery->until;
	const struct plx_scope *x;

	if (from ? from->reached : t->cancelled)
		return PLX_NEVER;
	for (x = from; x; x = plx__scope_around(t, x)) {
		if (plx__scope_end(x) >= 0 &&
		    plx__is_past(plx__scope_end(x), end)) {
			end = plx__scope_end(x);
			*owner = (int)x->depth;
		}
		if (x->shield)
			return end;
	}
	if (until >= 0 && plx__is_past(until, end)) {
		end = until;
		*owner = PLX_INHERITED;
	}
	return end;
}

void
plx__dump_enter(struct plx_nursery *n)
{
	const struct plx_task *opener = n->opener;
	int owner;

	n->until = PLX_NEVER;
	if (opener && opener->scope)
		n->until = find_end(opener, &n->scope, &owner);
}

int64_t
plx__dump_end(const struct plx_task *t, int *owner)
{
	int64_t own = t->wait ? t->wait->deadline : PLX_NEVER;
	int64_t end = find_end(t, plx__scope_innermost(t), owner);

	if (own < 0 || (end >= 0 && end < own))
		return end;
	*owner = PLX_OWN;
	return own;
}

/* Why T's waits fail: of several reasons the outermost. */
static const char *
why_reached(const struct plx_task *t)
{
	const struct plx_scope *x;
	const char *why = "cancelled";

	for (x = plx__scope_innermost(t); x; x = plx__scope_around(t, x)) {
		if (x->expired || x->cancelled)
			why = x->expired ? "expired" : "cancelled";
		if (x->shield)
			return why;
	}
	return t->cancelled ? "cancelled" : why;
}

/* What holds for T's waits, or "". */
static const char *
condition(const struct plx_task *t)
{
	const struct plx_scope *x = plx__scope_innermost(t);

	if (t->cancels)
		return why_reached(t);
	while (x && !x->shield)
		x = plx__scope_around(t, x);
	if (!x)
		return "";
	return x->shield == PLX_SHIELD_GRACE ? "grace" : "shielded";
}

void
plx__dump_scope(char out[PLX_CELL], const struct plx_task *t)
{
	const char *what = condition(t);

	if (t->scope)
		snprintf(out, PLX_CELL, "%u%s%s", t->depth, *what ? " " : "",
			 what);
	else
		snprintf(out, PLX_CELL, "%s", *what ? what : "-");
}
