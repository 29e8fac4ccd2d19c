/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_memory.c: memory, by the piece and by the page.
 *
 * Traps.  MADV_DONTNEED drops the pages on Linux only; elsewhere it is a mere
 * hint and MADV_FREE is what gives memory back.  The guard advice is Linux
 * 6.13 and newer than the headers of many a libc, so it goes by number; an
 * older kernel says EINVAL, which callers get as -ENOSYS.  Wiping at fork is
 * madvise on Linux and minherit on the BSDs; emulators of user programs have
 * said yes to every advice and done nothing, so a nonsensical one that is
 * taken gives them away: here before each wiping, which is rare, and to whoever
 * guards pages by PLX_ADVISE_NONSENSE.
 */
#include <config.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "sys_int.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

void *
plx__sys_resize(SELF, void *p, size_t size)
{
	int kept = errno;
	void *q = NULL;

	if (size == 0)
		free(p);
	else
		q = realloc(p, size);
	errno = kept;
	return q;
}

int
plx__sys_map(SELF, size_t size, void **out)
{
	int kept = errno;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return plx__sys_failure(kept);
	*out = p;
	return 0;
}

int
plx__sys_unmap(SELF, void *p, size_t size)
{
	int kept = errno;

	return munmap(p, size) < 0 ? plx__sys_failure(kept) : 0;
}

int
plx__sys_protect(SELF, void *p, size_t size, int prot)
{
	int kept = errno;

	return mprotect(p, size, prot) < 0 ? plx__sys_failure(kept) : 0;
}

#ifdef __linux__
static int
give_advice(void *p, size_t size, int advice)
{
	static const int linux_advice[] = {
		[PLX_ADVISE_DONTNEED] = MADV_DONTNEED,
		[PLX_ADVISE_NOHUGE] = 15,
		[PLX_ADVISE_GUARD] = 102,
		[PLX_ADVISE_UNGUARD] = 103,
		[PLX_ADVISE_WIPE_ON_FORK] = 18,
		[PLX_ADVISE_NONSENSE] = -1,
	};

	if (advice == PLX_ADVISE_WIPE_ON_FORK && madvise(p, size, -1) == 0)
		return plx__sys_absent(advice);
	return madvise(p, size, linux_advice[advice]);
}
#else
static int
give_advice(void *p, size_t size, int advice)
{
	switch (advice) {
#ifdef MADV_FREE
	case PLX_ADVISE_DONTNEED:
		return madvise(p, size, MADV_FREE);
#endif
#ifdef INHERIT_ZERO
	case PLX_ADVISE_WIPE_ON_FORK:
		return minherit(p, size, INHERIT_ZERO);
#endif
	default:
		return plx__sys_absent(advice, p, size);
	}
}
#endif

int
plx__sys_advise(SELF, void *p, size_t size, int advice)
{
	int kept = errno;
	int ret = give_advice(p, size, advice);

	if (ret < 0)
		ret = plx__sys_failure(kept);
	errno = kept;
	return ret == -EINVAL ? -ENOSYS : ret;
}
