/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue_quirks.c: the bent table; see the header.
 */
#include <config.h>
#include <string.h>
#include "kqueue_quirks.h"

struct quirks quirks;

static int
is_refused(const struct kevent *k)
{
	return quirks.refuse && k->flags & EV_ADD &&
	       (!quirks.filter || k->filter == quirks.filter);
}

/* One change with its receipt. */
static void
change(int kq, const struct kevent *in, struct kevent *receipt)
{
	const struct timespec zero = {0};
	struct kevent bent = *in;

	if (quirks.sleepy && !(in->flags & EV_ADD)) {
		bent.flags &= (unsigned short)~EV_ENABLE;
	}
	if (is_refused(in)) {
		*receipt = *in;
		receipt->flags = EV_ERROR;
		receipt->data = quirks.refuse;
	} else {
		plx__sys_real.kevent(&plx__sys_real, kq, &bent, 1, receipt, 1,
				     &zero);
	}
	if (in->flags & EV_DELETE && quirks.delete) {
		receipt->data = quirks.delete;
	}
	if (quirks.or_error) {
		receipt->flags |= in->flags;
	}
}

static int
bent_wait(int kq, struct kevent *out, int nout, const struct timespec *timeout)
{
	int n = quirks.lines;

	quirks.for_ever = !timeout;
	if (timeout) {
		quirks.timeout = *timeout;
	}
	if (n) {
		memcpy(out, quirks.script, (size_t)n * sizeof(*out));
		quirks.lines = 0;
		return n;
	}
	n = plx__sys_real.kevent(&plx__sys_real, kq, NULL, 0, out, nout,
				 timeout);
	for (int i = 0; i < n && quirks.echo; i++) {
		out[i].flags |= EV_ADD | EV_ENABLE | EV_DISABLE;
	}
	return n;
}

static int
bent_kevent(const struct plx_sys *sys, int kq, const struct kevent *in, int nin,
	    struct kevent *out, int nout, const struct timespec *timeout)
{
	(void)sys;
	quirks.calls++;
	if (nin == 0) {
		return bent_wait(kq, out, nout, timeout);
	}
	if (quirks.fail) {
		return -quirks.fail;
	}
	cr_assert_eq(nin, nout, "room for every receipt");
	cr_assert(timeout && !timeout->tv_sec && !timeout->tv_nsec);
	for (int i = 0; i < nin; i++) {
		cr_assert(in[i].flags & EV_RECEIPT);
		change(kq, &in[i], &out[i]);
	}
	return quirks.uncounted ? 0 : nin;
}

static pid_t
bent_getpid(const struct plx_sys *sys)
{
	(void)sys;
	return quirks.pid ? quirks.pid : getpid();
}

struct bent
bent_begin(void)
{
	struct bent b = {.mark = support_begin(NULL)};

	quirks = (struct quirks){0};
	support_sys.sys.kevent = bent_kevent;
	support_sys.sys.getpid = bent_getpid;
	cr_assert_eq(plx__backend_kqueue.open(&support_sys.sys, &b.state), 0);
	return b;
}

void
bent_end(struct bent *b)
{
	plx__backend_kqueue.close(b->state);
	support_end(b->mark, NULL);
}

int
bent_set(struct bent *b, int fd, unsigned old, unsigned new)
{
	return plx__backend_kqueue.set(b->state, fd, old, new,
				       plx__token(1, fd));
}

unsigned
bent_look(struct bent *b, int fd)
{
	struct plx_backend_event out[4];
	int n = plx__backend_kqueue.wait(b->state, out, 4, 0);

	cr_assert(n >= 0 && n <= 1, "%d entries", n);
	if (n == 0) {
		return 0;
	}
	cr_assert_eq(out[0].token, plx__token(1, fd));
	return out[0].events;
}

int
bent_has_knote(struct bent *b, int fd, int filter)
{
	int kq = plx__backend_kqueue.fileno(b->state);
	struct kevent k;

	EV_SET(&k, fd, filter, EV_DELETE, 0, 0, NULL);
	return kevent(kq, &k, 1, NULL, 0, NULL) == 0;
}
