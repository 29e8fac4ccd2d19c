/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_datagrams.c: the task that echoes datagrams by itself, without the
 * program around it.
 *
 * Nobody but the test's own task runs beside it, so that a stop can come at a
 * moment of the test's choice.
 */
#include <config.h>
#include "listener.h"
#include "report.h"
#include "server.h"
#include "task_common.h"

void
report(const char *fmt, ...)
{
	(void)fmt;
}

void
server_fail(struct server *s)
{
	s->failed = 1;
}

#define COUNT 3

/* The task is ready for what has come when the stop cancels its wait: it
   receives, and may send no more in the scope. */
static int
stop_in_between(void *arg)
{
	struct server server = {.failed = 0};
	struct worker w = {.server = &server};
	struct datagrams d = {.worker = &w};
	plx_nursery *n;
	int fd[2], i;
	char byte;

	support_udp_pair(fd);
	d.fd = fd[0];
	cr_expect_eq(plx_nursery_open(NULL, &n), 0);
	cr_expect_eq(plx_spawn(n, datagrams_serve, &d, NULL), 0);
	plx_checkpoint();
	plx_checkpoint();
	for (i = 0; i < COUNT; i++)
		cr_expect_eq(send(fd[1], &"abc"[i], 1, 0), 1);
	plx_checkpoint();
	w.stopping = 1;
	plx_scope_cancel(&d.scope);
	cr_expect_eq(plx_nursery_close(&n, 0), 0);
	for (i = 0; i < COUNT; i++)
		cr_expect(recv(fd[1], &byte, 1, MSG_DONTWAIT) == 1 &&
				  byte == "abc"[i],
			  "%s: no %d", (char *)arg, i);
	close(fd[1]);
	return server.failed;
}
ON_BACKENDS(datagrams, received_before_a_stop_are_answered, stop_in_between)
