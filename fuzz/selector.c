/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selector.c: the world of the differential test, moved by the input: every
 * backend must say after each step what poll(2) says.
 *
 * The descriptors are those that cost little and answer at once, so neither TCP
 * nor terminals.  Beside the test's operations there are requests that must be
 * refused, the map of keys, and asking for fewer entries than are ready.
 */
#include <config.h>

#include "fuzz.h"
#include "differential.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fuzz input;

unsigned
differential_random(struct world *w, unsigned n)
{
	(void)w;
	return fuzz_below(&input, n);
}

enum differential_kind
differential_kind(struct world *w)
{
	static const enum differential_kind cheap[] = {KIND_UNIX, KIND_DATAGRAM,
						       KIND_PIPE, KIND_FILE};

	return cheap[differential_random(w, 4)];
}

/* The end that has FD, or NULL. */
static const struct differential_end *
end_of(const struct world *w, int fd)
{
	for (int i = 0; i < ENDS; i++) {
		if (w->pairs[i / 2].end[i % 2].fd == fd)
			return &w->pairs[i / 2].end[i % 2];
	}
	return NULL;
}

/* Checks the keys of S; the stale ones are there until they are noticed. */
static void
walk(const struct world *w, const plx_selector *s)
{
	const struct differential_end *end;
	struct plx_key key;
	int cursor = 0, last = -1, found = 0, want = 0;

	for (int i = 0; i < ENDS; i++)
		want += w->pairs[i / 2].end[i % 2].mask != 0;
	while (plx_selector_next_key(s, &cursor, &key)) {
		FUZZ_SO(key.fd > last);
		last = key.fd;
		end = end_of(w, key.fd);
		if (w->stale[key.fd])
			continue;
		FUZZ_SO(end && end->mask == key.events);
		FUZZ_SO(end->data == key.data);
		found++;
	}
	FUZZ_SO(found == want);
}

static void
do_keys(struct world *w)
{
	differential_log(w, "keys");
	for (int i = 0; i < w->count; i++)
		walk(w, w->selectors[i].s);
}

/* Nothing of it may be done. */
static void
do_misuse(struct world *w)
{
	static const unsigned bad[] = {0, 0x80, 0x80000003, PLX_EOF,
				       PLX_READ | PLX_ERROR};
	const struct differential_end *end =
		&w->pairs[differential_random(w, PAIRS)]
			 .end[differential_random(w, 2)];
	unsigned events = bad[differential_random(w, 5)];
	struct plx_key key;
	int r;

	differential_log(w, "misuse %d for %u", end->fd, events);
	for (int i = 0; i < w->count; i++) {
		plx_selector *s = w->selectors[i].s;

		FUZZ_SO(plx_selector_register(s, end->fd, events, w) < 0);
		FUZZ_SO(plx_selector_modify(s, end->fd, events, w) < 0);
		FUZZ_SO(plx_selector_register(s, -1, PLX_READ, w) == -EBADF);
		FUZZ_SO(plx_selector_modify(s, -1, PLX_READ, w) == -ENOENT);
		FUZZ_SO(plx_selector_unregister(s, NUMBERS - 1) == -ENOENT);
		r = plx_selector_get_key(s, end->fd, &key);
		FUZZ_SO(r == (end->mask ? 0 : -ENOENT));
	}
}

/* How many of the N verdicts say that something is ready. */
static int
count_ready(const struct differential_verdict *v, int n)
{
	int ready = 0;

	for (int i = 0; i < n; i++)
		ready += v[i].want != 0;
	return ready;
}

/* Asks selector I with room for CAP until all that is ready must have had its
   turn: with room for one, what never blocks has every second, what kqueue's
   backend remembers every second of the others. */
static void
ask_few(struct world *w, int i, int cap, const struct differential_verdict *v,
	int n)
{
	char seen[NUMBERS] = {0};
	struct plx_ready ready[4];
	int rounds = 4 * (count_ready(v, n) + 1);

	while (rounds-- > 0) {
		int got = differential_select(w, i, ready, cap);

		FUZZ_SO(got >= 0 && got <= cap);
		for (int k = 0; k < got; k++)
			seen[ready[k].fd] = 1;
	}
	for (int j = 0; j < n; j++) {
		if (v[j].want && !seen[v[j].end->fd] &&
		    !(v[j].want == PLX_WRITE &&
		      strcmp(w->selectors[i].name, "select") == 0))
			differential_fail(w, "%s: %d is starved",
					  w->selectors[i].name, v[j].end->fd);
	}
}

static void
do_few(struct world *w)
{
	struct differential_verdict verdicts[ENDS];
	int cap = 1 + (int)differential_random(w, 4);
	int n = differential_ask(w, verdicts);

	differential_log(w, "few: %d", cap);
	for (int i = 0; i < w->count; i++)
		ask_few(w, i, cap, verdicts, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct support_mark mark = fuzz_begin();
	struct world *w = calloc(1, sizeof(*w));

	FUZZ_SO(w);
	signal(SIGPIPE, SIG_IGN);
	input = (struct fuzz){data, data + size};
	w->wrong_ends = fuzz_chance(&input, 8);
	differential_open(w);
	while (fuzz_more(&input)) {
		switch (fuzz_below(&input, 32)) {
		case 29:
			do_keys(w);
			break;
		case 30:
			do_misuse(w);
			break;
		case 31:
			do_few(w);
			break;
		default:
			differential_step(w);
		}
		differential_compare(w);
	}
	differential_close(w);
	free(w);
	fuzz_end(mark);
	return 0;
}
