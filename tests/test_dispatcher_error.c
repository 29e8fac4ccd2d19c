/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dispatcher_error.c: who is told of an error, and what then becomes of
 * the channel.
 */
#include <config.h>

#include "dispatcher_fixture.h"

static int
fail_to_read(struct channel *c, char kind)
{
	return kind == 'r' ? -EPROTO : plain(c, kind);
}

/* handle_error is not defined: the default closes. */
LOOPS(dispatcher_error, closes_by_default)
{
	static const struct plx_dispatcher_ops terse = {
		.handle_read = handle_read,
		.handle_close = handle_close,
	};
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &terse);
	c.then = fail_to_read;
	say(&f, peer, "x");
	turns(&f, 2);
	LOGGED(&f, "crcz");
	CHECK(&f, c.why == -EPROTO);
	close(peer);
	end_map(&f);
}

static int
forgive(struct channel *c, char kind)
{
	char buf[16];

	if (kind == 'r' && plx_dispatcher_recv(&c->d, buf, sizeof(buf)) > 0)
		return -EPROTO;
	return 0;
}

LOOPS(dispatcher_error, that_is_dealt_with_does_not_close)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	c.then = forgive;
	for (int i = 0; i < 3; i++) {
		say(&f, peer, "x");
		turn(&f);
		LOGGED(&f, "crce");
	}
	turn(&f);
	LOGGED(&f, "");
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

static int
fail_when_asked(struct plx_dispatcher *d)
{
	(void)d;
	return -EPROTO;
}

LOOPS(dispatcher_error, comes_of_a_failing_predicate)
{
	static const struct plx_dispatcher_ops failing = {
		.readable = fail_when_asked,
		.handle_read = handle_read,
		.handle_error = handle_error,
		.handle_close = handle_close,
	};
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &failing);
	turns(&f, 2);
	LOGGED(&f, "cecz");
	CHECK(&f, c.why == -EPROTO);
	close(peer);
	end_map(&f);
}

/* The loop itself cannot watch it: an error of the channel. */
LOOPS(dispatcher_error, comes_of_a_socket_that_cannot_be_watched)
{
	struct fixture f;
	struct channel c, b;
	int peer, other;

	if (strcmp(p->name, "epoll") != 0 && strcmp(p->name, "kqueue") != 0)
		cr_skip_test("%s asks the system nothing", p->name);
	begin_map(&f, p);
	other = adopt(&f, &b, 'b', &every);
	turn(&f);
	peer = adopt(&f, &c, 'c', &every);
	support_sys.fails = SUPPORT_CHANGE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOSPC;
	turn(&f);
	LOGGED(&f, "cecz");
	CHECK(&f, c.why == -ENOSPC);
	say(&f, other, "x");
	turn(&f);
	LOGGED(&f, "br");
	plx_dispatcher_close(&b.d);
	close(peer);
	close(other);
	end_map(&f);
}

static int
shrug(struct channel *c, char kind)
{
	return kind == 'e' ? 0 : plain(c, kind);
}

/* Its handler of errors is one of those after which it is looked at again. */
LOOPS(dispatcher_error, of_a_watch_that_is_dealt_with_leaves_nobody_deaf)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	c.then = shrug;
	turn(&f);
	plx_loop_forget(f.loop, plx_dispatcher_fd(&c.d), -EIO);
	LOGGED(&f, "ce");
	CHECK(&f, c.error == -EIO);
	say(&f, peer, "x");
	turns(&f, 2);
	LOGGED(&f, "cr");
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}
