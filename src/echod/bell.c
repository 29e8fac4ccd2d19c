/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bell.c: an awaitable of echod's own.
 *
 * A waiter lives in the frame of its task and is linked into the bell from
 * arm to disarm or ring, whichever comes first.
 */
#include <config.h>

#include <stddef.h>
#include "bell.h"

struct bell_waiter {
	struct plx_awaitable awaitable; /* first: ops get a pointer to it */
	struct bell *bell;
	struct bell_waiter *next;
};

static int
arm(struct plx_awaitable *a)
{
	struct bell_waiter *w = (struct bell_waiter *)a;

	w->next = w->bell->first;
	w->bell->first = w;
	return 0;
}

static int
disarm(struct plx_awaitable *a)
{
	struct bell_waiter *w = (struct bell_waiter *)a, **p;

	for (p = &w->bell->first; *p; p = &(*p)->next) {
		if (*p != w)
			continue;
		*p = w->next;
		break;
	}
	return 0;
}

static int
result(struct plx_awaitable *a)
{
	(void)a;
	return 0;
}

static const struct plx_awaitable_ops ops = {
	.kind = "bell",
	.arm = arm,
	.disarm = disarm,
	.result = result,
};

int
bell_wait(struct bell *bell, int64_t deadline)
{
	struct bell_waiter w = {.awaitable = {.ops = &ops}, .bell = bell};

	return plx_await(&w.awaitable, deadline);
}

void
bell_ring(struct bell *bell)
{
	struct bell_waiter *w;

	while ((w = bell->first)) {
		bell->first = w->next;
		plx_awaitable_ready(&w->awaitable);
	}
}
