/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_exchange.c: cancels at every wait for channels and queues.
 *
 * What goes from task to task are tokens, each of which has to be given up just
 * once, by whoever has it then: the sender after an error, the receiver, or
 * who empties what is left.
 */
#include <config.h>
#include <pollux/channel.h>
#include <pollux/queue.h>
#include "cancel_everywhere.h"

#define TOKENS 64

static unsigned char given_up[TOKENS];
static int made;

static int
make_token(void)
{
	return made++;
}

static void
give_up_token(int token)
{
	given_up[token]++;
}

static void
check_tokens(const char *where)
{
	for (int i = 0; i < made; i++)
		cr_expect_eq(given_up[i], 1, "%s: token %d was given up %d x",
			     where, i, given_up[i]);
	memset(given_up, 0, sizeof(given_up));
	made = 0;
}

static plx_channel *channel;
static int senders;

static void
discard_token(void *item, void *arg)
{
	(void)arg;
	give_up_token(*(int *)item);
}

static void
free_channel(void *arg)
{
	(void)arg;
	plx_channel_free(&channel);
}

static void
leave_senders(void *arg)
{
	(void)arg;
	if (--senders == 0)
		plx_channel_close(channel);
}

static int
send_tokens(void *arg)
{
	int token, r = 0;

	(void)arg;
	cleans_up();
	plx_defer(leave_senders, NULL);
	for (int i = 0; r == 0 && i < 5; i++) {
		token = make_token();
		r = plx_channel_send(channel, &token, in(PLX_SECOND));
		if (r < 0)
			give_up_token(token);
		else if (i == 2)
			r = plx_sleep(PLX_MILLISECOND);
	}
	return r == -ETIMEDOUT ? 0 : r;
}

static int
receive_tokens(void *arg)
{
	int token, r;

	(void)arg;
	cleans_up();
	while ((r = plx_channel_recv(channel, &token, in(PLX_SECOND))) > 0) {
		give_up_token(token);
		r = plx_sleep(PLX_MILLISECOND / 4);
		if (r < 0)
			break;
	}
	return r == -ETIMEDOUT ? 0 : r;
}

/* Sends to itself and others, and receives, whichever comes first. */
static int
send_or_receive(void *arg)
{
	struct plx_channel_awaitable s, g;
	struct plx_awaitable *both[2];
	int out, got, r = 0;

	(void)arg;
	cleans_up();
	plx_defer(leave_senders, NULL);
	for (int i = 0; r >= 0 && i < 4; i++) {
		out = make_token();
		both[0] = plx_channel_send_awaitable(&s, channel, &out);
		both[1] = plx_channel_recv_awaitable(&g, channel, &got);
		r = plx_await_any(both, 2, in(PLX_SECOND));
		if (r != 0 || plx_awaitable_result(both[0]) < 0)
			give_up_token(out);
		if (r == 1 && plx_awaitable_result(both[1]) == 1)
			give_up_token(got);
	}
	return r == -ETIMEDOUT || r >= 0 ? 0 : r;
}

static int
exchange(size_t capacity)
{
	plx_nursery *n;
	int r = plx_channel_open(sizeof(int), capacity, &channel);

	if (r < 0)
		return r;
	plx_channel_on_discard(channel, discard_token, NULL);
	plx_defer(free_channel, NULL);
	r = plx_nursery_open(NULL, &n);
	if (r < 0)
		return r;
	senders = 3;
	plx_spawn(n, send_tokens, NULL, NULL);
	plx_spawn(n, receive_tokens, NULL, NULL);
	plx_spawn(n, send_tokens, NULL, NULL);
	plx_spawn(n, receive_tokens, NULL, NULL);
	plx_spawn(n, send_or_receive, NULL, NULL);
	return plx_nursery_close(&n, 0);
}

static int
exchange_by_hand(void *arg)
{
	(void)arg;
	return exchange(0);
}
CANCEL_EVERYWHERE(a_channel_without_room, .fn = exchange_by_hand,
		  .check = check_tokens)

static int
exchange_with_room(void *arg)
{
	(void)arg;
	return exchange(2);
}
CANCEL_EVERYWHERE(a_channel_with_room, .fn = exchange_with_room,
		  .check = check_tokens)

struct job {
	struct plx_queue_node node;
	int token;
};

static struct job jobs[8];
static struct plx_queue queue;

static void
empty_queue(void *arg)
{
	struct plx_queue_node *node;

	(void)arg;
	plx_queue_close(&queue);
	while (plx_queue_try_get(&queue, &node) > 0) {
		give_up_token(((struct job *)node)->token);
		plx_queue_done(&queue);
	}
}

static void
finish_job(void *arg)
{
	give_up_token(((struct job *)arg)->token);
	plx_queue_done(&queue);
}

static int
work_on_jobs(void *arg)
{
	struct plx_queue_node *node;
	int r;

	(void)arg;
	cleans_up();
	while ((r = plx_queue_get(&queue, &node, PLX_NEVER)) > 0) {
		plx_defer(finish_job, node);
		r = plx_sleep(PLX_MILLISECOND);
		plx_undefer(finish_job, node, 1);
		if (r < 0)
			break;
	}
	return r;
}

static int
queue_jobs(void *arg)
{
	plx_nursery *n;
	int r = 0;

	(void)arg;
	plx_queue_init(&queue);
	if (plx_nursery_open(NULL, &n) < 0)
		return -ENOMEM;
	plx_spawn(n, work_on_jobs, NULL, NULL);
	plx_spawn(n, work_on_jobs, NULL, NULL);
	for (int i = 0; r == 0 && i < 8; i++) {
		jobs[i] = (struct job){.token = make_token()};
		plx_queue_put(&queue, &jobs[i].node);
		r = i % 3 == 0 ? plx_sleep(PLX_MILLISECOND) : 0;
	}
	if (r == 0)
		r = plx_queue_join(&queue, in(PLX_SECOND));
	plx_queue_close(&queue);
	r = plx_nursery_close(&n, r);
	empty_queue(NULL);
	return r;
}
CANCEL_EVERYWHERE(a_queue_of_jobs, .fn = queue_jobs, .check = check_tokens)
