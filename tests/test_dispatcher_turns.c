/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dispatcher_turns.c: when predicates are asked, and that a listener
 * which cannot accept does not spin.
 */
#include <config.h>

#include <stdlib.h>
#include "dispatcher_fixture.h"

enum {
	MANY = 200,
	TURNS = 50,
};

LOOPS(dispatcher_turns, ask_idle_channels_nothing)
{
	struct fixture f;
	struct channel *c = calloc(MANY, sizeof(*c));
	int *peer = calloc(MANY, sizeof(*peer));

	begin_map(&f, p);
	for (int i = 0; i < MANY; i++)
		peer[i] = adopt(&f, &c[i], 'c', &every);
	turn(&f);
	for (int i = 0; i < MANY; i++)
		CHECK(&f, c[i].asked == 1);
	for (int i = 0; i < TURNS; i++) {
		say(&f, peer[7], "x");
		turn(&f);
		f.length = 0;
	}
	for (int i = 0; i < MANY; i++)
		CHECK(&f, c[i].asked == (i == 7 ? TURNS : 1));
	turns(&f, 3);
	CHECK(&f, c[7].asked == TURNS + 1);
	plx_dispatcher_close_all(&map);
	for (int i = 0; i < MANY; i++)
		close(peer[i]);
	free(peer);
	free(c);
	end_map(&f);
}

LOOPS(dispatcher_turns, ask_once_whatever_has_changed)
{
	struct fixture f;
	struct channel c, d;
	int peer[2];

	begin_map(&f, p);
	peer[0] = adopt(&f, &c, 'c', &every);
	peer[1] = adopt(&f, &d, 'd', &every);
	turn(&f);
	CHECK(&f, c.asked == 1 && d.asked == 1);
	for (int i = 0; i < 5; i++)
		plx_dispatcher_changed(i & 1 ? &d.d : &c.d);
	CHECK(&f, c.asked == 1 && d.asked == 1);
	turns(&f, 4);
	CHECK(&f, c.asked == 2 && d.asked == 2);
	plx_dispatcher_close(&c.d);
	plx_dispatcher_close(&d.d);
	close(peer[0]);
	close(peer[1]);
	end_map(&f);
}

/* A predicate that says to be changed each time it is asked. */
static int
never_settled(struct plx_dispatcher *d)
{
	channel_of(d)->asked++;
	plx_dispatcher_changed(d);
	return 1;
}

LOOPS(dispatcher_turns, ask_a_predicate_that_changes_itself_once_each)
{
	static const struct plx_dispatcher_ops restless = {
		.readable = never_settled,
		.handle_read = handle_read,
	};
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &restless);
	turns(&f, 10);
	CHECK(&f, c.asked == 10);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_turns, sleep_while_nothing_happens)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	turn(&f);
	IS(&f, plx_loop_run_once(f.loop, support_sys.now + PLX_SECOND), 0);
	/* It slept all the second. */
	CHECK(&f, support_sys.now == 101 * PLX_SECOND);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

/* Lets the other one read, or not. */
static int
open_other(struct channel *c, char kind)
{
	if (kind == 'r') {
		c->other->wants ^= PLX_READ;
		plx_dispatcher_changed(&c->other->d);
	}
	return plain(c, kind);
}

LOOPS(dispatcher_turns, heed_what_another_handler_has_changed)
{
	struct fixture f;
	struct channel c, gate;
	int peer, key;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	key = adopt(&f, &gate, 'g', &every);
	gate.other = &c;
	gate.then = open_other;
	c.wants = 0;
	say(&f, peer, "x");
	turns(&f, 3);
	LOGGED(&f, "");
	say(&f, key, "x");
	turns(&f, 3);
	LOGGED(&f, "grcr");
	say(&f, key, "x");
	turn(&f);
	LOGGED(&f, "gr");
	say(&f, peer, "x");
	turns(&f, 3);
	LOGGED(&f, "");
	plx_dispatcher_close_all(&map);
	LOGGED(&f, "czgz");
	close(peer);
	close(key);
	end_map(&f);
}

/* An accept that answers REFUSAL, counted. */
static int refusal, refusals;

static int
refuse(const struct plx_sys *sys, int fd, struct sockaddr *sa, socklen_t *len)
{
	if (!refusal)
		return plx__sys_real.accept(sys, fd, sa, len);
	refusals++;
	return refusal;
}

