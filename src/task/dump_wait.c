/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump_wait.c: what plx_dump says of a wait.
 *
 * A wait's record lies in the frame of the task that waits, and is whole as
 * long as task->wait points to it.  Of an awaitable no more is known than its
 * kind, unless it is one of the task room's own.
 */
#include <config.h>
#include <stdio.h>
#include "dump_int.h"
#include "io_int.h"

/* A text that grows to the right until it is full. */
struct text {
	char *at;
	size_t room;
};

static void
add(struct text *x, const char *s)
{
	int n = snprintf(x->at, x->room, "%.*s", PLX_CELL, s);
	size_t len = n < 0 ? 0 : (size_t)n;

	if (len >= x->room)
		len = x->room - 1;
	x->at += len;
	x->room -= len;
}

static void
add_number(struct text *x, long long number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", number);
	add(x, digits);
}

static void
add_fd(struct text *x, unsigned direction, int fd)
{
	add(x, direction == PLX_WRITE ? "writable fd " : "readable fd ");
	add_number(x, fd);
}

static void
add_awaitable(struct text *x, const struct plx_awaitable *a)
{
	const struct plx_join_awaitable *join = (const void *)a;
	const struct plx_fd_awaitable *f = (const void *)a;

	if (a->ops == &plx__join_ops && a->task && join->joined) {
		add(x, "join ");
		add(x, plx__dump_name(join->joined));
	} else if (a->ops == &plx__fd_ops) {
		add_fd(x, f->direction, f->fd);
	} else {
		add(x, a->ops->kind ? a->ops->kind : "awaitable");
	}
}

/* As many of N as there is room for. */
static void
add_several(struct text *x, struct plx_awaitable *const *list, int n)
{
	int i;

	add(x, "first of ");
	add_number(x, n);
	add(x, ": ");
	for (i = 0; i < n && x->room > 1; i++) {
		if (i > 0)
			add(x, ", ");
		add_awaitable(x, list[i]);
	}
}

/* The wait is over, but somebody still owns one of the awaitables. */
static void
add_held(struct text *x, const struct plx_list_wait *w)
{
	int i = 0;

	while (i < w->n - 1 && (!w->list[i]->task || w->list[i]->ready))
		i++;
	add(x, "release of ");
	add_awaitable(x, w->list[i]);
}

static void
add_list(struct text *x, const struct plx_list_wait *w)
{
	if (w->wait.fixed)
		add_held(x, w);
	else if (w->n == 1)
		add_awaitable(x, w->list[0]);
	else
		add_several(x, w->list, w->n);
}

static void
add_queue(struct text *x, const struct plx_queue_wait *q)
{
	add(x, q->what);
	add(x, " fd ");
	add_number(x, q->fd);
}

static void
add_nursery(struct text *x, const struct plx_nursery *n)
{
	add(x, "end of ");
	add_number(x, (long long)n->live);
	add(x, n->live == 1 ? " task" : " tasks");
}

static void
add_wait(struct text *x, const struct plx_wait *wait)
{
	const void *w = wait;
	const struct plx_fd_wait *f = w;

	switch (wait->kind) {
	case PLX_WAIT_FD:
		add_fd(x, f->side->watch.direction, f->side->watch.fd);
		break;
	case PLX_WAIT_LIST:
		add_list(x, w);
		break;
	case PLX_WAIT_QUEUE:
		add_queue(x, w);
		break;
	case PLX_WAIT_NURSERY:
		add_nursery(x, ((const struct plx_nursery_wait *)w)->nursery);
		break;
	case PLX_WAIT_SLEEP:
		add(x, "sleep");
		break;
	}
}

void
plx__dump_wait(char out[PLX_CELL], const struct plx_task *t)
{
	struct text x = {.at = out, .room = PLX_CELL};

	out[0] = '\0';
	if (t->ended) {
		add(&x, "result ");
		add_number(&x, t->result);
	} else if (t->wait) {
		add_wait(&x, t->wait);
	} else {
		add(&x, "-");
	}
}
