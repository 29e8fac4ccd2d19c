/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_queue.c: how streams queue what is written: between the marks, in
 * line, and when a writer gives up.
 */
#include <config.h>

#include "stream_common.h"

static const struct plx_stream_options small_marks = {
	.high_water = 1000,
	.low_water = 100,
};

/* Against a peer that does not read. */
static int
meet_the_marks(void *arg)
{
	const char *name = arg;
	char block[3000];
	struct call c = {.data = block, .n = 1500, .deadline = PLX_NEVER};
	struct plx_stream s;
	size_t stuffed;
	plx_task *t;
	int peer;

	memset(block, 'x', sizeof(block));
	open_unix(&s, &peer, &small_marks);
	stuffed = stuff(&s);
	cr_expect_eq(plx_stream_write(&s, block, 900, 0), 900, "%s", name);
	cr_expect_eq(plx_stream_write(&s, block, 200, 0), 100, "%s", name);
	cr_expect_eq(plx_stream_queued(&s), 1000, "%s", name);
	cr_expect_eq(plx_stream_write(&s, block, 1, 0), -ETIMEDOUT, "%s", name);
	c.s = &s;
	c.fn = call_write;
	t = begin_call(&c);
	let_run(20);
	cr_expect(!c.over, "%s: does not wait", name);
	cr_expect_eq(plx_stream_queued(&s), 1000, "%s: %zu", name,
		     plx_stream_queued(&s));
	skip(peer, stuffed + 1000);
	cr_expect_eq(end_call(&c, t), 1500, "%s: %zd", name, c.result);
	skip(peer, 1500);
	cr_expect_eq(plx_stream_queued(&s), 0, "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	cr_expect(at_end(peer), "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_queue, waits_at_the_high_mark, meet_the_marks)

/* A queue of 1,000 bytes, for which there is room by now, though no turn of the
   loop has seen it. */
static void
queue_unseen(struct plx_stream *s, int peer)
{
	static const char block[1000];
	size_t stuffed = support_fill(plx_stream_fileno(s));

	cr_expect_eq(plx_stream_write(s, block, sizeof(block), 0), 1000);
	cr_expect_eq(plx_stream_queued(s), 1000);
	skip(peer, stuffed);
}

static int
ask_without_waiting(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	int peer;

	open_unix(&s, &peer, &small_marks);
	queue_unseen(&s, peer);
	cr_expect_eq(plx_stream_flush(&s, 0), 0, "%s", name);
	cr_expect_eq(plx_stream_queued(&s), 0, "%s", name);
	plx_stream_flush(&s, PLX_NEVER);
	support_drain(peer);
	queue_unseen(&s, peer);
	cr_expect_eq(plx_stream_flush(&s, 1), 0, "%s: it has passed", name);
	plx_stream_flush(&s, PLX_NEVER);
	support_drain(peer);
	queue_unseen(&s, peer);
	cr_expect_eq(plx_stream_write(&s, "x", 1, 0), 1, "%s", name);
	plx_stream_flush(&s, PLX_NEVER);
	support_drain(peer);
	queue_unseen(&s, peer);
	cr_expect_eq(plx_stream_write_eof(&s, 0), 0, "%s", name);
	cr_expect_eq(plx_stream_close(&s, 0), 0, "%s", name);
	cr_expect_eq(support_drain(peer), 1000, "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_queue, asks_the_system_if_it_may_not_wait,
	    ask_without_waiting)

/* The kernel takes a hundred bytes at a time, and only when told. */
static int
sink_to_the_low_mark(void *arg)
{
	char block[1600];
	struct call c = {.data = block, .n = 600, .deadline = PLX_NEVER};
	struct plx_stream s;
	size_t low = 1000;
	plx_task *t;
	int peer;

	(void)arg;
	memset(block, 'x', sizeof(block));
	support_trickle_begin(100);
	open_unix(&s, &peer, &small_marks);
	cr_expect_eq(plx_stream_write(&s, block, 1600, 0), 1100);
	cr_expect_eq(plx_stream_queued(&s), 1000);
	c.s = &s;
	c.fn = call_write;
	t = begin_call(&c);
	while (!c.over) {
		plx_checkpoint();
		if (plx_stream_queued(&s) < low)
			low = plx_stream_queued(&s);
	}
	cr_expect_eq(low, 100, "woken at %zu", low);
	cr_expect_eq(end_call(&c, t), 600);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0);
	skip(peer, 1700);
	cr_expect(at_end(peer));
	close(peer);
	return 0;
}
IN_A_TASK(stream_queue, goes_on_at_the_low_mark, sink_to_the_low_mark)

/* Marks that are one: below it is enough. */
static int
use_one_mark(void *arg)
{
	const struct plx_stream_options one = {.high_water = 1, .low_water = 1};
	const struct plx_stream_options wrong = {.high_water = 10,
						 .low_water = 11};
	struct plx_stream s;
	int peer;

	(void)arg;
	support_trickle_begin(1);
	open_unix(&s, &peer, &one);
	cr_expect_eq(plx_stream_write(&s, "hello", 5, PLX_NEVER), 5);
	cr_expect_leq(plx_stream_queued(&s), 1);
	cr_expect_eq(plx_stream_flush(&s, PLX_NEVER), 0);
	cr_expect(heard(peer, "hello"));
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0);
	cr_expect_eq(plx_stream_open(&s, peer, &wrong), -EINVAL);
	close(peer);
	return 0;
}
IN_A_TASK(stream_queue, works_with_a_queue_of_one_byte, use_one_mark)

