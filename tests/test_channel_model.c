/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_channel_model.c: channels under chance, and under large numbers.
 *
 * Random tasks send, receive and choose on a few channels, with and without
 * deadlines, while a master cancels tasks and closes, frees and replaces
 * channels.  Every item has a number, and the model is a table: who sent it
 * knows whether it is gone, and whoever has got it, a receiver or a discard,
 * makes a mark.  In the end each item was got exactly once or is its sender's;
 * and whenever the master runs, no two who could serve each other wait.
 *
 * PLX_SEED gives the seed, PLX_OPS the number of the master's steps, of which
 * a million items are the end.
 */
#include <config.h>
#include <stdlib.h>
#include "channel_int.h"
#include "task_common.h"

enum {
	ITEMS = 1 << 20,
	CHANNELS = 4,
	CLAUSES = 4,
	ACTORS = 12
};

struct item {
	unsigned char gone; /* as its sender sees it */
	unsigned char got;  /* how often */
};

struct model;
struct actor {
	struct model *m;
	plx_task *task;
};

struct model {
	uint64_t seed, random;
	struct item *items;
	uint32_t made;
	plx_channel *channels[CHANNELS];
	struct actor actors[ACTORS];
	long moved, failed;
};

static unsigned
chance(struct model *m, unsigned n)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (unsigned)((m->random >> 24) % n);
}

static int64_t
random_deadline(struct model *m)
{
	switch (chance(m, 4)) {
	case 0:
		return 0;
	case 1:
		return in((int64_t)chance(m, 3) * PLX_MILLISECOND);
	default:
		return PLX_NEVER;
	}
}

static uint32_t
make_item(struct model *m)
{
	return m->made < ITEMS ? m->made++ : ITEMS - 1;
}

static void
note_got(void *item, void *arg)
{
	struct model *m = arg;
	uint32_t number;

	memcpy(&number, item, sizeof(number));
	cr_expect_lt(number, m->made);
	m->items[number % ITEMS].got++;
	m->moved++;
}

static void
open_slot(struct model *m, int i)
{
	static const size_t capacities[] = {0, 0, 1, 3};

	cr_expect_eq(plx_channel_open(sizeof(uint32_t), capacities[i],
				      &m->channels[i]),
		     0);
	plx_channel_on_discard(m->channels[i], note_got, m);
}

static plx_channel *
some_channel(struct model *m)
{
	return m->channels[chance(m, CHANNELS)];
}

static int
send_some(struct model *m)
{
	uint32_t number = make_item(m);
	int r = plx_channel_send(some_channel(m), &number, random_deadline(m));

	m->items[number].gone = r == 0;
	m->failed += r != 0;
	return r;
}

static int
recv_some(struct model *m)
{
	uint32_t number = UINT32_MAX;
	int r = plx_channel_recv(some_channel(m), &number, random_deadline(m));

	if (r > 0)
		note_got(&number, m);
	else
		cr_expect_eq(number, UINT32_MAX, "written without success");
	return r;
}

static int
choose_some(struct model *m)
{
	struct plx_channel_awaitable w[CLAUSES];
	struct plx_awaitable *list[CLAUSES];
	uint32_t number[CLAUSES];
	int sends[CLAUSES];
	int n = 1 + (int)chance(m, CLAUSES);
	int r;

	for (int i = 0; i < n; i++) {
		plx_channel *c = some_channel(m);

		sends[i] = (int)chance(m, 2);
		number[i] = sends[i] ? make_item(m) : UINT32_MAX;
		list[i] = sends[i] ? plx_channel_send_awaitable(&w[i], c,
								&number[i])
				   : plx_channel_recv_awaitable(&w[i], c,
								&number[i]);
	}
	r = plx_await_any(list, n, random_deadline(m));
	for (int i = 0; i < n; i++) {
		int result = i == r ? plx_awaitable_result(list[i]) : -1;

		if (sends[i])
			m->items[number[i]].gone = result == 0;
		else if (result == 1)
			note_got(&number[i], m);
		else
			cr_expect_eq(number[i], UINT32_MAX, "clause %d", i);
	}
	return r;
}

static int
act(void *arg)
{
	struct actor *a = arg;
	int r = 0;

	while (r != -ECANCELED) {
		switch (chance(a->m, 3)) {
		case 0:
			r = send_some(a->m);
			break;
		case 1:
			r = recv_some(a->m);
			break;
		default:
			r = choose_some(a->m);
		}
		if (chance(a->m, 8) == 0 && plx_checkpoint() < 0)
			break;
	}
	return 0;
}

/* The first in LINE who could be served, or NULL. */
static const struct plx_task *
servable(const struct plx_line *line)
{
	for (const struct plx_waiter *w = line->first; w; w = w->next) {
		if (!w->base.task->won)
			return w->base.task;
	}
	return NULL;
}

