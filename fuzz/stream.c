/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.c: a stream under input; the peer is a bare descriptor, and what goes
 * either way is an array of bytes.
 *
 * The peer writes, reads and ends between two calls of the stream or, by a call
 * of the loop, while one of them waits.  Each answer is compared with what the
 * arrays say; only when the peer has acted during a wait that timed out is it
 * left open whether that was in time.  In the end all that was taken has come
 * to the peer and all that the peer has sent is there to be read.
 */
#include <config.h>

#include "stream_peer.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <pollux/task.h>

struct stream_world w;

static char scratch[ROOM];

static void
act_later(void *arg)
{
	(void)arg;
	w.acted++;
	peer_act();
}

static void
do_later(void)
{
	int64_t when = plx_loop_now(plx_self_loop()) +
		       fuzz_below(&w.input, 16) * PLX_MILLISECOND;

	plx_loop_cancel(plx_self_loop(), &w.later);
	plx_loop_call_at(plx_self_loop(), &w.later, when, act_later, NULL);
}

/* A wait begins: its deadline, or that of the scope around it. */
static int64_t
begin(struct plx_scope *s)
{
	int64_t deadline = 0;

	w.acted = 0;
	w.scope = 0;
	if (fuzz_chance(&w.input, 2)) {
		deadline = support_sys.now +
			   fuzz_below(&w.input, 20) * PLX_MILLISECOND;
		w.scope = fuzz_chance(&w.input, 4);
	}
	if (!w.scope)
		return deadline;
	FUZZ_SO(plx_scope_enter(s, deadline) == 0);
	return PLX_NEVER;
}

/* R is what it has come to: the same, the scope's own end as a timeout. */
static ssize_t
end(struct plx_scope *s, ssize_t r)
{
	if (!w.scope)
		return r;
	if (r == -ECANCELED)
		return plx_scope_leave(s, -ECANCELED);
	FUZZ_SO(plx_scope_leave(s, 0) == 0);
	return r;
}

/* Whether a wait for input has ended early with R, and may have. */
static int
is_early(ssize_t r)
{
	if (r == -ETIMEDOUT)
		return w.acted || w.scope;
	return (r == -ECONNRESET || r == -EPIPE) && w.broken;
}

/* N bytes of BUF are the next ones. */
static void
take(const char *buf, size_t n)
{
	FUZZ_SO(n <= w.sent - w.got);
	for (size_t i = 0; i < n; i++)
		FUZZ_SO(buf[i] == in_byte(w.got + i));
	w.got += n;
}

static size_t
unread(void)
{
	return w.sent - w.got;
}

static void
do_read(void)
{
	struct plx_scope s;
	size_t n = some_length();
	int64_t deadline = begin(&s);
	ssize_t r = end(&s, plx_stream_read(&w.stream, scratch, n, deadline));

	if (r > 0) {
		FUZZ_SO((size_t)r <= n);
		take(scratch, (size_t)r);
	} else if (r == 0) {
		FUZZ_SO(n == 0 || (w.peer_ended && !unread()));
	} else if (!is_early(r)) {
		FUZZ_SO(r == -ETIMEDOUT && !unread() && !w.peer_ended);
	}
}

static void
do_readexactly(void)
{
	struct plx_scope s;
	size_t n = some_length();
	int64_t deadline = begin(&s);
	ssize_t r = end(
		&s, plx_stream_readexactly(&w.stream, scratch, n, deadline));

	if (r >= 0) {
		FUZZ_SO((size_t)r == n);
		take(scratch, n);
	} else if (!is_early(r)) {
		FUZZ_SO(unread() < n);
		FUZZ_SO(r == (w.peer_ended ? -ENODATA : -ETIMEDOUT));
	}
}

/* How many bytes there are up to END[0..M) and including it; 0: none. */
static size_t
find(const char *what, size_t m)
{
	size_t k;

	for (size_t i = w.got; i + m <= w.sent; i++) {
		for (k = 0; k < m && in_byte(i + k) == what[k]; k++)
			continue;
		if (k == m)
			return i + m - w.got;
	}
	return 0;
}

/* What a search for WHAT within CAP bytes has to say. */
static ssize_t
verdict(const char *what, size_t m, size_t cap, int is_line)
{
	size_t found = find(what, m);

	if (found && found <= cap)
		return (ssize_t)found;
	if (unread() >= cap)
		return -EMSGSIZE;
	if (!w.peer_ended)
		return -ETIMEDOUT;
	return is_line ? (ssize_t)unread() : -ENODATA;
}

/* One search for WHAT, or for a line. */
static void
search(const char *what, int is_line)
{
	size_t m = strlen(what), n = some_length() + m;
	struct plx_scope s;
	int64_t deadline = begin(&s);
	ssize_t r, want;

	if (is_line)
		r = plx_stream_readline(&w.stream, scratch, n, deadline);
	else
		r = plx_stream_readuntil(&w.stream, what, m, scratch, n,
					 deadline);
	r = end(&s, r);
	if (is_early(r))
		return;
	want = verdict(what, m, n < w.limit ? n : w.limit, is_line);
	if (r != want)
		fuzz_fail("until: %zd, not %zd (n %zu, line %d)", r, want, n,
			  is_line);
	if (r > 0)
		take(scratch, (size_t)r);
}

