/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_make.c: where generators come from and where they go.
 *
 * In a task they take a slot of the run's pool, as tasks do, and the task has
 * them in a list: those made in a scope are closed with it, and the task frees
 * what is left when it ends, except what another one is just running.  At the
 * end of the run the pool goes, and what is left in it with it.  So one that
 * outlives the run cannot delegate to one that does not.
 *
 * Outside of tasks each has a mapping of its own: a pool for all would have to
 * go at the end of the thread, of which nobody tells us.  A trodden canary is
 * not reported there, for want of a run to report it.
 */
#include <config.h>
#include "gen_int.h"

static int
make(struct plx_gen *g, void *stack, size_t size, plx_gen_fn *fn, void *arg)
{
	*g = (struct plx_gen){
		.leaf = g,
		.root = g,
		.closing = g,
		.fn = fn,
		.arg = arg,
	};
	plx__list_init(&g->link);
	return plx__coro_init(&g->coro, stack, size, plx__gen_body, g);
}

static int
make_in_task(struct plx_task *t, plx_gen_fn *fn, void *arg, plx_gen **out)
{
	struct plx_rt *rt = t->rt;
	void *control, *stack;
	struct plx_gen *g;
	size_t size;
	int r;

	r = plx__stack_get(&rt->stacks, &control, &stack, &size);
	if (r < 0)
		return r;
	g = control;
	r = make(g, stack, size, fn, arg);
	if (r < 0) {
		plx__stack_put(&rt->stacks, g);
		return r;
	}
	g->rt = rt;
	g->depth = t->depth;
	plx__list_append(&t->gens, &g->link);
	*out = g;
	return 0;
}

/* A pool of one slot, kept between the stack and the control block. */
int
plx__gen_make(const struct plx_sys *sys, plx_gen_fn *fn, void *arg,
	      plx_gen **out)
{
	const size_t room = (sizeof(struct plx_stack_pool) + 63) / 64 * 64;
	struct plx_stack_pool pool;
	void *control, *stack;
	struct plx_gen *g;
	size_t size;
	int r;

	r = plx__stack_pool_init(&pool, sys, 0, sizeof(struct plx_gen));
	if (r < 0)
		return r;
	pool.next_slab = 0;
	r = plx__stack_get(&pool, &control, &stack, &size);
	if (r < 0)
		goto fini;
	g = control;
	r = make(g, stack, size - room, fn, arg);
	if (r < 0)
		goto fini;
	g->own = (void *)((char *)stack + size - room);
	*g->own = pool;
	*out = g;
	return 0;
fini:
	plx__stack_pool_fini(&pool);
	return r;
}

int
plx_gen_new(plx_gen_fn *fn, void *arg, plx_gen **out)
{
	struct plx_task *t = plx__current;

	if (!fn || !out)
		return -EINVAL;
	return t ? make_in_task(t, fn, arg, out)
		 : plx__gen_make(&plx__sys_real, fn, arg, out);
}

/* G will not be resumed: whom it delegates to is free again. */
static void
set_free_below(struct plx_gen *g)
{
	struct plx_gen *leaf = g->leaf, *first = leaf;

	if (!leaf || leaf == g)
		return;
	while (first->back != &g->coro)
		first = plx__gen_of(first->back);
	first->back = NULL;
	first->leaf = leaf;
	leaf->root = first;
}

/* Frees G, which nobody runs; what its end calls may wait, and meanwhile it is
   busy. */
static void
free_gen(struct plx_gen *g)
{
	struct plx_stack_pool own;
	int r;

	g->back = &g->coro;
	plx__defers_run(plx__current, &g->coro, 0);
	g->back = NULL;
	set_free_below(g);
	plx__list_remove(&g->link);
	plx__coro_fini(&g->coro);
	if (g->rt) {
		r = plx__stack_put(&g->rt->stacks, g);
		if (r < 0)
			g->rt->fault = r;
	} else {
		own = *g->own;
		plx__stack_put(&own, g);
		plx__stack_pool_fini(&own);
	}
}

void
plx_gen_free(plx_gen **out)
{
	struct plx_gen *g = out ? *out : NULL;

	if (!g || plx_gen_close(g) == -EBUSY)
		return;
	free_gen(g);
	*out = NULL;
}

void
plx__gens_close(struct plx_task *t, unsigned depth)
{
	struct plx_gen *g;

	while (!plx__list_empty(&t->gens)) {
		g = PLX_OF(t->gens.prev, struct plx_gen, link);
		if (g->closed || g->depth < depth)
			break;
		g->closed = 1;
		plx__list_remove(&g->link);
		plx__list_append(t->gens.next, &g->link);
		g->busy = plx_gen_close(g) == -EBUSY;
	}
}

/* One that another task runs stays until the run ends. */
void
plx__gens_free(struct plx_task *t)
{
	struct plx_gen *g;

	while (!plx__list_empty(&t->gens)) {
		g = PLX_OF(t->gens.prev, struct plx_gen, link);
		plx__list_remove(&g->link);
		plx__list_append(&t->rt->gens, &g->link);
		if (g->back)
			continue;
		if (g->busy)
			(void)plx_gen_close(g);
		free_gen(g);
	}
}

/* What is delegated to is free when its delegator, in the same list, went. */
void
plx__gen_free_all(struct plx_rt *rt)
{
	struct plx_link *l = rt->gens.next;
	struct plx_gen *g;

	while (l != &rt->gens) {
		g = PLX_OF(l, struct plx_gen, link);
		l = l->next;
		if (g->back)
			continue;
		plx_gen_free(&g);
		l = rt->gens.next;
	}
}

int
plx_gen_result(const plx_gen *g, int *result)
{
	if (!g)
		return -EINVAL;
	if (g->leaf)
		return -EAGAIN;
	if (result)
		*result = g->result;
	return 0;
}
