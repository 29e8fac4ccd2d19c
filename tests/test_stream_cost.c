/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_cost.c: what one echoed message costs in system calls and memory
 * through a stream: no more than without.
 */
#include <config.h>

#include <pollux/stream.h>
#include "echo_cost.h"

/* Echoes what one call of FN brings. */
static int
serve(int fd,
      ssize_t (*fn)(struct plx_stream *, char *buf, size_t n, int64_t deadline))
{
	struct plx_stream s;
	char buf[256];
	ssize_t n;

	cr_expect_eq(plx_stream_open(&s, fd, NULL), 0);
	while ((n = fn(&s, buf, sizeof(buf), PLX_NEVER)) > 0) {
		if (plx_stream_write(&s, buf, (size_t)n, PLX_NEVER) != n)
			return -EIO;
		answered();
	}
	plx_stream_close(&s, PLX_NEVER);
	return (int)n;
}

static ssize_t
read_some(struct plx_stream *s, char *buf, size_t n, int64_t deadline)
{
	return plx_stream_read(s, buf, n, deadline);
}

static int
serve_bytes(void *arg)
{
	return serve(scene.server[(intptr_t)arg], read_some);
}

PLX_BACKENDS(stream_cost, a_message_is_one_receive_and_one_send)
ParameterizedTest(struct backend_param *b, stream_cost,
		  a_message_is_one_receive_and_one_send)
{
	check_cost(serve_bytes, b->name);
}

static int
serve_lines(void *arg)
{
	return serve(scene.server[(intptr_t)arg], plx_stream_readline);
}

PLX_BACKENDS(stream_cost, a_line_is_one_receive_and_one_send)
ParameterizedTest(struct backend_param *b, stream_cost,
		  a_line_is_one_receive_and_one_send)
{
	check_cost(serve_lines, b->name);
}

static ssize_t
read_exactly_64(struct plx_stream *s, char *buf, size_t n, int64_t deadline)
{
	ssize_t r;

	(void)n;
	r = plx_stream_readexactly(s, buf, 64, deadline);
	return r == -ENODATA ? 0 : r;
}

static int
serve_blocks(void *arg)
{
	return serve(scene.server[(intptr_t)arg], read_exactly_64);
}

PLX_BACKENDS(stream_cost, a_block_is_one_receive_and_one_send)
ParameterizedTest(struct backend_param *b, stream_cost,
		  a_block_is_one_receive_and_one_send)
{
	check_cost(serve_blocks, b->name);
}
