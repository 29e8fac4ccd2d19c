/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * differential_compare.c: what every selector must say, by poll(2).
 *
 * Each must say what poll(2) says about the registered descriptors, folded by
 * the contract: an error or a hang-up is every direction that was asked for.
 * Some of the kernel's work is done by others (terminals, TCP timers), so a
 * difference counts only when it lasts.
 *
 * Two differences are allowed.  select(2) does not show as writable what
 * poll(2) reports as POLLHUP with neither POLLOUT nor POLLERR: a full Unix
 * socket that is shut down both ways, and the reading end of a pipe.  And
 * kqueue calls a socket writable that was shut down for writing (a write fails
 * at once), which Linux does for TCP but not for a full Unix socket.
 */
#include <config.h>

#include "differential.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 2000

void
differential_log(struct world *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(w->log[w->ops++ % LOG_LINES], sizeof(w->log[0]), format,
		  args);
	va_end(args);
}

void
differential_fail(const struct world *w, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (int i = 0; i < LOG_LINES; i++) {
		const char *line = w->log[(w->ops + i) % LOG_LINES];

		if (line[0]) {
			fprintf(stderr, "  %s\n", line);
		}
	}
	cr_assert_fail("PLX_SEED=%llu PLX_OPS=%d: %s",
		       (unsigned long long)w->seed, RUN_LENGTH, text);
}

static unsigned
fold(short revents, unsigned asked)
{
	unsigned ready = 0;

	if (revents & POLLIN) {
		ready |= PLX_READ;
	}
	if (revents & POLLOUT) {
		ready |= PLX_WRITE;
	}
	if (revents & (POLLERR | POLLHUP)) {
		ready |= BOTH;
	}
	return ready & asked;
}

int
differential_ask(const struct world *w, struct differential_verdict *out)
{
	struct pollfd fds[ENDS];
	int n = 0, found;

	for (int i = 0; i < ENDS; i++) {
		const struct differential_end *end =
			&w->pairs[i / 2].end[i % 2];

		if (end->fd >= 0 && end->mask) {
			short asked = 0;

			asked |= end->mask & PLX_READ ? POLLIN : 0;
			asked |= end->mask & PLX_WRITE ? POLLOUT : 0;
			fds[n] = (struct pollfd){end->fd, asked, 0};
			out[n++].end = end;
		}
	}
	/* A timer's signal ends even a poll that does not wait. */
	while ((found = poll(fds, (nfds_t)n, 0)) < 0 && errno == EINTR)
		;
	cr_assert_geq(found, 0);
	for (int i = 0; i < n; i++) {
		out[i].revents = fds[i].revents;
		out[i].want = fold(fds[i].revents, out[i].end->mask);
	}
	return n;
}

static int
is_beyond_select(const char *name, const struct differential_verdict *v,
		 unsigned got)
{
	return strcmp(name, "select") == 0 && v->revents & POLLHUP &&
	       !(v->revents & (POLLOUT | POLLERR)) &&
	       got == (v->want & ~PLX_WRITE);
}

static int
is_kqueues_way(const char *name, const struct differential_verdict *v,
	       unsigned got)
{
	return strcmp(name, "kqueue") == 0 && v->end->shut &&
	       got == (v->want | (v->end->mask & PLX_WRITE));
}

/* The directions of END among the GOT entries of selector I. */
static unsigned
find(struct world *w, int i, const struct plx_ready *ready, int got,
     const struct differential_end *end)
{
	for (int k = 0; k < got; k++) {
		if (ready[k].fd == end->fd) {
			if (ready[k].data != end->data) {
				differential_fail(w, "%s: old data for %d",
						  w->selectors[i].name,
						  end->fd);
			}
			return ready[k].events & BOTH;
		}
	}
	return 0;
}

/* A descriptor among the GOT that is in none of the N verdicts, or -1. */
static int
find_stranger(const struct plx_ready *ready, int got,
	      const struct differential_verdict *v, int n)
{
	for (int k = 0; k < got; k++) {
		int j = 0;

		while (j < n && v[j].end->fd != ready[k].fd) {
			j++;
		}
		if (j == n) {
			return ready[k].fd;
		}
	}
	return -1;
}

int
differential_select(const struct world *w, int i, struct plx_ready *ready,
		    int cap)
{
	int got;

	do
		got = plx_selector_select(w->selectors[i].s, ready, cap, 0);
	while (got == -EINTR);
	return got;
}

/* Asks selector I; whether it agrees with the N verdicts, else why not. */
static int
agrees(struct world *w, int i, const struct differential_verdict *v, int n,
       char why[160])
{
	const char *name = w->selectors[i].name;
	struct plx_ready ready[2 * ENDS];
	int got = differential_select(w, i, ready, 2 * ENDS);

	if (got < 0) {
		differential_fail(w, "%s: select answers %d", name, got);
	}
	for (int j = 0; j < n; j++) {
		unsigned events = find(w, i, ready, got, v[j].end);

		if (events != v[j].want &&
		    !is_beyond_select(name, &v[j], events) &&
		    !is_kqueues_way(name, &v[j], events)) {
			snprintf(why, 160,
				 "%s: %d is %u, poll says %u (revents %#x)",
				 name, v[j].end->fd, events, v[j].want,
				 (unsigned)v[j].revents);
			return 0;
		}
	}
	n = find_stranger(ready, got, v, n);
	snprintf(why, 160, "%s: reports %d, which is nobody's", name, n);
	return n < 0;
}

void
differential_compare(struct world *w)
{
	struct differential_verdict verdicts[ENDS];
	char why[160];

	for (int tries = 0; tries < PATIENCE_MS; tries++) {
		int agreed = 1;
		int n = differential_ask(w, verdicts);

		for (int i = 0; i < w->count && agreed; i++) {
			agreed = agrees(w, i, verdicts, n, why);
		}
		if (agreed) {
			return;
		}
		if (tries > 2) {
			usleep(1000);
		}
	}
	differential_fail(w, "%s", why);
}

void
differential_open(struct world *w)
{
	struct plx_backend_info info[SELECTORS];
	int n = plx_backend_list(info, SELECTORS);

	for (int i = 0; i < ENDS; i++)
		w->pairs[i / 2].end[i % 2].fd = -1;
	w->count = 0;
	for (int i = 0; i < n && i < SELECTORS; i++) {
		if (info[i].usable) {
			memcpy(w->selectors[w->count].name, info[i].name,
			       sizeof(info[i].name));
			cr_assert_eq(
				plx_selector_open(info[i].name,
						  &w->selectors[w->count++].s),
				0, "%s", info[i].name);
		}
	}
}

void
differential_close(struct world *w)
{
	differential_tear_down(w);
	differential_compare(w);
	for (int i = 0; i < w->count; i++)
		plx_selector_close(&w->selectors[i].s);
}
