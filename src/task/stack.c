/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack.c: slots for tasks, cut from slabs.
 *
 * Two lists of free slots.  Those that keep their pages are linked through
 * themselves and cost a few instructions to take and give.  Those that gave
 * their pages back would forget such a link, so their slab remembers their
 * numbers.  A slab counts the slots that are neither dropped nor uncut; at
 * zero nothing points into it and it goes.
 *
 * The guard page comes on top of the size, which makes the distance between
 * two slots an odd number of pages: at a power of two, the top pages of all
 * tasks would compete for the same few sets of the caches and of the TLB.
 * For the same reason neighbours use their top page from different heights.
 *
 * Traps.  Guard markers are page-table entries: they outlive DONTNEED, and a
 * fault in them is SIGSEGV as with mprotect.  mprotect splits the mapping in
 * two per slot, and a process that has used up all its mappings cannot even
 * start a thread: we stop short of the kernel's usual limit of 65,530.
 */
#include <config.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "sys.h"
#include "stack.h"

#define LINE ((size_t)64)
#define SLAB_FIRST ((size_t)1 << 20)
#define SLAB_MOST ((size_t)64 << 20)
#define PROTECT_MOST 30000
#define KEEP_SLOTS 1024
#define KEEP_BYTES ((size_t)64 << 20)

/* Heights in the top page, and after how many slots the pages repeat. */
#define HEIGHTS 12
#define HEIGHT_STEP (2 * LINE)
#define PAGE_SETS 32

#define CANARY UINT64_C(0x706f6c6c75782121)
#define CANARY_WORDS 8

/* Above each control block. */
struct plx_slot {
	struct plx_slot *next;
	struct plx_slab *slab;
	size_t index;
};

struct slot_note {
	uint16_t dropped; /* DROPPED of the slab, as a stack */
	uint8_t guard;	  /* enum plx_guard of the slot of this number */
};

struct plx_slab {
	struct plx_slab *next;
	char *base;
	size_t size;
	size_t slots;
	size_t cut;	/* slots handed out at least once */
	size_t dropped; /* of these, freed and without pages */
	size_t live;	/* of these, the others */
	struct slot_note note[];
};

static size_t
round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

int
plx__stack_pool_init(struct plx_stack_pool *pool, const struct plx_sys *sys,
		     size_t slot_size, size_t control_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = slot_size ? slot_size : PLX_STACK_DEFAULT;
	size_t block = round_up(control_size + sizeof(struct plx_slot), LINE);

	if (size < PLX_STACK_MIN || size > PLX_STACK_MAX ||
	    control_size > page / 4)
		return -EINVAL;
	size = round_up(size, page);
	*pool = (struct plx_stack_pool){
		.sys = sys,
		.slot_size = size,
		.stride = size + page,
		.page = page,
		.control_size = block - sizeof(struct plx_slot),
		.next_slab = SLAB_FIRST,
		.keep = KEEP_BYTES / size,
	};
	if (pool->keep > KEEP_SLOTS)
		pool->keep = KEEP_SLOTS;
	return 0;
}

static void
unmap_slab(struct plx_stack_pool *pool, struct plx_slab *slab)
{
	(void)pool->sys->unmap(pool->sys, slab->base, slab->size);
	pool->sys->resize(pool->sys, slab, 0);
}

void
plx__stack_pool_fini(struct plx_stack_pool *pool)
{
	struct plx_slab *slab, *next;

	for (slab = pool->slabs; slab; slab = next) {
		next = slab->next;
		unmap_slab(pool, slab);
	}
	pool->slabs = NULL;
	pool->free_list = NULL;
	pool->kept = pool->dropped = pool->protected = 0;
}

static int
add_slab(struct plx_stack_pool *pool)
{
	const struct plx_sys *sys = pool->sys;
	size_t slots = pool->next_slab / pool->stride;
	struct plx_slab *slab;
	void *base;
	int ret;

	if (slots == 0)
		slots = 1;
	slab = sys->resize(sys, NULL,
			   sizeof(*slab) + slots * sizeof(slab->note[0]));
	if (!slab)
		return -ENOMEM;
	ret = sys->map(sys, slots * pool->stride, &base);
	if (ret < 0) {
		sys->resize(sys, slab, 0);
		return ret;
	}
	/* A kernel without huge pages has nothing to be told. */
	(void)sys->advise(sys, base, slots * pool->stride, PLX_ADVISE_NOHUGE);
	*slab = (struct plx_slab){
		.next = pool->slabs,
		.base = base,
		.size = slots * pool->stride,
		.slots = slots,
	};
	pool->slabs = slab;
	if (pool->next_slab < SLAB_MOST)
		pool->next_slab *= 2;
	return 0;
}

