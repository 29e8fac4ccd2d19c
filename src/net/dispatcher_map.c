/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher_map.c: the dispatchers of a loop, one by one and all together.
 *
 * Members stand in the order in which they got their sockets, and each has a
 * number from a counter of the map; so closing all that are there needs no
 * copy of the list, which handlers could change under it.  Nor may it touch a
 * map that has been empty meanwhile and may be freed: all that were there are
 * gone by then.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include "clock.h"
#include "dispatcher_int.h"

void
plx_dispatcher_map_init(struct plx_dispatcher_map *map, plx_loop *loop)
{
	memset(map, 0, sizeof(*map));
	map->loop = loop;
	plx__list_init(&map->members);
	plx__list_init(&map->changed);
}

struct plx_dispatcher *
plx_dispatcher_next(const struct plx_dispatcher_map *map,
		    const struct plx_dispatcher *d)
{
	struct plx_link *next = d ? d->link.next : map->members.next;

	if (next == &map->members)
		return NULL;
	return PLX_OF(next, struct plx_dispatcher, link);
}

void
plx_dispatcher_close_all(struct plx_dispatcher_map *map)
{
	const struct plx_dispatcher_ops *ops;
	struct plx_dispatcher *d;
	uint64_t last = map->born;
	int going = 1, *outer = map->closing;

	map->closing = &going;
	while (going) {
		d = plx_dispatcher_next(map, NULL);
		if (!d || d->born > last)
			break;
		ops = d->ops;
		plx_dispatcher_close(d);
		if (ops->handle_close)
			ops->handle_close(d, -ECANCELED);
	}
	if (going)
		map->closing = outer;
	else if (outer)
		*outer = 0;
}

static void
do_nothing(void *arg)
{
	(void)arg;
}

/* When that happens before the loop waits, nobody is left to wait for. */
void
plx__dispatcher_emptied(struct plx_dispatcher_map *map)
{
	if (map->closing)
		*map->closing = 0;
	map->closing = NULL;
	plx__ring_no_spare(map);
	plx_loop_cancel(map->loop, &map->call);
	if (map->running)
		plx_loop_call_soon(map->loop, &map->bell, do_nothing, NULL);
}

/* 0 when the turns are over, -ETIMEDOUT, or the loop's error. */
static int
run_turns(struct plx_dispatcher_map *map, int count, int64_t deadline)
{
	plx_loop *loop = map->loop;
	int r = 0;

	while (r == 0 && map->count > 0 && count != 0) {
		r = plx__loop_turn(loop, deadline);
		if (count > 0)
			count--;
		if (r == 0 && map->count > 0 && count != 0 &&
		    plx__time_left(deadline, plx_loop_now(loop)) == 0)
			r = -ETIMEDOUT;
	}
	return r < 0 ? r : 0;
}

int
plx_dispatcher_loop(struct plx_dispatcher_map *map, int count, int64_t deadline)
{
	int was_running = map->running; /* then this is refused */
	int r;

	map->running = 1;
	r = run_turns(map, count, deadline);
	map->running = was_running;
	if (!was_running)
		plx_loop_cancel(map->loop, &map->bell);
	return r < 0 ? r : map->count;
}
