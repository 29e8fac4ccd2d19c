/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rpc.c: the frames of examples/rpc_frame.c; the input is what a client sends.
 *
 * Each frame is taken apart here, too, and its text given to the parser in one
 * piece: the same value, or none, must come out, and the next frame begins
 * where the last one ends.  A value goes back by rpc_send and comes out as it
 * was.
 */
#include <config.h>

#include "fuzz.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "rpc_frame.h"

enum {
	LIMIT = 300,
	LEVELS = 64,
	STACK = 256 << 10
};

static struct {
	const uint8_t *at;
	size_t left;
	int ended; /* the client sends no more */
	struct plx_stream stream, peer;
} w;

/* How deep V is nested. */
static int
depth_of(json_t *v)
{
	int most = 0, depth;
	const char *key;
	json_t *member;
	size_t i;

	json_object_foreach(v, key, member)
	{
		depth = depth_of(member);
		most = depth > most ? depth : most;
	}
	json_array_foreach(v, i, member)
	{
		depth = depth_of(member);
		most = depth > most ? depth : most;
	}
	return most + (json_is_object(v) || json_is_array(v));
}

/* V goes to the peer and comes back. */
static void
send_back(json_t *v)
{
	json_t *got = NULL;

	FUZZ_SO(rpc_send(&w.stream, json_incref(v), 0) == 0);
	FUZZ_SO(rpc_receive(&w.peer, SIZE_MAX, &got, 0) == 1);
	FUZZ_SO(got && json_equal(v, got));
	json_decref(got);
}

/* What rpc_receive is to return for what is left, and the frame's length. */
static int
foresee(size_t *n)
{
	*n = 0;
	if (w.left < 4 && !w.ended)
		return -ETIMEDOUT;
	if (w.left == 0)
		return 0;
	if (w.left < 4)
		return -ENODATA;
	*n = (size_t)w.at[0] << 24 | (size_t)w.at[1] << 16 |
	     (size_t)w.at[2] << 8 | w.at[3];
	if (*n > LIMIT)
		return -EMSGSIZE;
	if (w.left - 4 < *n)
		return w.ended ? -ENODATA : -ETIMEDOUT;
	return 1;
}

/* A frame: 1 when there may be another one. */
static int
receive(void)
{
	json_t *got = NULL, *want;
	size_t n;
	int expected = foresee(&n);
	int r = rpc_receive(&w.stream, LIMIT, &got, 0);

	if (r != expected)
		fuzz_fail("rpc_receive says %d, not %d", r, expected);
	if (r != 1)
		return 0;
	want = json_loadb((const char *)w.at + 4, n, 0, NULL);
	if (want && depth_of(want) > LEVELS) {
		json_decref(want);
		want = NULL;
	}
	FUZZ_SO(want ? json_equal(want, got) : !got);
	if (got)
		send_back(got);
	json_decref(want);
	json_decref(got);
	w.at += 4 + n;
	w.left -= 4 + n;
	return 1;
}

static int
live(void *arg)
{
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	FUZZ_SO(plx_stream_open(&w.stream, fd[0], NULL) == 0);
	FUZZ_SO(plx_stream_open(&w.peer, fd[1], NULL) == 0);
	FUZZ_SO(plx_stream_write(&w.peer, w.at, w.left, 0) == (ssize_t)w.left);
	if (w.ended)
		FUZZ_SO(plx_stream_write_eof(&w.peer, 0) == 0);
	while (receive())
		continue;
	plx_stream_abort(&w.stream);
	plx_stream_abort(&w.peer);
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
	if (size > 0 && size < 1 << 16) {
		w.ended = data[0] % 2;
		w.at = data + 1;
		w.left = size - 1;
		FUZZ_SO(plx_run(&o, live, NULL) == 0);
	}
	fuzz_end(mark);
	return 0;
}
