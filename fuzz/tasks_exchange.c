/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks_exchange.c: steps of the target tasks.c in which tasks meet: channels,
 * locks, permits, events, and the first of them all.
 *
 * Each item is a number.  Its sender knows whether it is gone, whoever gets it
 * makes a mark, a channel that is freed with items in it among them.
 */
#include <config.h>

#include "tasks.h"

/* Items: a number each. */
static void
note_received(void *item, void *arg)
{
	uint32_t number;

	(void)arg;
	memcpy(&number, item, sizeof(number));
	FUZZ_SO(number < w.items && w.received[number] == 0);
	w.received[number]++;
}

void
open_channel(int i)
{
	static const size_t capacities[CHANNELS] = {0, 1, 3};

	support_sys.fail_at = 0;
	FUZZ_SO(plx_channel_open(sizeof(uint32_t), capacities[i],
				 &w.channels[i]) == 0);
	plx_channel_on_discard(w.channels[i], note_received, NULL);
}

void
do_send(struct actor *a)
{
	uint32_t number = w.items;
	int i = (int)fuzz_below(&w.input, CHANNELS), r;
	int64_t deadline = some_deadline(a);

	if (w.items == ITEMS)
		return;
	w.items++;
	r = plx_channel_send(w.channels[i], &number, deadline);
	FUZZ_SO(r == 0 || r == -EPIPE || is_usual(r));
	w.sent[number] = r == 0;
}

void
do_recv(struct actor *a)
{
	uint32_t number = ITEMS;
	int i = (int)fuzz_below(&w.input, CHANNELS);
	int r = plx_channel_recv(w.channels[i], &number, some_deadline(a));

	FUZZ_SO(r >= 0 || is_usual(r));
	if (r > 0)
		note_received(&number, NULL);
	else
		FUZZ_SO(number == ITEMS);
}

void
do_channel_end(struct actor *a)
{
	int i = (int)fuzz_below(&w.input, CHANNELS);

	(void)a;
	if (fuzz_chance(&w.input, 2)) {
		plx_channel_close(w.channels[i]);
	} else {
		plx_channel_free(&w.channels[i]);
		open_channel(i);
	}
}

void
do_lock(struct actor *a)
{
	int r = plx_lock_acquire(&w.lock, some_deadline(a));

	FUZZ_SO(r == 0 || is_usual(r) || r == -EDEADLK);
	if (r < 0)
		return;
	FUZZ_SO(plx_lock_held(&w.lock));
	live_deeper(a);
	FUZZ_SO(plx_lock_release(&w.lock) == 0);
}

void
do_semaphore(struct actor *a)
{
	int r = plx_semaphore_acquire(&w.semaphore, some_deadline(a));

	FUZZ_SO(r == 0 || is_usual(r));
	if (r < 0)
		return;
	live_deeper(a);
	FUZZ_SO(plx_semaphore_release(&w.semaphore) == 0);
}

void
do_event(struct actor *a)
{
	int r;

	switch (fuzz_below(&w.input, 3)) {
	case 0:
		plx_event_set(&w.event);
		break;
	case 1:
		plx_event_clear(&w.event);
		break;
	default:
		r = plx_event_wait(&w.event, some_deadline(a));
		FUZZ_SO(r == 0 || is_usual(r));
	}
}

void
do_any(struct actor *a)
{
	uint32_t out = w.items, in = ITEMS;
	struct plx_channel_awaitable send, recv;
	struct plx_timer_awaitable timer;
	struct plx_sync_awaitable event, permit;
	struct plx_awaitable *const list[] = {
		plx_channel_recv_awaitable(
			&recv, w.channels[fuzz_below(&w.input, CHANNELS)], &in),
		plx_channel_send_awaitable(
			&send, w.channels[fuzz_below(&w.input, CHANNELS)],
			&out),
		plx_timer_awaitable(&timer, support_sys.now + PLX_MILLISECOND),
		plx_semaphore_awaitable(&permit, &w.semaphore),
		plx_event_awaitable(&event, &w.event),
	};
	int n = 1 + (int)fuzz_below(&w.input, 5), i, r;
	int64_t deadline = some_deadline(a);

	if (w.items == ITEMS)
		return;
	w.items++;
	i = plx_await_any(list, n, deadline);
	FUZZ_SO(i < n && (i >= 0 || is_usual(i)));
	r = i < 0 ? -1 : plx_awaitable_result(list[i]);
	FUZZ_SO(i == 1 || r >= -1);
	w.sent[out] = i == 1 && r == 0;
	if (i == 0 && r > 0)
		note_received(&in, NULL);
	else
		FUZZ_SO(in == ITEMS);
	if (i == 3)
		plx_semaphore_release(&w.semaphore);
}
