/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_echo_cost.c: what one echoed message costs in system calls and memory,
 * in an echo server of the plainest kind: a task per connection that receives
 * and sends.
 */
#include <config.h>

#include "echo_cost.h"

static int
serve(void *arg)
{
	int fd = scene.server[(intptr_t)arg];
	char buf[256];
	ssize_t n;

	while ((n = plx_recv(fd, buf, sizeof(buf), PLX_NEVER)) > 0) {
		if (plx_send(fd, buf, (size_t)n, PLX_NEVER) != n)
			return -EIO;
		answered();
	}
	plx_close(fd);
	return (int)n;
}

PLX_BACKENDS(echo_cost, a_message_is_one_receive_one_send_and_part_of_a_wait)
ParameterizedTest(struct backend_param *b, echo_cost,
		  a_message_is_one_receive_one_send_and_part_of_a_wait)
{
	check_cost(serve, b->name);
}