static int
take_all(struct channel *c, char kind)
{
	int fd, r;

	while (kind == 'a' && (r = plx_dispatcher_accept(&c->d, &fd, NULL))) {
		if (r < 0)
			return r;
		close(fd);
	}
	return plain(c, kind);
}

static void
lift(void *arg)
{
	(void)arg;
	refusal = 0;
}

/* Without ERR a client is accepted two seconds from now: until then its
   listener must not have been tried too often. */
static void
check_rest(struct fixture *f, int err)
{
	struct plx_call call = {.place = 0};
	struct plx_loop_stats before;
	struct channel l;
	struct plx_address at;
	int client;

	listen_at(f, &l, 'l', &at);
	l.then = take_all;
	support_sys.sys.accept = refuse;
	refusal = err;
	refusals = 0;
	client = connect_plainly(f, &at);
	before = stats_of(f);
	IS(f,
	   plx_loop_call_at(f->loop, &call, support_sys.now + 2 * PLX_SECOND,
			    lift, NULL),
	   0);
	IS(f, plx_dispatcher_loop(&map, -1, support_sys.now + 3 * PLX_SECOND),
	   -ETIMEDOUT);
	cr_assert(refusals >= 15 && refusals <= 21, "%s: tried %d times",
		  f->name, refusals);
	CHECK(f, stats_of(f).turns - before.turns < 70);
	CHECK(f, plx_dispatcher_error(&l.d) == 0);
	CHECK(f, f->length == 2 * (size_t)(refusals + 1));
	plx_dispatcher_close(&l.d);
	close(client);
	f->length = 0;
}

LOOPS(dispatcher_turns, let_a_listener_rest_that_cannot_accept)
{
	static const int shortages[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
	struct fixture f;

	begin_map(&f, p);
	for (int i = 0; i < 4; i++)
		check_rest(&f, -shortages[i]);
	end_map(&f);
}

LOOPS(dispatcher_turns, pass_over_a_connection_that_has_gone)
{
	struct fixture f;
	struct channel l;
	struct plx_address at;
	int client, fd;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	client = connect_plainly(&f, &at);
	support_sys.fails = SUPPORT_ACCEPT;
	support_sys.fail_at = 1;
	support_sys.fail_with = ECONNABORTED;
	IS(&f, plx_dispatcher_accept(&l.d, &fd, NULL), 0);
	IS(&f, plx_dispatcher_error(&l.d), -ECONNABORTED);
	turn(&f);
	LOGGED(&f, "la");
	IS(&f, plx_dispatcher_accept(&l.d, &fd, NULL), 1);
	IS(&f, plx_dispatcher_error(&l.d), 0);
	close(fd);
	close(client);
	plx_dispatcher_close(&l.d);
	end_map(&f);
}

LOOPS(dispatcher_turns, close_a_listener_that_cannot_listen_any_more)
{
	struct fixture f;
	struct channel l;
	struct plx_address at;
	int client;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	l.then = take_all;
	client = connect_plainly(&f, &at);
	support_sys.fails = SUPPORT_ACCEPT;
	support_sys.fail_at = 1;
	support_sys.fail_with = EINVAL;
	turns(&f, 2);
	LOGGED(&f, "lalelz");
	CHECK(&f, l.why == -EINVAL);
	close(client);
	end_map(&f);
}

/* plx_loop_call_at has no memory; the listener goes on at once. */
LOOPS(dispatcher_turns, go_on_when_there_is_no_memory_to_rest)
{
	struct fixture f;
	struct channel l;
	struct plx_address at;
	int client, fd;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	client = connect_plainly(&f, &at);
	support_sys.fails = SUPPORT_ACCEPT | SUPPORT_RESIZE;
	support_sys.sys.accept = refuse;
	refusal = -ENOMEM;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	IS(&f, plx_dispatcher_accept(&l.d, &fd, NULL), 0);
	refusal = 0;
	turn(&f);
	LOGGED(&f, "la");
	IS(&f, plx_dispatcher_accept(&l.d, &fd, NULL), 1);
	close(fd);
	close(client);
	plx_dispatcher_close(&l.d);
	end_map(&f);
}
