/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack.h: stacks for tasks: slots in large mappings, with a guard below.
 *
 * A slot is, from low to high: the guard page, the stack, and a control block
 * in the top page, so that a parked task touches one page.  Slots are cut
 * from private, unreserved slabs of at most 64 MiB (unless one slot is more)
 * that never use huge pages.
 * The guard is MADV_GUARD_INSTALL where the kernel has it (no mapping more) and
 * can be believed, else mprotect while the kernel's limit of mappings allows,
 * else a canary that is looked at when the slot comes back.  Freed slots are
 * used again, the last one first; past a bound, and when a time has gone by in
 * which they were not needed, or there is no memory for something else, their
 * pages go back to the system, and a slab that holds nothing any more is
 * unmapped.
 */
#ifndef PLX_STACK_H
#define PLX_STACK_H

#include <stddef.h>

struct plx_sys;
struct plx_slab;
struct plx_slot;

#define PLX_STACK_DEFAULT ((size_t)64 << 10)
#define PLX_STACK_MIN ((size_t)16 << 10)
#define PLX_STACK_MAX ((size_t)8 << 20)

enum plx_guard {
	PLX_GUARD_UNTRIED, /* of a pool that has guarded nothing yet */
	PLX_GUARD_ADVICE,
	PLX_GUARD_PROTECT,
	PLX_GUARD_CANARY
};

struct plx_stack_pool {
	const struct plx_sys *sys;
	size_t slot_size;	/* stack and control block */
	size_t stride;		/* from one slot to the next, guard included */
	size_t page;		/* of the system */
	size_t control_size;	/* what the control block needs */
	enum plx_guard guard;	/* what new slots get */
	struct plx_slab *slabs; /* the first has room if any has */
	struct plx_slot *free_list; /* with their pages, last freed first */
	size_t next_slab;	    /* the size of the slab to come */
	size_t kept;	  /* freed slots whose pages are still there */
	size_t keep;	  /* how many of them at most */
	size_t dropped;	  /* freed slots that have given their pages back */
	size_t protected; /* slots guarded by mprotect */
	size_t in_use;
	size_t peak; /* of IN_USE since the last trim */
};

/* What a trim leaves in any case. */
#define PLX_STACK_KEEP_LEAST 8

/*
 * SLOT_SIZE is rounded up to pages; 0 means the default.  Maps nothing yet.
 * 0, or -EINVAL: out of bounds, or CONTROL_SIZE is more than a quarter page.
 */
int plx__stack_pool_init(struct plx_stack_pool *pool, const struct plx_sys *sys,
			 size_t slot_size, size_t control_size);

/* Unmaps all; no slot may be in use. */
void plx__stack_pool_fini(struct plx_stack_pool *pool);

/*
 * Takes a slot: *CONTROL is the control block, aligned to a cache line (its
 * content is not defined), [*STACK, *STACK + *SIZE) the stack below it.
 * 0, or what the system says, -ENOMEM as a rule.
 */
int plx__stack_get(struct plx_stack_pool *pool, void **control, void **stack,
		   size_t *size);

/* Gives it back: 0, or -EFAULT when a canary was trodden on. */
int plx__stack_put(struct plx_stack_pool *pool, void *control);

/* Gives back the pages of freed slots that have not been needed since the last
   trim, but for a few.  To be called now and then. */
void plx__stack_trim(struct plx_stack_pool *pool);

/* The same with all that is free: there is no memory for something else. */
void plx__stack_release(struct plx_stack_pool *pool);

#endif
