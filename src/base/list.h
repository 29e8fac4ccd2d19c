/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.h: circular doubly-linked lists, threaded through their members.
 *
 * A list is a link whose ends point at itself when empty; so is a member that
 * is in no list.  No operation fails, none asks which list a member is in.
 */
#ifndef PLX_LIST_H
#define PLX_LIST_H

#include <stddef.h>
#include <pollux/types.h>

/* The struct of type T whose member M is LINK. */
#define PLX_OF(link, T, M) ((T *)(void *)((char *)(link)-offsetof(T, M)))

static inline void
plx__list_init(struct plx_link *list)
{
	list->prev = list->next = list;
}

static inline int
plx__list_empty(const struct plx_link *list)
{
	return list->next == list;
}

static inline void
plx__list_append(struct plx_link *list, struct plx_link *link)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

static inline void
plx__list_remove(struct plx_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	plx__list_init(link);
}

/* Moves all of FROM, in order, into TO, which must be empty. */
static inline void
plx__list_take(struct plx_link *to, struct plx_link *from)
{
	if (plx__list_empty(from))
		return;
	*to = *from;
	to->prev->next = to->next->prev = to;
	plx__list_init(from);
}

#endif
