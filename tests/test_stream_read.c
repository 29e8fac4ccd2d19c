/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_read.c: what streams read, how much of it at a time, and what
 * becomes of the rest.
 */
#include <config.h>

#include "stream_common.h"

static int
read_what_is_there(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[16];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, NULL);
	n = plx_stream_read(&s, buf, sizeof(buf), 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	cr_expect_eq(plx_stream_read(&s, buf, 0, PLX_NEVER), 0, "%s", name);
	say(peer, "hello");
	n = plx_stream_read(&s, buf, 2, PLX_NEVER);
	cr_expect(is(buf, n, "he"), "%s: %zd", name, n);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "llo"), "%s: %zd", name, n);
	close(peer);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, 0, "%s: %zd", name, n);
	n = plx_stream_read(&s, buf, sizeof(buf), 0);
	cr_expect_eq(n, 0, "%s: the end sticks: %zd", name, n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	return 0;
}
ON_BACKENDS(stream_read, a_read_takes_what_is_there, read_what_is_there)

static int
read_lines(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[16];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, NULL);
	n = plx_stream_readline(&s, buf, sizeof(buf), 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	say(peer, "a\nbc\n\nrest");
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "a\n"), "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "bc\n"), "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "\n"), "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, sizeof(buf), 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	close(peer);
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "rest"), "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, 0, "%s: %zd", name, n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	return 0;
}
ON_BACKENDS(stream_read, a_line_ends_with_its_newline, read_lines)