/* The words of the canary lie at the upper end of the guard page. */
static uint64_t *
canary(const struct plx_stack_pool *pool, char *base)
{
	return (uint64_t *)(void *)(base + pool->page) - CANARY_WORDS;
}

static void
write_canary(const struct plx_stack_pool *pool, char *base)
{
	uint64_t *word = canary(pool, base);

	for (int i = 0; i < CANARY_WORDS; i++)
		word[i] = CANARY;
}

static int
canary_is_whole(const struct plx_stack_pool *pool, char *base)
{
	const uint64_t *word = canary(pool, base);

	for (int i = 0; i < CANARY_WORDS; i++) {
		if (word[i] != CANARY)
			return 0;
	}
	return 1;
}

static int
guard_by_protect(struct plx_stack_pool *pool, char *base)
{
	int ret = -ENOMEM;

	if (pool->protected < PROTECT_MOST)
		ret = pool->sys->protect(pool->sys, base, pool->page,
					 PROT_NONE);
	if (ret == 0)
		pool->protected ++;
	return ret;
}

/*
 * qemu's emulation of user programs takes every advice, says that it is done
 * and does nothing.  A guard that is not there would be found out by the data
 * below it, so who says yes is asked for nonsense once.
 */
static int
guard_by_advice(struct plx_stack_pool *pool, char *base)
{
	const struct plx_sys *sys = pool->sys;
	size_t size = pool->page;
	int ret = sys->advise(sys, base, size, PLX_ADVISE_GUARD);

	if (ret < 0 || pool->guard != PLX_GUARD_UNTRIED)
		return ret;
	if (sys->advise(sys, base, size, PLX_ADVISE_NONSENSE) == 0)
		return -ENOSYS;
	pool->guard = PLX_GUARD_ADVICE;
	return 0;
}

/*
 * Guards a slot that is not.  What fails for one slot would fail for the
 * next, so the pool goes on with the weaker kind; but a kernel that has the
 * advice and lacks memory for it is out of memory.
 */
static int
guard_slot(struct plx_stack_pool *pool, char *base, uint8_t *guard)
{
	int ret;

	if (pool->guard <= PLX_GUARD_ADVICE) {
		ret = guard_by_advice(pool, base);
		if (ret == -ENOMEM)
			return ret;
		if (ret < 0)
			pool->guard = PLX_GUARD_PROTECT;
	}
	if (pool->guard == PLX_GUARD_PROTECT &&
	    guard_by_protect(pool, base) < 0)
		pool->guard = PLX_GUARD_CANARY;
	*guard = (uint8_t)pool->guard;
	return 0;
}

static char *
slot_base(const struct plx_stack_pool *pool, const struct plx_slab *slab,
	  size_t index)
{
	return slab->base + index * pool->stride;
}

/*
 * Where the slot's own record lies: it ends at the slot's height.  Slots whose
 * pages share cache sets get different heights, and neighbours do too.
 */
static struct plx_slot *
slot_at(const struct plx_stack_pool *pool, struct plx_slab *slab, size_t index)
{
	size_t height = (index + index / PAGE_SETS) % HEIGHTS * HEIGHT_STEP;
	char *top = slot_base(pool, slab, index) + pool->stride - height;

	return (struct plx_slot *)(void *)top - 1;
}

/* Puts a slab that has room first; it stays there until it is full. */
static int
find_room(struct plx_stack_pool *pool)
{
	struct plx_slab **at, *slab = pool->slabs;

	if (slab && (slab->dropped || slab->cut < slab->slots))
		return 0;
	if (pool->dropped == 0)
		return add_slab(pool);
	/* One has what the pool counts. */
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	for (at = &pool->slabs; !(*at)->dropped; at = &(*at)->next)
		;
	slab = *at;
	*at = slab->next;
	slab->next = pool->slabs;
	pool->slabs = slab;
	return 0;
}

