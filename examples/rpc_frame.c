/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rpc_frame.c: frames of JSON, parsed where they lie in the stream's buffer.
 *
 * The parser calls itself for each level of nesting, and a task's stack is
 * small: the levels are counted on the way in, and too many end it.
 */
#include "rpc_frame.h"
#include <errno.h>
#include <stdlib.h>

#define HEAD 4
#define LEVELS 64

struct feed {
	struct plx_stream *stream;
	size_t left;
	int levels, in_string, escaped;
};

static int
too_deep(struct feed *f, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (f->escaped)
			f->escaped = 0;
		else if (f->in_string && c == '\\')
			f->escaped = 1;
		else if (c == '"')
			f->in_string = !f->in_string;
		else if (!f->in_string && (c == '[' || c == '{'))
			f->levels++;
		else if (!f->in_string && (c == ']' || c == '}'))
			f->levels--;
		if (f->levels > LEVELS)
			return 1;
	}
	return 0;
}

/* Gives the parser the next N bytes, or what is left. */
static size_t
feed(void *to, size_t n, void *arg)
{
	struct feed *f = arg;

	if (n > f->left)
		n = f->left;
	plx_buf_copy(plx_stream_unread(f->stream), 0, to, n);
	plx_stream_consume(f->stream, n);
	f->left -= n;
	return too_deep(f, to, n) ? (size_t)-1 : n;
}

int
rpc_receive(struct plx_stream *s, size_t limit, json_t **out, int64_t deadline)
{
	struct feed f = {.stream = s};
	unsigned char head[HEAD];
	ssize_t n = plx_stream_fill(s, HEAD, deadline);

	if (n < HEAD)
		return n > 0 ? -ENODATA : (int)n;
	plx_buf_copy(plx_stream_unread(s), 0, head, HEAD);
	f.left = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
		 (size_t)head[2] << 8 | head[3];
	if (f.left > limit)
		return -EMSGSIZE;
	n = plx_stream_fill(s, HEAD + f.left, deadline);
	if (n < 0)
		return (int)n;
	if ((size_t)n < HEAD + f.left)
		return -ENODATA;
	plx_stream_consume(s, HEAD);
	*out = json_load_callback(feed, &f, 0, NULL);
	plx_stream_consume(s, f.left);
	return 1;
}

int
rpc_send(struct plx_stream *s, json_t *message, int64_t deadline)
{
	size_t n = message ? json_dumpb(message, NULL, 0, JSON_COMPACT) : 0;
	unsigned char *frame = n ? malloc(HEAD + n) : NULL;
	int r = -ENOMEM;

	if (frame) {
		for (int i = 0; i < HEAD; i++)
			frame[i] = (unsigned char)(n >> (24 - 8 * i));
		json_dumpb(message, (char *)frame + HEAD, n, JSON_COMPACT);
		r = plx_stream_write_all(s, frame, HEAD + n, NULL, deadline);
	}
	free(frame);
	json_decref(message);
	return r;
}
