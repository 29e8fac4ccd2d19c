/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen.c: generators: resume, yield, delegate, close.
 *
 * A resume is one switch from the caller to the leaf of the chain, a yield one
 * switch from the leaf to the root's caller; neither looks at what lies
 * between.  A generator has a way back exactly while it runs or is delegated
 * to, and then nobody else may resume it.  The end of a delegated one is a
 * switch to its delegator, which is the leaf from then on.
 *
 * A close goes up the chain: each in turn gets -ECANCELED, the delegators out
 * of their plx_yield_from, until the root has ended.  One that yields in its
 * turn has ignored the close.  It leaves the chain, standing, and its
 * delegator hears of it.  Whom it may have begun to delegate to in its turn
 * is no part of the close and ends or yields as ever.
 *
 * An await without a task is a yield with another status.  The leaf says what
 * it stands at, since a value that is sent must not get lost in an await.
 *
 * A trap: a body may go on in another task than the one it stopped in, so the
 * place is asked for anew after every switch.
 */
#include <config.h>
#include "gen_int.h"

_Thread_local struct plx_outside plx__outside PLX_GEN_LOCAL;

/* The place of what runs now. */
static inline struct plx_coro **
place(void)
{
	struct plx_task *t = plx__current;

	return t ? &t->at : &plx__outside.at;
}

/* The generator that runs now, or NULL. */
static inline struct plx_gen *
running(struct plx_coro *const *at)
{
	struct plx_coro *c = *at;

	return c && c->entry == plx__gen_body ? plx__gen_of(c) : NULL;
}

/* Why G cannot be resumed; 0: it can, unless it is done. */
static inline int
refuse(const struct plx_gen *g)
{
	if (!g)
		return -EINVAL;
	return g->back ? -EBUSY : 0;
}

/* Resumes G, which is free and not done, from the place AT. */
static inline int
resume_at(struct plx_coro **at, struct plx_gen *g, void *sent, int error,
	  void **value)
{
	struct plx_coro *caller = *at;
	struct plx_gen *leaf = g->leaf;

	g->back = caller;
	g->out = value;
	g->status = 1;
	leaf->sent = sent;
	leaf->error = error;
	*at = &leaf->coro;
	plx__coro_switch(caller, &leaf->coro);
	return g->status;
}

/* The first resume in a thread, which has no record of itself yet. */
static __attribute__((noinline, cold)) int
resume_first(struct plx_gen *g, void *sent, int error, void **value)
{
	plx__coro_init_thread(&plx__outside.thread);
	plx__outside.at = &plx__outside.thread;
	return resume_at(&plx__outside.at, g, sent, error, value);
}

static inline int
resume(struct plx_gen *g, void *sent, int error, void **value)
{
	struct plx_coro **at = place();

	if (!*at)
		return resume_first(g, sent, error, value);
	if (plx__current)
		g->leaf->around = plx__current->scope;
	return resume_at(at, g, sent, error, value);
}

/* Makes OUTER the leaf of ROOT after G, with what its plx_yield_from returns.
   If the chain has been resumed since then, it was G that was told in which
   scope. */
static void
return_to(struct plx_gen *outer, struct plx_gen *root, const struct plx_gen *g,
	  int error)
{
	if (g->around != outer->lent)
		outer->around = g->around;
	outer->root = root;
	root->leaf = outer;
	outer->error = error;
}

/* G, a leaf below ROOT, has ended; what its delegator is told. */
static int
end_below(struct plx_gen *g, struct plx_gen *root, struct plx_gen *outer)
{
	int error = g->result < 0 ? g->result : 0;

	if (root->closing != g)
		return error;
	root->closing = outer;
	return error ? error : -ECANCELED;
}

/* G's body has returned: as for a task, what it left open ends before what it
   deferred is called, which may leave more. */
static void
unwind(struct plx_gen *g)
{
	do {
		if (plx__current && plx__current->scope != g->around)
			plx__scope_left_open(plx__current, g);
	} while (plx__defers_run(plx__current, &g->coro, 0));
}

void
plx__gen_body(void *arg)
{
	struct plx_gen *g = arg, *root, *outer;
	struct plx_coro *back;

	g->begun = 1;
	g->result = g->fn(g->arg);
	unwind(g);
	root = g->root;
	back = g->back;
	g->back = NULL;
	g->leaf = NULL;
	if (root == g) {
		g->status = g->result < 0 ? g->result : 0;
	} else {
		outer = plx__gen_of(back);
		return_to(outer, root, g, end_below(g, root, outer));
	}
	*place() = back;
	plx__coro_leave(&g->coro, back);
}

int
plx_gen_next(plx_gen *g, void **value)
{
	int r = refuse(g);

	if (r < 0)
		return r;
	return g->leaf ? resume(g, NULL, 0, value) : 0;
}

