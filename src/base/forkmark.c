/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forkmark.c: the page that a fork wipes.
 *
 * Each mark has a page of its own; a smaller piece cannot be wiped.  Nothing
 * here fails: without the page there is still getpid.
 */
#include <config.h>
#include <unistd.h>
#include "forkmark.h"

static size_t
page_size(void)
{
	long size = sysconf(_SC_PAGESIZE);

	return size > 0 ? (size_t)size : 4096;
}

void
plx__forkmark_init(struct plx_forkmark *m, const struct plx_sys *sys)
{
	size_t size = page_size();
	void *page;

	m->sys = sys;
	m->page = NULL;
	m->owner = sys->getpid(sys);
	if (sys->map(sys, size, &page) < 0)
		return;
	if (sys->advise(sys, page, size, PLX_ADVISE_WIPE_ON_FORK) < 0) {
		sys->unmap(sys, page, size);
		return;
	}
	*(unsigned *)page = 1;
	m->page = page;
}

void
plx__forkmark_renew(struct plx_forkmark *m)
{
	m->owner = m->sys->getpid(m->sys);
	if (m->page)
		*(volatile unsigned *)(uintptr_t)m->page = 1;
}

void
plx__forkmark_fini(struct plx_forkmark *m)
{
	if (m->page)
		m->sys->unmap(m->sys, (void *)(uintptr_t)m->page, page_size());
	m->page = NULL;
}