static void
check_rest(const struct model *m)
{
	for (int i = 0; i < CHANNELS; i++) {
		const plx_channel *c = m->channels[i];
		const struct plx_task *s = servable(&c->senders);
		const struct plx_task *r = servable(&c->receivers);

		cr_expect_leq(c->len, c->capacity);
		cr_expect(!s || c->len == c->capacity, "a send could go on");
		cr_expect(!r || c->len == 0, "a receive could go on");
		cr_expect(!s || !r || s == r, "they do not see each other");
		cr_expect(!c->closed || (!s && !r), "closed under them");
	}
}

static void
step(struct model *m)
{
	struct actor *a = &m->actors[chance(m, ACTORS)];
	int i = (int)chance(m, CHANNELS);

	switch (chance(m, 16)) {
	case 0:
	case 1:
		cr_expect_eq(stop_task(a->task), 0);
		cr_expect_eq(plx_spawn(NULL, act, a, &a->task), 0);
		break;
	case 2:
		plx_cancel(a->task);
		break;
	case 3:
		plx_channel_close(m->channels[i]);
		break;
	case 4:
		plx_channel_free(&m->channels[i]);
		open_slot(m, i);
		break;
	case 5:
		/* Somebody is always ready, so time would stand still. */
		support_sys.now += PLX_MILLISECOND;
		break;
	default:
		cr_expect_eq(plx_checkpoint(), 0);
	}
	check_rest(m);
}

static uint64_t
number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static int
master(void *arg)
{
	struct model *m = arg;
	long steps = (long)number_from("PLX_OPS", 20000);

	for (int i = 0; i < CHANNELS; i++)
		open_slot(m, i);
	for (int i = 0; i < ACTORS; i++) {
		m->actors[i].m = m;
		cr_expect_eq(
			plx_spawn(NULL, act, &m->actors[i], &m->actors[i].task),
			0);
	}
	while (steps-- > 0 && m->made < ITEMS - 100)
		step(m);
	for (int i = 0; i < ACTORS; i++)
		cr_expect_eq(stop_task(m->actors[i].task), 0);
	for (int i = 0; i < CHANNELS; i++)
		plx_channel_free(&m->channels[i]);
	return 0;
}

Test(channel_model, every_item_is_received_once_or_still_its_senders)
{
	struct model m = {.seed = number_from("PLX_SEED", (uint64_t)plx_now())};
	long wrong = 0;

	m.random = m.seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	m.items = calloc(ITEMS, sizeof(*m.items));
	fprintf(stderr, "channel_model: PLX_SEED=%llu\n",
		(unsigned long long)m.seed);
	cr_expect_eq(run_timed(master, &m), 0);
	for (uint32_t i = 0; i < m.made; i++)
		wrong += m.items[i].got != m.items[i].gone;
	cr_expect_eq(wrong, 0, "PLX_SEED=%llu: %ld of %u items",
		     (unsigned long long)m.seed, wrong, m.made);
	cr_expect_gt(m.moved, 0);
	cr_expect_gt(m.failed, 0);
	free(m.items);
}

/*
 * ThreadSanitizer knows 8,000 stacks, and valgrind takes minutes.  A line whose
 * middle is found by walking would need hours, from the last to the first.
 */
#define CROWD (SUPPORT_TSAN || RUNNING_ON_VALGRIND ? 4000L : 100000L)

static int
wait_in_crowd(void *arg)
{
	int item;

	return plx_channel_recv(arg, &item, PLX_NEVER);
}

static int
cancel_crowd(void *arg)
{
	plx_task **tasks = arg;
	plx_channel *c = NULL;
	long cancelled = 0;
	int item = 1;

	cr_expect_eq(plx_channel_open(sizeof(int), 0, &c), 0);
	for (long i = 0; i < CROWD; i++)
		cr_expect_eq(plx_spawn(NULL, wait_in_crowd, c, &tasks[i]), 0);
	plx_checkpoint();
	cr_expect_eq(plx_channel_try_send(c, &item), 0, "they all stand there");
	for (long i = CROWD - 1; i >= 0; i--)
		plx_cancel(tasks[i]);
	for (long i = CROWD - 1; i >= 0; i--) {
		int r = 0;

		cr_expect_eq(plx_join(tasks[i], &r, PLX_NEVER), 0);
		cancelled += r == -ECANCELED;
	}
	cr_expect_eq(cancelled, CROWD - 1, "the first was served");
	cr_expect_eq(plx_channel_try_send(c, &item), -ETIMEDOUT);
	plx_channel_free(&c);
	return 0;
}

Test(channel_model, a_hundred_thousand_are_cancelled_at_once)
{
	struct support_mark mark = support_begin(NULL);
	const struct plx_run_options options = {
		.stack_size = (size_t)16 << 10,
		.sys = &support_sys.sys,
	};
	plx_task **tasks = calloc((size_t)CROWD, sizeof(plx_task *));

	cr_assert(tasks);
	cr_expect_eq(plx_run(&options, cancel_crowd, tasks), 0);
	free(tasks);
	support_end(mark, NULL);
}