int
plx_gen_send(plx_gen *g, void *sent, void **value)
{
	int r = refuse(g);

	if (r < 0)
		return r;
	if (!g->leaf)
		return 0;
	if (sent && (!g->begun || g->leaf->awaits))
		return -EINVAL;
	return resume(g, sent, 0, value);
}

/* Ends G, which has not begun. */
static void
end_unbegun(struct plx_gen *g, int error)
{
	g->result = error;
	g->leaf = NULL;
}

int
plx_gen_throw(plx_gen *g, int error, void **value)
{
	int r = refuse(g);

	if (r < 0)
		return r;
	if (error >= 0)
		return -EINVAL;
	if (!g->leaf)
		return error;
	if (!g->begun) {
		end_unbegun(g, error);
		return error;
	}
	if (error == -ECANCELED)
		g->closing = g->leaf;
	return resume(g, NULL, error, value);
}

int
plx_gen_close(plx_gen *g)
{
	int r = refuse(g);

	if (r < 0 || !g->leaf)
		return r;
	if (!g->begun) {
		end_unbegun(g, -ECANCELED);
		return 0;
	}
	g->closing = g->leaf;
	r = resume(g, NULL, -ECANCELED, NULL);
	if (r > 0)
		return -EPROTO;
	return r == -ECANCELED ? 0 : r;
}

/* The leaf G yields while one below ROOT is being closed, who ignores it: that
   may be G, or one that has begun to delegate to it since. */
static __attribute__((noinline, cold)) void
ignore_close(struct plx_gen *g, struct plx_gen *root)
{
	struct plx_gen *deaf = root->closing, *outer;

	outer = plx__gen_of(deaf->back);
	deaf->back = NULL;
	deaf->leaf = g;
	g->root = deaf;
	root->closing = outer;
	return_to(outer, root, g, -EPROTO);
	*place() = &outer->coro;
	plx__coro_switch(&g->coro, &outer->coro);
}

static inline void
yield_to_caller(struct plx_gen *g, struct plx_gen *root, struct plx_coro **at,
		void *value)
{
	struct plx_coro *caller = root->back;

	root->back = NULL;
	if (root->out)
		*root->out = value;
	*at = caller;
	plx__coro_switch(&g->coro, caller);
}

/* G stops with VALUE until it is resumed, for which STATUS is told. */
static inline void
stop(struct plx_gen *g, struct plx_coro **at, void *value, int status)
{
	struct plx_gen *root = g->root;

	if (root->closing != root) {
		ignore_close(g, root);
		return;
	}
	if (status != 1)
		root->status = status;
	yield_to_caller(g, root, at, value);
}

int
plx_yield(void *value, void **sent)
{
	struct plx_coro **at = place();
	struct plx_gen *g = running(at);

	if (!g)
		return -EPERM;
	stop(g, at, value, 1);
	if (g->error < 0)
		return g->error;
	if (sent)
		*sent = g->sent;
	return 0;
}

int
plx__gen_await(struct plx_awaitable *a, int64_t deadline)
{
	struct plx_coro **at = place();
	struct plx_gen *g = running(at);

	if (!g)
		return -EPERM;
	if (!a || !a->ops || !a->ops->result)
		return -EINVAL;
	if (a->task)
		return -EBUSY;
	g->awaits = a;
	g->deadline = deadline;
	stop(g, at, a, PLX_GEN_AWAITS);
	g->awaits = NULL;
	return g->error < 0 ? g->error : a->ops->result(a);
}

int
plx_gen_deadline(const plx_gen *g, int64_t *deadline)
{
	int r = refuse(g);

	if (r < 0)
		return r;
	if (!g->leaf || !g->leaf->awaits)
		return -ENOENT;
	if (deadline)
		*deadline = g->leaf->deadline;
	return 0;
}

/* The result of G, which is done. */
static int
outcome(const struct plx_gen *g, int *result)
{
	if (g->result < 0)
		return g->result;
	if (result)
		*result = g->result;
	return 0;
}

int
plx_yield_from(plx_gen *g, int *result)
{
	struct plx_coro **at = place();
	struct plx_gen *self = running(at);
	struct plx_gen *root, *leaf;
	int r;

	if (!self)
		return -EPERM;
	r = refuse(g);
	if (r < 0)
		return r;
	if (g->rt && g->rt != self->rt)
		return -EINVAL;
	leaf = g->leaf;
	if (!leaf)
		return outcome(g, result);
	root = self->root;
	g->back = &self->coro;
	root->leaf = leaf;
	leaf->root = root;
	leaf->sent = NULL;
	leaf->error = 0;
	self->lent = plx__current ? plx__current->scope : NULL;
	leaf->around = self->lent;
	*at = &leaf->coro;
	plx__coro_switch(&self->coro, &leaf->coro);
	return self->error < 0 ? self->error : outcome(g, result);
}
