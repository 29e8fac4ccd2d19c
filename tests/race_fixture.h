/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * race_fixture.h: a call of another task, and what may come in its way.
 *
 * A task that misses what came hangs.  So each is joined within seconds, and
 * got out by the end of its descriptor if it must be.
 */
#ifndef PLX_RACE_FIXTURE_H
#define PLX_RACE_FIXTURE_H

#include <sys/socket.h>
#include <pollux/net.h>
#include "task_common.h"

/* More than a socket takes at once. */
#define MUCH (4 << 20)

struct call {
	int fd;
	plx_task *task;
	ssize_t result;
	struct plx_call soon;
};

/* Joins T, which waits for FD if it still does: its result or an error. */
static inline int
join_soon(plx_task *t, int fd)
{
	int result = 0;
	int r = plx_join(t, &result, in(5 * PLX_SECOND));

	if (r == -ETIMEDOUT) {
		plx_close(fd);
		plx_join(t, NULL, PLX_NEVER);
	}
	return r < 0 ? r : result;
}

/* The next call in this task that may wait will give way first. */
static inline void
spend_budget(void)
{
	for (int i = 0; i < 1000; i++)
		plx_await_fd(-1, PLX_READ, 0);
}

static inline int
send_much(void *arg)
{
	static char much[MUCH];
	struct call *c = arg;

	c->result = plx_send(c->fd, much, sizeof(much), PLX_NEVER);
	return 0;
}

static inline int
recv_one(void *arg)
{
	struct call *c = arg;
	char byte;

	c->result = plx_recv(c->fd, &byte, 1, PLX_NEVER);
	return 0;
}

/* Spawns FN(C) and lets it come to its wait. */
static inline void
start(struct call *c, plx_task_fn *fn)
{
	plx_spawn(NULL, fn, c, &c->task);
	let_run(3);
}

/* A listener on a loopback port, and a client of it. */
static inline int
listen_here(struct plx_address *at)
{
	socklen_t len = sizeof(at->storage);
	int fd = -1;

	cr_expect_eq(plx_address_parse("127.0.0.1:0", at), 0);
	cr_expect_eq(plx_listen(at, NULL, &fd), 0);
	getsockname(fd, (struct sockaddr *)&at->storage, &len);
	return fd;
}

static inline int
connect_to(const struct plx_address *at)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_expect_eq(
		connect(fd, (const struct sockaddr *)&at->storage, at->length),
		0);
	return fd;
}

#endif
