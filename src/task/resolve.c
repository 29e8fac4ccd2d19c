/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolve.c: names to addresses, in a thread.
 *
 * The list is made in the thread and is the caller's when the wait says 0.  A
 * question that has been asked cannot be taken back, so none is ever lost.
 */
#include <config.h>
#include <pollux/blocking.h>
#include "task_int.h"

struct question {
	const struct plx_sys *sys;
	const char *node;
	const char *service;
	const struct addrinfo *hints;
	struct addrinfo *answer;
};

static int
ask(void *arg)
{
	struct question *q = arg;

	return q->sys->getaddrinfo(q->sys, q->node, q->service, q->hints,
				   &q->answer);
}

int
plx_getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **out,
		int64_t deadline)
{
	struct question q = {
		.node = node,
		.service = service,
		.hints = hints,
	};
	int r;

	if (!plx__current)
		return -EPERM;
	q.sys = plx__current->rt->sys;
	r = plx_blocking(ask, &q, deadline);
	if (r == 0)
		*out = q.answer;
	return r;
}

int
plx_gai_code(int error)
{
	return plx__sys_gai_code(error);
}
