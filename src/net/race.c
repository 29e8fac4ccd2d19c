/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * race.c: several addresses of one peer, and the first that connects.
 *
 * The way of RFC 8305: the order of the resolver, but with the families in
 * turns, and a new attempt when one fails or the last one takes long.  Each
 * attempt is a task of a nursery that ends with the first result; the opener
 * deals the addresses out.  A descriptor is at any time in one place: with
 * its attempt, as that task's result, or, when it is late, with the nursery's
 * discard, which closes it.
 *
 * Nothing is allocated but by the nursery: a cursor for each family walks the
 * resolver's list.  An attempt takes its address as it begins, for by the
 * time it runs the opener may have gone on.
 */
#include <config.h>
#include <errno.h>
#include <netdb.h>
#include <pollux/io.h>
#include <pollux/scope.h>
#include <pollux/sync.h>
#include <pollux/task.h>
#include "connect_int.h"
#include "loop_seam.h"
#include "sys.h"

#define ATTEMPT_DELAY (250 * PLX_MILLISECOND)

struct race {
	const struct plx_connect_options *options;
	const struct addrinfo *like;   /* next of the first one's family */
	const struct addrinfo *unlike; /* next of another */
	int family;		       /* of the first one */
	int turn;		       /* 1: of UNLIKE */
	int left;		       /* attempts that are still to be made */
	int64_t deadline;
	struct plx_event failed; /* an attempt has, since it was cleared */
	int error;		 /* the most telling until now */
	int cancelled;		 /* an attempt was, or the opener */
};

/* From AI on, the first that may be tried and is, or is not, of FAMILY. */
static const struct addrinfo *
seek(const struct race *r, const struct addrinfo *ai, int same)
{
	while (ai && (!plx__connect_wants(r->options, ai->ai_family) ||
		      (ai->ai_family == r->family) != same))
		ai = ai->ai_next;
	return ai;
}

static void
line_up(struct race *r, const struct addrinfo *list)
{
	const struct addrinfo *ai;

	for (ai = list; ai; ai = ai->ai_next) {
		if (!plx__connect_wants(r->options, ai->ai_family))
			continue;
		if (r->left++ == 0)
			r->family = ai->ai_family;
	}
	r->like = seek(r, list, 1);
	r->unlike = seek(r, list, 0);
}

static const struct addrinfo *
next_up(struct race *r)
{
	const struct addrinfo *ai;

	if (r->like && !(r->turn && r->unlike)) {
		ai = r->like;
		r->like = seek(r, ai->ai_next, 1);
		r->turn = 1;
	} else {
		ai = r->unlike;
		r->unlike = seek(r, ai->ai_next, 0);
		r->turn = 0;
	}
	return ai;
}

/* How much an error tells: of two alike the first one counts. */
static int
weight(int error)
{
	switch (error) {
	case 0:
		return 0;
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -EAFNOSUPPORT:
	case -EADDRNOTAVAIL:
		return 1;
	case -ETIMEDOUT:
		return 3;
	default:
		return 2;
	}
}

static void
note_failure(struct race *r, int error)
{
	if (error == -ECANCELED)
		r->cancelled = 1;
	else if (weight(error) > weight(r->error))
		r->error = error;
	plx_event_set(&r->failed);
}

/* What it failed with is noted, so that the nursery knows only of errors of
   its own. */
static int
attempt(void *arg)
{
	struct race *r = arg;
	const struct addrinfo *ai = next_up(r);
	int fd = plx__connect_one(ai->ai_addr, ai->ai_addrlen, r->options,
				  r->deadline);

	if (fd >= 0)
		return fd;
	note_failure(r, fd);
	return -ECANCELED;
}

static void
close_late(int fd, void *arg)
{
	(void)arg;
	plx_close(fd);
}

/* When the next attempt is due, if the last one begins NOW. */
static int64_t
next_start(const struct race *r, int64_t now)
{
	int64_t delay = r->options->attempt_delay;

	if (delay == 0)
		delay = ATTEMPT_DELAY;
	if (delay > INT64_MAX - now)
		return r->deadline;
	if (r->deadline >= 0 && r->deadline < now + delay)
		return r->deadline;
	return now + delay;
}

/* Starts an attempt and waits until the next one is due: 0, or why there
   shall be none.  Attempts that end at the deadline look like a failure, so
   the clock is asked. */
static int
deal_one(struct race *r, plx_nursery *n)
{
	const struct plx_sys *sys = plx__loop_sys(plx_self_loop());
	int64_t now = sys->now(sys), until = next_start(r, now);
	int e;

	if (r->deadline >= 0 && r->deadline <= now)
		return -ETIMEDOUT;
	plx_event_clear(&r->failed);
	e = plx_spawn(n, attempt, r, NULL);
	if (e < 0)
		return e;
	e = plx_event_wait(&r->failed, until);
	return e == -ETIMEDOUT && until != r->deadline ? 0 : e;
}

/* Until there is no address left, the deadline has passed, or the wait is
   cancelled, by a winner or from outside. */
static void
deal_out(struct race *r, plx_nursery *n)
{
	int e = 0;

	while (e == 0 && r->left-- > 0)
		e = deal_one(r, n);
	if (e < 0)
		note_failure(r, e);
}

int
plx__connect_race(const struct addrinfo *list,
		  const struct plx_connect_options *o, int64_t deadline)
{
	const struct plx_nursery_options options = {
		.policy = PLX_FIRST_RESULT,
		.discard = close_late,
	};
	struct race r = {.options = o, .deadline = deadline};
	plx_nursery *n;
	int fd;

	line_up(&r, list);
	if (r.left == 0)
		return -EADDRNOTAVAIL;
	fd = plx_nursery_open(&options, &n);
	if (fd < 0)
		return fd;
	deal_out(&r, n);
	fd = plx_nursery_close(&n, -ECANCELED);
	if (fd != -ECANCELED)
		return fd;
	return r.cancelled ? -ECANCELED : r.error;
}
