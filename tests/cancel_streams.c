/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_streams.c: cancels at every wait for streams.
 *
 * Two tasks write through a queue that is too small, one flushes, one reads by
 * lines and by blocks.  What comes is what was taken, in order; undisturbed it
 * is all of it.
 */
#include <config.h>
#include <pollux/stream.h>
#include "cancel_everywhere.h"
#include "support_trickle.h"

#define LINE 900
#define LINES 3
#define WRITERS 2

static struct plx_stream out, in_;
static size_t taken, came;
static int torn;

static void
abort_both(void *arg)
{
	(void)arg;
	plx_stream_abort(&out);
	plx_stream_abort(&in_);
}

static int
write_lines(void *arg)
{
	char line[LINE];
	ssize_t n = 1;

	cleans_up();
	memset(line, 'a' + (int)(intptr_t)arg, LINE);
	line[LINE - 1] = '\n';
	for (int i = 0; n > 0 && i < LINES; i++) {
		n = plx_stream_write(&out, line, LINE, in(PLX_SECOND));
		taken += n > 0 ? (size_t)n : 0;
	}
	return n < 0 && n != -ETIMEDOUT ? (int)n : 0;
}

static int
flush_out(void *arg)
{
	int r = plx_sleep(PLX_MILLISECOND);

	(void)arg;
	cleans_up();
	if (r == 0)
		r = plx_stream_flush(&out, in(PLX_SECOND));
	return r == -ETIMEDOUT ? 0 : r;
}

static ssize_t
read_piece(char *line, int turn)
{
	struct plx_stream_awaitable a;
	ssize_t n;

	if (turn % 4 == 0)
		return plx_stream_read(&in_, line, 100, in(PLX_SECOND));
	if (turn % 4 == 1)
		return plx_stream_readline(&in_, line, LINE, in(PLX_SECOND));
	if (turn % 4 == 2) {
		n = plx_await(plx_stream_awaitable(&a, &in_), in(PLX_SECOND));
		return n < 0 ? n : plx_stream_read(&in_, line, 10, 0);
	}
	n = plx_stream_readexactly(&in_, line, 50, in(PLX_SECOND));
	return n == -ENODATA ? plx_stream_read(&in_, line, 50, 0) : n;
}

/* Within a line there is but one letter: a line that gave up is a part of one,
   and what comes behind it is another's beginning. */
static void
look_at(const char *line, ssize_t n)
{
	for (ssize_t i = 1; i < n; i++)
		torn += line[i] != line[i - 1] && line[i] != '\n' &&
			line[i - 1] != '\n';
	came += (size_t)n;
}

static int
read_all(void *arg)
{
	char line[LINE];
	ssize_t n = 1;

	(void)arg;
	cleans_up();
	for (int turn = 0; n > 0 || n == -ETIMEDOUT; turn++) {
		n = read_piece(line, turn);
		if (n > 0)
			look_at(line, n);
		if (n == -ETIMEDOUT && turn > 200)
			break;
	}
	return n < 0 && n != -ETIMEDOUT ? (int)n : 0;
}

static int
open_both(void)
{
	const struct plx_stream_options small = {.high_water = 500};
	int fd[2];

	taken = came = 0;
	torn = 0;
	support_unix_pair(fd);
	cr_expect_eq(plx_stream_open(&out, fd[0], &small), 0);
	cr_expect_eq(plx_stream_open(&in_, fd[1], NULL), 0);
	support_trickle_begin(200);
	return plx_defer(abort_both, NULL);
}

static int
converse(void *arg)
{
	plx_nursery *n;
	plx_task *reader;
	int r;

	(void)arg;
	if (open_both() < 0 || plx_nursery_open(NULL, &n) < 0)
		return -ENOMEM;
	cleans_up();
	for (intptr_t i = 0; i < WRITERS; i++)
		plx_spawn(n, write_lines, (void *)i, NULL);
	plx_spawn(n, flush_out, NULL, NULL);
	plx_spawn(NULL, read_all, NULL, &reader);
	r = plx_nursery_close(&n, 0);
	if (r == 0)
		r = plx_stream_write_eof(&out, in(PLX_SECOND));
	if (r == 0)
		r = plx_join(reader, NULL, in(PLX_SECOND));
	else
		plx_detach(reader);
	plx_stream_close(&in_, 0);
	if (r == 0)
		r = plx_stream_linger(&out, in(PLX_SECOND));
	plx_stream_close(&out, in(PLX_SECOND));
	return r;
}

static void
check_bytes(const char *where)
{
	size_t all = (size_t)LINE * LINES * WRITERS;

	cr_expect_leq(came, taken, "%s: %zu of %zu", where, came, taken);
	if (!strstr(where, "undisturbed"))
		return;
	cr_expect_eq(came, all, "%s: %zu", where, came);
	cr_expect_eq(torn, 0, "%s: %d", where, torn);
}
CANCEL_EVERYWHERE(streams, .fn = converse, .check = check_bytes)