/* Mostly, what comes arrives in crumbs. */
static void
do_search(void)
{
	static const char *const ends[] = {"\n", "\r\n", "cc", "aab", "c\r\na"};
	uint32_t which = fuzz_below(&w.input, 6), more = 0;

	do {
		search(ends[which % 5], which == 5);
		more = fuzz_below(&w.input, 8);
		peer_write(more % 4);
	} while (more > 0 && fuzz_more(&w.input));
}

static void
do_fill(void)
{
	struct plx_scope s;
	size_t n = some_length(), k = some_length(), there;
	int64_t deadline = begin(&s);
	ssize_t r = end(&s, plx_stream_fill(&w.stream, n, deadline));

	if (is_early(r))
		return;
	if (unread() < n && !w.peer_ended) {
		FUZZ_SO(r == -ETIMEDOUT);
		return;
	}
	FUZZ_SO(r >= 0 && (size_t)r <= unread());
	FUZZ_SO((size_t)r >= n || (size_t)r == unread());
	there = plx_buf_length(plx_stream_unread(&w.stream));
	FUZZ_SO(there == (size_t)r);
	k = plx_buf_copy(plx_stream_unread(&w.stream), 0, scratch,
			 k < there ? k : there);
	take(scratch, k);
	plx_stream_consume(&w.stream, k);
}

static void
do_write(void)
{
	struct plx_scope s;
	size_t n = some_length();
	int64_t deadline;
	ssize_t r;

	if (n > ROOM - w.taken)
		return;
	for (size_t i = 0; i < n; i++)
		scratch[i] = out_byte(w.taken + i);
	deadline = begin(&s);
	r = plx_stream_write(&w.stream, scratch, n, deadline);
	r = end(&s, r);
	FUZZ_SO(plx_stream_queued(&w.stream) <= w.high);
	if (r >= 0) {
		FUZZ_SO((size_t)r <= n && (!w.eof || n == 0));
		w.taken += (size_t)r;
	} else {
		FUZZ_SO(r == -ETIMEDOUT || r == -ECANCELED ||
			(r == -EPIPE && (w.eof || w.broken)) ||
			(r == -ECONNRESET && w.broken));
	}
}

static void
do_flush(void)
{
	struct plx_scope s;
	int64_t deadline = begin(&s);
	ssize_t r = end(&s, plx_stream_flush(&w.stream, deadline));

	FUZZ_SO(r == -ETIMEDOUT || r == 0 || w.broken);
	FUZZ_SO(r != 0 || plx_stream_queued(&w.stream) == 0);
}

static void
do_eof(void)
{
	struct plx_scope s;
	int64_t deadline;
	ssize_t r;

	if (!fuzz_chance(&w.input, 8))
		return;
	deadline = begin(&s);
	r = end(&s, plx_stream_write_eof(&w.stream, deadline));
	FUZZ_SO(r == 0 || r == -ETIMEDOUT || w.eof || w.broken);
	w.eof |= r == 0;
}

static void
step(void)
{
	static void (*const steps[])(void) = {
		do_read,  do_readexactly, do_search, do_search,
		do_fill,  do_write,	  do_write,  do_write,
		do_flush, do_eof,	  do_later,  peer_act,
		peer_act, peer_act,	  peer_act,  peer_act,
	};

	steps[fuzz_below(&w.input, 16)]();
}

/* All that the peer has sent is there. */
static void
read_all(void)
{
	ssize_t r;

	while ((r = plx_stream_read(&w.stream, scratch, ROOM, 0)) > 0)
		take(scratch, (size_t)r);
	FUZZ_SO(unread() == 0);
	FUZZ_SO(r == (w.peer_ended ? 0 : -ETIMEDOUT) || w.broken);
}

/* Closes, while the peer reads; all that was taken arrives. */
static int
close_all(void)
{
	int r;

	while (plx_stream_flush(&w.stream, 0) == -ETIMEDOUT)
		FUZZ_SO(arrive(ROOM) > 0);
	r = plx_stream_close(&w.stream, 0);
	FUZZ_SO(r == 0 || w.broken);
	return r;
}

static int
live(void *arg)
{
	static const size_t limits[] = {0, 0, 16, 300};
	static const size_t marks[] = {0, 0, 1, 1000};
	struct plx_stream_options o = {0};
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	o.limit = limits[fuzz_below(&w.input, 4)];
	o.high_water = marks[fuzz_below(&w.input, 4)];
	w.limit = o.limit ? o.limit : 64 << 10;
	w.high = o.high_water ? o.high_water : 64 << 10;
	w.peer = fd[1];
	FUZZ_SO(plx_stream_open(&w.stream, fd[0], &o) == 0);
	while (fuzz_more(&w.input))
		step();
	plx_loop_cancel(plx_self_loop(), &w.later);
	w.acted = 0;
	read_all();
	if (close_all() == 0 && w.peer >= 0) {
		while (w.arrived < w.taken)
			FUZZ_SO(arrive(ROOM) > 0);
		FUZZ_SO(arrive(1) == 0 && w.arrived == w.taken);
	}
	plx_stream_abort(&w.stream);
	if (w.peer >= 0)
		close(w.peer);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct support_mark mark = fuzz_begin();
	const struct plx_run_options o = {.sys = &support_sys.sys,
					  .stack_size = STACK};

	signal(SIGPIPE, SIG_IGN);
	memset(&w, 0, sizeof(w));
	w.input = (struct fuzz){data, data + size};
	FUZZ_SO(plx_run(&o, live, NULL) == 0);
	fuzz_end(mark);
	return 0;
}