/* Three tasks write lines at once through a small queue. */
enum {
	WRITERS = 3,
	LINES = 20,
	LENGTH = 700
};

static struct {
	struct plx_stream s;
	int order[WRITERS * LINES]; /* who began a line */
	int begun;
} lines;

static int
write_lines(void *arg)
{
	int me = (int)(intptr_t)arg;
	char line[LENGTH];

	memset(line, 'a' + me, sizeof(line));
	for (int i = 0; i < LINES; i++) {
		lines.order[lines.begun++] = me;
		if (plx_stream_write(&lines.s, line, LENGTH, PLX_NEVER) !=
		    LENGTH)
			return -EIO;
	}
	return 0;
}

static int
write_in_turns(void *arg)
{
	const char *name = arg;
	char line[LENGTH], same[LENGTH];
	struct plx_stream in;
	ssize_t n;
	int fd[2];

	lines.begun = 0;
	support_unix_pair(fd);
	cr_expect_eq(plx_stream_open(&lines.s, fd[0], &small_marks), 0);
	cr_expect_eq(plx_stream_open(&in, fd[1], NULL), 0);
	stuff(&lines.s);
	for (intptr_t i = 0; i < WRITERS; i++)
		plx_spawn(NULL, write_lines, (void *)i, NULL);
	let_run(10);
	/* The first one's first line went in whole. */
	cr_expect_eq(lines.begun, WRITERS + 1, "%s: %d", name, lines.begun);
	cr_expect_eq(plx_stream_queued(&lines.s), 1000, "%s", name);
	while ((n = plx_stream_fill(&in, 1, PLX_NEVER)) > 0) {
		plx_stream_readexactly(&in, line, 1, PLX_NEVER);
		if (line[0] >= 'a')
			break;
	}
	for (int i = 0; i < WRITERS * LINES; i++) {
		n = plx_stream_readexactly(&in, line + (i == 0),
					   LENGTH - (i == 0), PLX_NEVER);
		memset(same, 'a' + lines.order[i], LENGTH);
		cr_expect(n > 0 && memcmp(line, same, LENGTH) == 0,
			  "%s: line %d is torn or out of turn", name, i);
	}
	cr_expect_eq(plx_stream_close(&lines.s, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_stream_read(&in, line, 1, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_stream_close(&in, PLX_NEVER), 0, "%s", name);
	return 0;
}
ON_BACKENDS(stream_queue, each_writes_in_its_turn, write_in_turns)

/* A write that gives up has taken what it says, no more. */
static int
give_up(void *arg)
{
	const char *name = arg;
	char block[3000];
	struct call c = {.data = block, .n = 1500, .deadline = PLX_NEVER};
	struct plx_stream s;
	size_t stuffed, written = 1;
	plx_task *t;
	int peer;

	memset(block, 'x', sizeof(block));
	open_unix(&s, &peer, &small_marks);
	stuffed = stuff(&s);
	c.s = &s;
	c.fn = call_write;
	t = begin_call(&c);
	let_run(5);
	plx_cancel(t);
	cr_expect_eq(end_call(&c, t), 1000, "%s: %zd", name, c.result);
	t = begin_call(&c);
	let_run(5);
	plx_cancel(t);
	cr_expect_eq(end_call(&c, t), -ECANCELED, "%s: %zd", name, c.result);
	cr_expect_eq(plx_stream_write_all(&s, block, 10, &written, 0),
		     -ETIMEDOUT, "%s", name);
	cr_expect_eq(written, 0, "%s: %zu", name, written);
	cr_expect_eq(plx_stream_flush(&s, 0), -ETIMEDOUT, "%s", name);
	skip(peer, stuffed);
	cr_expect_eq(plx_stream_write_all(&s, block, 10, &written, PLX_NEVER),
		     0, "%s", name);
	cr_expect_eq(written, 10, "%s: %zu", name, written);
	cr_expect_eq(plx_stream_flush(&s, PLX_NEVER), 0, "%s", name);
	skip(peer, 1010);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	cr_expect(at_end(peer), "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_queue, that_gives_up_says_what_it_took, give_up)

/* One in line gives up; the one behind it is served. */
static int
leave_the_line(void *arg)
{
	struct call c[3] = {{.data = "aaaaaaaaaa"},
			    {.data = "bbbbbbbbbb"},
			    {.data = "cccccccccc"}};
	const struct plx_stream_options marks = {.high_water = 5};
	struct plx_stream s;
	plx_task *t[3];
	size_t stuffed;
	int i, peer;

	(void)arg;
	open_unix(&s, &peer, &marks);
	stuffed = stuff(&s);
	for (i = 0; i < 3; i++) {
		c[i].s = &s;
		c[i].fn = call_write;
		c[i].n = 10;
		c[i].deadline = PLX_NEVER;
		t[i] = begin_call(&c[i]);
	}
	let_run(5);
	plx_cancel(t[1]);
	cr_expect_eq(end_call(&c[1], t[1]), -ECANCELED);
	skip(peer, stuffed);
	cr_expect_eq(end_call(&c[0], t[0]), 10);
	cr_expect_eq(end_call(&c[2], t[2]), 10);
	cr_expect_eq(plx_stream_flush(&s, PLX_NEVER), 0);
	cr_expect(heard(peer, "aaaaaaaaaacccccccccc"));
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0);
	close(peer);
	return 0;
}
IN_A_TASK(stream_queue, one_in_line_may_leave_it, leave_the_line)
