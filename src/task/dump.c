/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump.c: plx_dump, a table of every task and what it waits for.
 *
 * It reads and never waits, so it may be called in a task as well as in a
 * callback of the loop (a caught signal, say).  The stack in use is what lies
 * between where a task stands and the top of its stack; of the one that runs,
 * the frame of plx_dump tells.
 */
#include <config.h>
#include <string.h>
#include "task_int.h"
#include "loop_seam.h"

static const char *
state_of(const struct plx_task *t)
{
	if (t->ended)
		return "ended";
	if (t == plx__current)
		return "running";
	return t->wait ? "waiting" : "ready";
}

static const char *
name_of(const struct plx_task *t)
{
	return t->name ? t->name : "(no name)";
}

static void
describe_awaitable(char *out, size_t cap, const struct plx_awaitable *a)
{
	const char *kind = a->ops->kind ? a->ops->kind : "awaitable";

	if (a->ops == &plx__join_ops)
		snprintf(out, cap, "join %s",
			 name_of(PLX_OF(a, struct plx_join, awaitable)->task));
	else
		snprintf(out, cap, "%s", kind);
}

static void
describe_list(char *out, size_t cap, const struct plx_list_wait *w)
{
	char first[40];

	if (w->n == 1) {
		describe_awaitable(out, cap, w->list[0]);
		return;
	}
	describe_awaitable(first, sizeof(first), w->list[0]);
	snprintf(out, cap, "first of %d: %s, ...", w->n, first);
}

static void
describe_fd(char *out, size_t cap, const struct plx_fd_wait *f)
{
	snprintf(out, cap, "%s fd %d",
		 f->side->watch.direction == PLX_WRITE ? "writable"
						       : "readable",
		 f->side->watch.fd);
}

static void
describe_queue(char *out, size_t cap, const struct plx_queue_wait *q)
{
	snprintf(out, cap, "%s fd %d", q->what, q->fd);
}

static void
describe_nursery(char *out, size_t cap, const struct plx_nursery_wait *w)
{
	snprintf(out, cap, "end of %zu tasks", w->nursery->live);
}

static void
describe_wait(char *out, size_t cap, const struct plx_task *t)
{
	const void *w = t->wait;

	snprintf(out, cap, "-");
	if (!t->wait)
		return;
	switch (t->wait->kind) {
	case PLX_WAIT_FD:
		describe_fd(out, cap, w);
		break;
	case PLX_WAIT_LIST:
		describe_list(out, cap, w);
		break;
	case PLX_WAIT_QUEUE:
		describe_queue(out, cap, w);
		break;
	case PLX_WAIT_NURSERY:
		describe_nursery(out, cap, w);
		break;
	case PLX_WAIT_SLEEP:
		snprintf(out, cap, "sleep");
		break;
	}
}

/* SPAN nanoseconds as seconds. */
static void
format_span(char *out, size_t cap, int64_t span)
{
	long long ms = (long long)(span / PLX_MILLISECOND);

	if (ms < 0)
		ms = 0;
	snprintf(out, cap, "%lld.%03llds", ms / 1000, ms % 1000);
}

static void
format_times(char *since, char *deadline, size_t cap, const struct plx_task *t)
{
	int64_t now = t->rt->sys->now(t->rt->sys);

	snprintf(since, cap, "-");
	snprintf(deadline, cap, "-");
	if (!t->wait)
		return;
	format_span(since, cap, now - t->since);
	if (t->wait->deadline >= 0)
		format_span(deadline, cap, t->wait->deadline - now);
}

/* "-" where the platform's switch does not tell where a task stands. */
static void
format_stack(char *out, size_t cap, const struct plx_task *t)
{
	const char *here = t->at->sp;
	const char *top = t->at->stack + t->at->size;

	if (t == plx__current)
		here = (const char *)__builtin_frame_address(0);
	if (t->ended || here < t->at->stack || here > top)
		snprintf(out, cap, "-");
	else
		snprintf(out, cap, "%zu", (size_t)(top - here));
}

static void
dump_task(FILE *f, const struct plx_task *t)
{
	char what[64], since[32], deadline[32], stack[24];

	describe_wait(what, sizeof(what), t);
	format_times(since, deadline, sizeof(since), t);
	format_stack(stack, sizeof(stack), t);
	fprintf(f, "%-20s %-8s %-24s %10s %10s %8s  ", name_of(t), state_of(t),
		what, since, deadline, stack);
	if (t->file)
		fprintf(f, "%s:%d\n", t->file, t->line);
	else
		fprintf(f, "plx_run\n");
}

static int
dump_list(FILE *f, const struct plx_link *list)
{
	const struct plx_link *l;
	int n = 0;

	for (l = list->next; l != list; l = l->next) {
		dump_task(f, PLX_OF(l, struct plx_task, link));
		n++;
	}
	return n;
}

int
plx_dump(plx_loop *loop, FILE *f)
{
	const struct plx_rt *rt;
	int saved = errno;
	int n;

	if (!loop || !f)
		return -EINVAL;
	fprintf(f, "%-20s %-8s %-24s %10s %10s %8s  %s\n", "TASK", "STATE",
		"WAITS FOR", "SINCE", "LEFT", "STACK", "SPAWNED AT");
	rt = *plx__loop_task_slot(loop);
	n = rt ? dump_list(f, &rt->root.tasks) + dump_list(f, &rt->unjoined)
	       : 0;
	errno = saved;
	return n;
}
