/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_int.h: what a generator is, and what run.c has to know of it.
 *
 * The place of a thread or task is the record of the coroutine that runs in
 * it: a generator's, or its own.  A generator that resumes another, or is
 * resumed, moves the place; a task that parks is saved where its place is, so
 * generators park and go on with it.
 *
 * Delegation makes a chain: the root, which callers resume, the generators
 * that wait in plx_yield_from, the leaf, which yields.  Only two of its links
 * are kept up to date, and they are all that a resume and a yield need: from
 * the root to the leaf and back.  A generator that becomes root or leaf gets
 * its link then.
 */
#ifndef PLX_GEN_INT_H
#define PLX_GEN_INT_H

#include <pollux/gen.h>
#include "task_int.h"

/* Lives in the control block of its stack's slot. */
struct plx_gen {
	struct plx_coro coro;  /* first: see plx__gen_of */
	struct plx_coro *back; /* who goes on when it ends: who resumed it,
				  or delegates to it; NULL: nobody, it can be
				  resumed */
	struct plx_gen *leaf;  /* of a root; NULL once it is done */
	struct plx_gen *root;  /* of a leaf */
	void **out;	       /* of a root: where the value goes, or NULL */
	void *sent;	       /* to a leaf */
	int error;	       /* thrown into it, or of whom it delegated to */
	int status;	       /* of a root: what the resume will return */
	struct plx_gen *closing;      /* of a root: which of its chain is being
					 closed now, from the leaf upwards; itself:
					 none below it */
	struct plx_awaitable *awaits; /* the plx_await that it stands at */
	int64_t deadline;	      /* of that */
	int begun;
	int result;
	plx_gen_fn *fn;
	void *arg;
	struct plx_scope *around; /* the innermost scope of the task that has
				     resumed it */
	struct plx_scope *lent;	  /* what it gave on as that when it last
				     delegated */
	unsigned depth;		  /* of the scope that it was made in */
	int closed;		  /* with that scope, unless it was */
	int busy;		  /* then */
	struct plx_deferred *defers;
	struct plx_link link; /* in its task's gens, then rt->gens; or none */
	struct plx_rt *rt;    /* whose stack it has; NULL: its own */
	struct plx_stack_pool *own;
};

/* Whose record C is; NULL of NULL. */
static inline struct plx_gen *
plx__gen_of(struct plx_coro *c)
{
	return (struct plx_gen *)(void *)c;
}

/* A slot of a run holds either. */
union plx_control {
	struct plx_task task;
	struct plx_gen gen;
};

/* The place of a thread outside of tasks.  AT is NULL at first. */
struct plx_outside {
	struct plx_coro *at;
	struct plx_coro thread;
};

/* A thread without tasks has generators too, hence a second global.  GCC wants
   the model at the definition as well. */
#define PLX_GEN_LOCAL \
	__attribute__((visibility("hidden"), tls_model("initial-exec")))
extern _Thread_local struct plx_outside plx__outside PLX_GEN_LOCAL;

/* The whole of a generator, on its stack. */
void plx__gen_body(void *arg);

/* As plx_await outside of tasks: stops the generator that runs, or -EPERM. */
int plx__gen_await(struct plx_awaitable *a, int64_t deadline);

/* As plx_gen_new outside of tasks, with another system. */
int plx__gen_make(const struct plx_sys *sys, plx_gen_fn *fn, void *arg,
		  plx_gen **out);

/* Closes and frees what is left of RT's generators; no task runs any more. */
void plx__gen_free_all(struct plx_rt *rt);

/* G's body has returned in T with scopes open that it has not found so. */
void plx__scope_left_open(struct plx_task *t, struct plx_gen *g);

#endif
