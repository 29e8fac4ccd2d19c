/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks_channel.c: messages from task to task, of eight bytes.
 *
 * `channel' is ping-pong: each message waits for the one before it, so every
 * one is a wake-up and a switch, and a turn of the loop is shared by one or
 * two.  `stream' goes one way, as fast as the capacity allows.
 */
#include <config.h>
#include <errno.h>
#include <pollux.h>
#include "tasks.h"

struct line {
	plx_channel *there, *back;
	long n; /* messages that the other task handles */
};

static struct line line;

static int
open_line(const struct bench_contender *c, long x, void **state)
{
	int r;

	(void)c;
	r = plx_channel_open(sizeof(long), (size_t)x, &line.there);
	if (r == 0)
		r = plx_channel_open(sizeof(long), (size_t)x, &line.back);
	if (r < 0)
		plx_channel_free(&line.there);
	*state = &line;
	return r;
}

static void
close_line(void *state)
{
	struct line *l = state;

	plx_channel_free(&l->there);
	plx_channel_free(&l->back);
}

static void
receive(plx_channel *c, long expected)
{
	long item = -1;

	tasks_must(plx_channel_recv(c, &item, PLX_NEVER), "receive");
	tasks_must(item == expected ? 0 : -EPROTO, "a wrong message");
}

static void
send_to(plx_channel *c, long item)
{
	tasks_must(plx_channel_send(c, &item, PLX_NEVER), "send");
}

static int
answer(void *arg)
{
	struct line *l = arg;

	for (long i = 0; i < l->n; i++) {
		receive(l->there, i);
		send_to(l->back, i);
	}
	return 0;
}

static int
take_all(void *arg)
{
	struct line *l = arg;

	for (long i = 0; i < l->n; i++)
		receive(l->there, i);
	return 0;
}

static plx_task *
begin(struct line *l, plx_task_fn *other, long n)
{
	plx_task *task;

	l->n = n;
	tasks_must(plx_spawn(NULL, other, l, &task), "spawn");
	return task;
}

static void
run_channel(void *state, long n)
{
	struct line *l = state;
	plx_task *task = begin(l, answer, (n + 1) / 2);

	for (long i = 0; i < l->n; i++) {
		send_to(l->there, i);
		receive(l->back, i);
	}
	tasks_must(plx_join(task, NULL, PLX_NEVER), "join");
}

static void
run_stream(void *state, long n)
{
	struct line *l = state;
	plx_task *task = begin(l, take_all, n);

	for (long i = 0; i < n; i++)
		send_to(l->there, i);
	tasks_must(plx_join(task, NULL, PLX_NEVER), "join");
}

static const struct bench_contender ping_pong = {
	.name = "pollux",
	.open = open_line,
	.run = run_channel,
	.close = close_line,
};

static const struct bench_contender one_way = {
	.name = "pollux",
	.open = open_line,
	.run = run_stream,
	.close = close_line,
};

void
tasks_channel(struct bench *b)
{
	static const long points[] = {0, 1, 64};
	struct bench_series series = {
		.name = "channel",
		.unit = "ns",
		.x = "capacity",
		.points = points,
		.npoints = 2,
		.contenders = &ping_pong,
		.ncontenders = 1,
	};

	bench_run(b, &series);
	series.name = "stream";
	series.npoints = TASKS_COUNT(points);
	series.contenders = &one_way;
	bench_run(b, &series);
}
