/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_task_cost.c: what a message costs in tasks: system calls counted,
 * allocations counted, and turns shared fairly.
 */
#include <config.h>
#include "task_common.h"

enum {
	PAIRS = 50,
	ROUNDS = 200
};

struct peer {
	int fd;
	int rounds;
	long done;
};

static int
echo(void *arg)
{
	const struct peer *p = arg;
	char buf[64];
	ssize_t n;

	while ((n = plx_recv(p->fd, buf, sizeof(buf), PLX_NEVER)) > 0) {
		if (plx_send(p->fd, buf, (size_t)n, PLX_NEVER) != n)
			return -EPROTO;
	}
	return 0;
}

static int
ask(void *arg)
{
	struct peer *p = arg;
	char buf[64] = "ping";

	for (p->done = 0; p->done < p->rounds; p->done++) {
		if (plx_send(p->fd, buf, 4, PLX_NEVER) != 4)
			return -EPROTO;
		if (plx_recv(p->fd, buf, sizeof(buf), PLX_NEVER) != 4)
			return -EPROTO;
	}
	return 0;
}

static struct peer servers[PAIRS], clients[PAIRS];

static void
open_pairs(void)
{
	int fd[2];

	for (int i = 0; i < PAIRS; i++) {
		support_unix_pair(fd);
		servers[i].fd = fd[0];
		clients[i].fd = fd[1];
		plx_spawn(NULL, echo, &servers[i], NULL);
	}
}

static void
exchange(int rounds)
{
	plx_task *t[PAIRS];

	for (int i = 0; i < PAIRS; i++) {
		clients[i].rounds = rounds;
		plx_spawn(NULL, ask, &clients[i], &t[i]);
	}
	for (int i = 0; i < PAIRS; i++)
		plx_join(t[i], NULL, PLX_NEVER);
}

static void
close_pairs(void)
{
	for (int i = 0; i < PAIRS; i++)
		plx_close(clients[i].fd);
	let_run(3);
	for (int i = 0; i < PAIRS; i++)
		plx_close(servers[i].fd);
}

static int
count_calls(void *arg)
{
	const unsigned moved = SUPPORT_RECV | SUPPORT_SEND;
	const char *name = arg;
	unsigned long all, io;
	double messages = 2 * PAIRS * ROUNDS;

	open_pairs();
	exchange(5);
	all = support_calls(&support_sys, ~0u);
	io = support_calls(&support_sys, moved);
	exchange(ROUNDS);
	all = support_calls(&support_sys, ~0u) - all;
	io = support_calls(&support_sys, moved) - io;
	cr_expect_leq((double)io / messages, 2.001, "%s: %f", name,
		      (double)io / messages);
	cr_expect_leq((double)all / messages, 2.05, "%s: %f", name,
		      (double)all / messages);
	close_pairs();
	return 0;
}
ON_BACKENDS(task_cost, a_message_is_one_receive_one_send_and_a_shared_wait,
	    count_calls)

static int
count_allocations(void *arg)
{
	const unsigned memory = SUPPORT_RESIZE | SUPPORT_MAP;
	struct peer server = {.rounds = 0}, client = {.rounds = 5};
	unsigned long before;
	plx_task *t;
	int fd[2];

	support_unix_pair(fd);
	server.fd = fd[0];
	client.fd = fd[1];
	plx_spawn(NULL, echo, &server, &t);
	ask(&client);
	before = support_calls(&support_sys, memory);
	client.rounds = 1000;
	cr_expect_eq(ask(&client), 0);
	cr_expect_eq(support_calls(&support_sys, memory), before, "%s",
		     (char *)arg);
	plx_close(fd[1]);
	plx_join(t, NULL, PLX_NEVER);
	plx_close(fd[0]);
	return 0;
}
ON_BACKENDS(task_cost, a_message_allocates_nothing, count_allocations)

static int
count_changes(void *arg)
{
	unsigned long before;

	open_pairs();
	exchange(5);
	before = support_calls(&support_sys, SUPPORT_CHANGE);
	exchange(20);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_CHANGE), before,
		     "%s: interest was changed", (char *)arg);
	close_pairs();
	return 0;
}
ON_BACKENDS(task_cost, a_conversation_changes_no_interest, count_changes)

/* Sends to itself: every call completes at once. */
static int
hog(void *arg)
{
	int fd[2];
	char c;

	support_unix_pair(fd);
	for (int i = 0; i < 2000; i++) {
		cr_expect_eq(plx_send(fd[0], "x", 1, PLX_NEVER), 1);
		cr_expect_eq(plx_recv(fd[1], &c, 1, PLX_NEVER), 1);
	}
	plx_close(fd[0]);
	plx_close(fd[1]);
	(void)arg;
	return 0;
}

static int
count_rounds(void *arg)
{
	int *rounds = arg;

	do
		++*rounds;
	while (plx_checkpoint() == 0);
	return 0;
}

static int
hog_beside_another(void *arg)
{
	int rounds = 0;
	plx_task *t;

	plx_spawn(NULL, count_rounds, &rounds, &t);
	hog(NULL);
	cr_expect_geq(rounds, 20, "%s: %d", (char *)arg, rounds);
	plx_cancel(t);
	return plx_join(t, NULL, PLX_NEVER);
}
ON_BACKENDS(task_cost, a_task_whose_calls_never_wait_yields, hog_beside_another)

static int
hog_without_waiting(void *arg)
{
	int rounds = 0;
	plx_task *t;
	char c = 0;
	int fd[2];

	support_unix_pair(fd);
	plx_spawn(NULL, count_rounds, &rounds, &t);
	for (int i = 0; i < 2000; i++) {
		cr_expect_eq(plx_send(fd[0], &c, 1, 0), 1);
		cr_expect_eq(plx_recv(fd[1], &c, 1, 0), 1);
	}
	cr_expect_eq(rounds, 0, "%s", (char *)arg);
	plx_send(fd[0], &c, 1, PLX_NEVER);
	cr_expect_gt(rounds, 0, "%s: the next one pays", (char *)arg);
	plx_close(fd[0]);
	plx_close(fd[1]);
	plx_cancel(t);
	return plx_join(t, NULL, PLX_NEVER);
}
ON_BACKENDS(task_cost, a_call_with_deadline_zero_never_gives_way,
	    hog_without_waiting)

static int
leave_data_lying(void *arg)
{
	unsigned long waits;
	char c;
	int fd[2];

	support_unix_pair(fd);
	plx_send(fd[1], "abc", 3, PLX_NEVER);
	cr_expect_gt(plx_await_fd(fd[0], PLX_READ, PLX_NEVER), 0);
	waits = support_calls(&support_sys, SUPPORT_WAIT);
	plx_sleep(20 * PLX_MILLISECOND);
	waits = support_calls(&support_sys, SUPPORT_WAIT) - waits;
	cr_expect_lt(waits, 30, "%s: %lu waits", (char *)arg, waits);
	cr_expect_eq(plx_recv(fd[0], &c, 1, PLX_NEVER), 1);
	cr_expect_gt(plx_await_fd(fd[0], PLX_READ, PLX_NEVER), 0,
		     "%s: it can be waited for again", (char *)arg);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
ON_BACKENDS(task_cost, data_that_nobody_reads_keeps_nobody_awake,
	    leave_data_lying)
