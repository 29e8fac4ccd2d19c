/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ports.c: the descriptors that the tasks of a run have met.
 *
 * Each has a port, found by its number, with a side for reading and, once
 * somebody has waited to write, one for that.  Ports come in pages, made when
 * the first number of one turns up, and stay where they are until the run ends:
 * a task keeps a pointer to the last port it used, and so may whoever waits.
 */
#include <config.h>
#include <string.h>
#include <sys/stat.h>
#include "hibernate_int.h"

/* Makes the table reach FD. */
static int
ports_grow(const struct plx_sys *sys, struct plx_ports *ports, unsigned fd)
{
	unsigned n = ports->n ? ports->n : PLX_PORTS_PAGE;
	unsigned had = ports->n / PLX_PORTS_PAGE;
	struct plx_port **pages;

	while (n <= fd)
		n *= 2;
	pages = sys->resize(sys, ports->pages,
			    n / PLX_PORTS_PAGE * sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	memset(pages + had, 0, (n / PLX_PORTS_PAGE - had) * sizeof(*pages));
	ports->pages = pages;
	ports->n = n;
	return 0;
}

/* The ports of PLX_PORTS_PAGE descriptors from FIRST on, or NULL. */
static struct plx_port *
page_make(const struct plx_sys *sys, unsigned first)
{
	const size_t size = PLX_PORTS_PAGE * sizeof(struct plx_port);
	struct plx_port *page = sys->resize(sys, NULL, size);
	unsigned i;

	if (!page)
		return NULL;
	memset(page, 0, size);
	for (i = 0; i < PLX_PORTS_PAGE; i++)
		page[i].fd = (int)(first + i);
	return page;
}

/* FD is looked at first: the table grows for numbers that exist only. */
int
plx__port_make(struct plx_rt *rt, int fd, struct plx_port **out)
{
	struct plx_ports *ports = &rt->ports;
	unsigned i = (unsigned)fd;
	struct plx_port **page;
	struct stat st;
	int r;

	r = fd < 0 ? -EBADF : rt->sys->fstat(rt->sys, fd, &st);
	if (r >= 0 && i >= ports->n)
		r = ports_grow(rt->sys, ports, i);
	if (r < 0)
		return r;
	page = &ports->pages[i / PLX_PORTS_PAGE];
	if (!*page)
		*page = page_make(rt->sys, i - i % PLX_PORTS_PAGE);
	if (!*page)
		return -ENOMEM;
	*out = &(*page)[i % PLX_PORTS_PAGE];
	return 0;
}

int
plx__port_side(struct plx_rt *rt, struct plx_port *p, unsigned direction,
	       struct plx_side **out)
{
	struct plx_side *s;

	if (direction == PLX_WRITE && !p->out) {
		s = rt->sys->resize(rt->sys, NULL, sizeof(*s));
		if (!s)
			return -ENOMEM;
		memset(s, 0, sizeof(*s));
		p->out = s;
	}
	*out = direction == PLX_READ ? &p->in : p->out;
	return 0;
}

struct plx_port *
plx__port_find(const struct plx_rt *rt, int fd)
{
	const struct plx_ports *ports = &rt->ports;
	unsigned i = (unsigned)fd;

	if (i >= ports->n || !ports->pages[i / PLX_PORTS_PAGE])
		return NULL;
	return &ports->pages[i / PLX_PORTS_PAGE][i % PLX_PORTS_PAGE];
}

struct plx_port *
plx__port_visit(struct plx_task *t, int fd)
{
	struct plx_port *p = plx__port_find(t->rt, fd);

	if (p)
		t->port = p;
	return p;
}

int
plx__port_reset(struct plx_rt *rt, int fd)
{
	struct plx_port *p = plx__port_find(rt, fd);

	if (!p)
		return plx__hibernates(rt, fd);
	p->closes++;
	p->blocks[PLX_IN] = p->blocks[PLX_OUT] = 0;
	return p->in.watch.direction || (p->out && p->out->watch.direction) ||
	       plx__hibernates(rt, fd);
}

static void
page_free(const struct plx_sys *sys, struct plx_port *page)
{
	unsigned i;

	for (i = 0; page && i < PLX_PORTS_PAGE; i++)
		sys->resize(sys, page[i].out, 0);
	sys->resize(sys, page, 0);
}

void
plx__ports_free(struct plx_rt *rt)
{
	struct plx_ports *ports = &rt->ports;
	unsigned page;

	for (page = 0; page < ports->n / PLX_PORTS_PAGE; page++)
		page_free(rt->sys, ports->pages[page]);
	rt->sys->resize(rt->sys, ports->pages, 0);
}
