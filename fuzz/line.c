/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c: echod's line mode under input, without a network, as in
 * tests/test_line.c.
 *
 * The input says how long the prefix and the longest line are, in which pieces
 * its bytes arrive, when the client takes no more and when the wait for it
 * fails.  The answer is known beforehand: each line behind the prefix, up to
 * one that is too long.
 */
#include <config.h>

#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "connection.h"

enum {
	PREFIX = 4096,
	ROOM = 4 << 20
};

static struct world {
	struct fuzz input; /* choices, and then the text */
	size_t put;
	int failed;
} w;

static char answer[ROOM], text[ROOM];
static size_t answer_length, text_length, text_at;

ssize_t
connection_receive(struct connection *c)
{
	size_t n = 1 + fuzz_below(&w.input, 256);

	if (n > 250)
		n = BUFFER_SIZE;
	if (n > text_length - text_at)
		n = text_length - text_at;
	memcpy(c->worker->in, text + text_at, n);
	text_at += n;
	return (ssize_t)n;
}

int
connection_put(struct connection *c, const char *data, size_t n)
{
	(void)c;
	FUZZ_SO(n <= BUFFER_SIZE && n <= answer_length - w.put);
	FUZZ_SO(memcmp(answer + w.put, data, n) == 0);
	w.put += n;
	return 0;
}

int
connection_is_full(const struct connection *c)
{
	(void)c;
	return fuzz_chance(&w.input, 4);
}

int
connection_give_way(struct connection *c)
{
	memset(c->worker->in, 'X', 2 * BUFFER_SIZE);
	w.failed = fuzz_chance(&w.input, 32);
	return w.failed ? -ETIMEDOUT : 0;
}

/* Adds a line of N bytes behind the prefix. */
static void
expect(const struct options *o, const char *line, size_t n)
{
	memcpy(answer + answer_length, o->prefix, o->prefix_length);
	answer_length += o->prefix_length;
	memcpy(answer + answer_length, line, n);
	answer_length += n;
}

/* Makes the answer to the whole text: what line_serve is to return. */
static int
foresee(const struct options *o)
{
	size_t at = 0, n;
	const char *end;

	answer_length = 0;
	while (at < text_length) {
		end = memchr(text + at, '\n', text_length - at);
		n = end ? (size_t)(end - text) - at : text_length - at;
		if (n > o->max_line)
			return -EMSGSIZE;
		expect(o, text + at, n + (end != NULL));
		at += n + (end != NULL);
	}
	return 0;
}

/* What is left of the input, again and again within the room. */
static void
make_text(size_t times, size_t prefix)
{
	size_t n = (size_t)(w.input.end - w.input.at), lines = 1;

	text_length = text_at = 0;
	while (times-- > 0 && text_length + n < ROOM / 4) {
		memcpy(text + text_length, w.input.at, n);
		text_length += n;
	}
	for (size_t i = 0; i < text_length; i++) {
		lines += text[i] == '\n';
		if (text_length + lines * prefix > ROOM - PREFIX)
			text_length = i;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char prefix[PREFIX], buffers[2 * BUFFER_SIZE];
	static const size_t prefixes[] = {0, 1, 7, PREFIX};
	static const size_t longest[] = {1, 5, 255, 256, 300, 1000, 65536};
	struct options o = {.prefix = prefix};
	struct server s = {.options = &o};
	struct worker worker = {
		.server = &s, .in = buffers, .out = buffers + BUFFER_SIZE};
	struct connection c = {.worker = &worker};
	int want, r;

	memset(&w, 0, sizeof(w));
	memset(prefix, 'P', sizeof(prefix));
	w.input = (struct fuzz){data, data + size};
	o.prefix_length = prefixes[fuzz_below(&w.input, 4)];
	o.max_line = longest[fuzz_below(&w.input, 7)];
	make_text(fuzz_chance(&w.input, 16) ? 1000 : 1, o.prefix_length);
	want = foresee(&o);
	r = line_serve(&c);
	free(c.partial);
	if (r == -ETIMEDOUT) {
		FUZZ_SO(w.failed);
		return 0;
	}
	FUZZ_SO(r == want);
	FUZZ_SO(w.put == answer_length);
	return 0;
}