/* A guard is made once and kept; a canary has gone with its page. */
static int
secure_slot(struct plx_stack_pool *pool, struct plx_slab *slab, size_t index)
{
	char *base = slot_base(pool, slab, index);
	uint8_t *guard = &slab->note[index].guard;
	int ret = 0;

	if (index == slab->cut)
		ret = guard_slot(pool, base, guard);
	if (ret == 0 && *guard == PLX_GUARD_CANARY)
		write_canary(pool, base);
	return ret;
}

/* A slot without pages: one that was dropped, or a new one. */
static int
take_fresh(struct plx_stack_pool *pool, struct plx_slot **out)
{
	struct plx_slab *slab;
	size_t index;
	int ret = find_room(pool);

	if (ret < 0)
		return ret;
	slab = pool->slabs;
	index = slab->dropped ? slab->note[slab->dropped - 1].dropped
			      : slab->cut;
	ret = secure_slot(pool, slab, index);
	if (ret < 0)
		return ret;
	if (index == slab->cut) {
		slab->cut++;
	} else {
		slab->dropped--;
		pool->dropped--;
	}
	slab->live++;
	*out = slot_at(pool, slab, index);
	(*out)->slab = slab;
	(*out)->index = index;
	return 0;
}

int
plx__stack_get(struct plx_stack_pool *pool, void **control, void **stack,
	       size_t *size)
{
	struct plx_slot *slot = pool->free_list;
	char *lowest;
	int ret;

	if (slot) {
		pool->free_list = slot->next;
		pool->kept--;
	} else {
		ret = take_fresh(pool, &slot);
		if (ret < 0)
			return ret;
	}
	if (++pool->in_use > pool->peak)
		pool->peak = pool->in_use;
	lowest = slot_base(pool, slot->slab, slot->index) + pool->page;
	*control = (char *)slot - pool->control_size;
	*stack = lowest;
	*size = (size_t)((char *)*control - lowest);
	return 0;
}

static void
remove_slab(struct plx_stack_pool *pool, struct plx_slab *slab)
{
	struct plx_slab **at = &pool->slabs;

	while (*at != slab)
		at = &(*at)->next;
	*at = slab->next;
	pool->dropped -= slab->dropped;
	for (size_t i = 0; i < slab->cut; i++)
		pool->protected -= slab->note[i].guard == PLX_GUARD_PROTECT;
	unmap_slab(pool, slab);
}

/* The slot's pages go back, its record with them; its guard stays. */
static void
drop(struct plx_stack_pool *pool, struct plx_slab *slab, size_t index)
{
	char *from = slot_base(pool, slab, index);
	size_t size = pool->stride;

	slab->note[slab->dropped++].dropped = (uint16_t)index;
	pool->dropped++;
	if (--slab->live == 0) {
		remove_slab(pool, slab);
		return;
	}
	if (slab->note[index].guard != PLX_GUARD_CANARY) {
		from += pool->page;
		size -= pool->page;
	}
	(void)pool->sys->advise(pool->sys, from, size, PLX_ADVISE_DONTNEED);
}

int
plx__stack_put(struct plx_stack_pool *pool, void *control)
{
	struct plx_slot *slot = (void *)((char *)control + pool->control_size);
	struct plx_slab *slab = slot->slab;
	char *base = slot_base(pool, slab, slot->index);
	int ret = 0;

	if (slab->note[slot->index].guard == PLX_GUARD_CANARY &&
	    !canary_is_whole(pool, base)) {
		write_canary(pool, base);
		ret = -EFAULT;
	}
	pool->in_use--;
	if (pool->kept < pool->keep) {
		slot->next = pool->free_list;
		pool->free_list = slot;
		pool->kept++;
	} else {
		drop(pool, slab, slot->index);
	}
	return ret;
}

/* Keeps COUNT of the freed slots at most. */
static void
keep_only(struct plx_stack_pool *pool, size_t count)
{
	struct plx_slot *slot;

	while (pool->kept > count) {
		slot = pool->free_list;
		pool->free_list = slot->next;
		pool->kept--;
		drop(pool, slot->slab, slot->index);
	}
}

void
plx__stack_trim(struct plx_stack_pool *pool)
{
	size_t needed = pool->peak - pool->in_use;

	if (needed < PLX_STACK_KEEP_LEAST)
		needed = PLX_STACK_KEEP_LEAST;
	keep_only(pool, needed);
	pool->peak = pool->in_use;
}

void
plx__stack_release(struct plx_stack_pool *pool)
{
	keep_only(pool, 0);
}
