/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * condition.c: where holders of a lock wait for each other's news.
 *
 * A wait has two parts: for the notification, which a cancel or deadline can
 * end, and for the lock, which nothing can: the caller is about to touch what
 * the lock guards, if only to clean up, and could not tell whether it may.
 * Nothing comes between the release and the first part, as nobody else runs.
 */
#include <config.h>
#include <limits.h>
#include <pollux/sync.h>
#include "line.h"

/* Nobody arms it: the one wait for it is plx__line_stand's. */
static const struct plx_awaitable_ops condition_ops = {
	.kind = "condition",
};

void
plx_condition_init(struct plx_condition *c, struct plx_lock *lock)
{
	*c = (struct plx_condition){.lock = lock};
}

/* T, which may be cancelled, gets L, however long it takes. */
static void
acquire_for_certain(struct plx_task *t, struct plx_lock *l)
{
	struct plx_sync_awaitable w;
	struct plx_awaitable *list[1] = {plx_lock_awaitable(&w, l)};
	struct plx_list_wait wait = {
		.wait.kind = PLX_WAIT_LIST,
		.wait.fixed = 1,
		.wait.deadline = PLX_NEVER,
		.list = list,
		.n = 1,
	};

	list[0]->task = t;
	t->won = NULL;
	list[0]->ops->arm(list[0]);
	while (!t->won)
		plx__park(t, &wait.wait);
}

int
plx_condition_wait(struct plx_condition *c, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r;

	if (!plx_lock_held(c->lock))
		return -EPERM;
	r = plx__begin(t);
	if (r < 0)
		return r;
	r = -ETIMEDOUT;
	if (!plx__passed(t->rt, deadline)) {
		plx_lock_release(c->lock);
		r = plx__line_stand(t, &c->line, &condition_ops, deadline);
		acquire_for_certain(t, c->lock);
	}
	plx__end(t, deadline);
	return r;
}

int
plx_condition_notify(struct plx_condition *c, int n)
{
	int served = 0;

	if (!plx_lock_held(c->lock))
		return -EPERM;
	if (n < 0)
		return -EINVAL;
	while (served < n && plx__line_claim(&c->line))
		served++;
	return served;
}

int
plx_condition_notify_all(struct plx_condition *c)
{
	return plx_condition_notify(c, INT_MAX);
}
