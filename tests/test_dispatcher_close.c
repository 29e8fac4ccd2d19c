/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dispatcher_close.c: what handlers may do to dispatchers, their own and
 * others, and what becomes of one whose handler fails.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include "dispatcher_fixture.h"

/* A channel that is about to get a call of one kind, and one beside it. */
struct scene {
	struct fixture f;
	struct channel *c; /* on the heap, for those that free it */
	struct channel beside;
	int peer[3]; /* of the one beside, of C, of what C may become */
};

/* What the handler under test does, and its kind. */
static struct scene *scene;
static char when;
static int (*what)(struct channel *c);

/* 'e' comes from a failing handler before it. */
static int
act(struct channel *c, char kind)
{
	if (kind == when)
		return what(c);
	return when == 'e' ? -EIO : plain(c, kind);
}

static int
do_close(struct channel *c)
{
	plx_dispatcher_close(&c->d);
	return -EPROTO; /* nobody is there to hear it */
}

static int
do_free(struct channel *c)
{
	plx_dispatcher_close(&c->d);
	memset(c, 0xa5, sizeof(*c));
	free(c);
	scene->c = NULL;
	return -EPROTO;
}

/* The same struct, another socket. */
static int
do_reuse(struct channel *c)
{
	plx_dispatcher_close(&c->d);
	scene->peer[2] = adopt(c->f, c, 'n', &every);
	return -EPROTO;
}

static int
do_close_all(struct channel *c)
{
	(void)c;
	plx_dispatcher_close_all(&map);
	return -EPROTO;
}

static int
do_fail(struct channel *c)
{
	(void)c;
	return -EPROTO;
}

static void
break_off(int fd)
{
	struct linger at_once = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* C gets a TCP connection that its peer resets. */
static void
adopt_reset(struct scene *s)
{
	int fd[2];

	support_tcp_pair(fd);
	prepare(&s->f, s->c, 'c', &every);
	IS(&s->f, plx_dispatcher_set_socket(&s->c->d, fd[0]), 0);
	break_off(fd[1]);
}

static void
connect_client(struct scene *s, int listener)
{
	struct plx_address at;

	IS(&s->f, plx_local_address(listener, &at), 0);
	prepare(&s->f, s->c, 'c', &every);
	IS(&s->f, plx_dispatcher_create_socket(&s->c->d, AF_INET, SOCK_STREAM),
	   0);
	IS(&s->f, plx_dispatcher_connect(&s->c->d, &at), 0);
}

/* Has the loop about to call the handler KIND of C. */
static void
provoke(struct scene *s, char kind)
{
	struct plx_address at;
	struct channel l;

	switch (kind) {
	case 'a':
		listen_at(&s->f, s->c, 'c', &at);
		s->peer[1] = connect_plainly(&s->f, &at);
		break;
	case 'c':
		listen_at(&s->f, &l, 'l', &at);
		s->peer[1] = dup(plx_dispatcher_fd(&l.d));
		plx_dispatcher_close(&l.d);
		connect_client(s, s->peer[1]);
		break;
	case 'x':
		adopt_reset(s);
		break;
	default:
		s->peer[1] = adopt(&s->f, s->c, 'c', &every);
		s->c->wants = kind == 'w' ? PLX_WRITE : PLX_READ;
		if (kind == 'z')
			shutdown(s->peer[1], SHUT_WR);
		else
			say(&s->f, s->peer[1], "x");
	}
	s->c->then = act;
}

static void
begin_scene(struct scene *s, const struct backend_param *p, char kind)
{
	begin_map(&s->f, p);
	scene = s;
	when = kind;
	s->c = calloc(1, sizeof(*s->c));
	s->peer[1] = s->peer[2] = -1;
	s->peer[0] = adopt(&s->f, &s->beside, 'b', &every);
	provoke(s, kind);
	turns(&s->f, 3);
}

static void
end_scene(struct scene *s)
{
	for (int i = 0; i < 3; i++) {
		if (s->peer[i] >= 0)
			close(s->peer[i]);
	}
	if (s->c)
		plx_dispatcher_close(&s->c->d);
	plx_dispatcher_close(&s->beside.d);
	free(s->c);
	end_map(&s->f);
}

/* The one beside has noticed nothing. */
static void
check_beside(struct scene *s)
{
	say(&s->f, s->peer[0], "x");
	turn(&s->f);
	LOGGED(&s->f, "br");
}

static const char *
log_until(char kind)
{
	switch (kind) {
	case 'e':
		return "crce";
	case 'z':
		return "crcz";
	case 'x':
		return "cx";
	case 'a':
		return "ca";
	case 'c':
		return "cc";
	case 'w':
		return "cw";
	default:
		return "cr";
	}
}

/* Only KINDS that BACKEND reports. */
static int
is_told(const struct backend_param *p, char kind)
{
	return kind != 'x' || strcmp(p->name, "select") != 0;
}

static const char kinds[] = "rwacxez";

/* After ACTION in the handler KIND nothing more was called. */
static void
check_quiet(const struct backend_param *p, char kind,
	    int (*action)(struct channel *c))
{
	struct scene s;

	what = action;
	if (!is_told(p, kind))
		return;
	begin_scene(&s, p, kind);
	LOGGED(&s.f, log_until(kind));
	CHECK(&s.f, map.count == 1);
	CHECK(&s.f, !s.c || plx_dispatcher_fd(&s.c->d) == -1);
	check_beside(&s);
	end_scene(&s);
}

LOOPS(dispatcher_close, may_happen_in_any_handler)
{
	for (const char *k = kinds; *k; k++)
		check_quiet(p, *k, do_close);
}

LOOPS(dispatcher_close, in_any_handler_may_free_it)
{
	for (const char *k = kinds; *k; k++)
		check_quiet(p, *k, do_free);
}

LOOPS(dispatcher_close, in_any_handler_may_begin_anew)
{
	struct scene s;

	what = do_reuse;
	for (const char *k = kinds; *k; k++) {
		if (!is_told(p, *k))
			continue;
		begin_scene(&s, p, *k);
		LOGGED(&s.f, log_until(*k));
		CHECK(&s.f, map.count == 2);
		say(&s.f, s.peer[2], "x");
		turns(&s.f, 2);
		LOGGED(&s.f, "nr");
		check_beside(&s);
		end_scene(&s);
	}
}

LOOPS(dispatcher_close, of_all_may_happen_in_any_handler)
{
	struct scene s;

	what = do_close_all;
	for (const char *k = kinds; *k; k++) {
		if (!is_told(p, *k))
			continue;
		begin_scene(&s, p, *k);
		CHECK(&s.f, map.count == 0);
		CHECK(&s.f, s.beside.why == -ECANCELED);
		/* Once the handler itself, then each one's handle_close. */
		s.f.log[strlen(log_until(*k))] = '\0';
		cr_assert_str_eq(s.f.log, log_until(*k), "%s: %s", s.f.name,
				 s.f.log);
		CHECK(&s.f, s.f.length == strlen(log_until(*k)) +
						  (*k == 'z' ? 2 : 4));
		end_scene(&s);
	}
}

LOOPS(dispatcher_close, follows_a_failing_handler_of_its_own_only)
{
	struct scene s;
	char told[16];

	what = do_fail;
	for (const char *k = "rwacx"; *k; k++) {
		if (!is_told(p, *k))
			continue;
		begin_scene(&s, p, *k);
		snprintf(told, sizeof(told), "%scecz", log_until(*k));
		LOGGED(&s.f, told);
		CHECK(&s.f, s.c->error == -EPROTO && s.c->why == -EPROTO);
		CHECK(&s.f, map.count == 1);
		check_beside(&s);
		end_scene(&s);
	}
}

/* Closes the other one and gives its number to a new socket at once. */
static struct channel newcomer;
static int new_peer;

static int
replace_other(struct channel *c, char kind)
{
	int fd[2], number;

	if (kind != 'r')
		return 0;
	number = plx_dispatcher_fd(&c->other->d);
	plx_dispatcher_close(&c->other->d);
	support_unix_pair(fd);
	if (fd[0] != number) {
		CHECK(c->f, dup2(fd[0], number) == number);
		close(fd[0]);
	}
	new_peer = fd[1];
	prepare(c->f, &newcomer, 'n', &every);
	IS(c->f, plx_dispatcher_set_socket(&newcomer.d, number), 0);
	return plain(c, kind);
}

LOOPS(dispatcher_close, leaves_no_event_for_the_next_of_its_number)
{
	struct fixture f;
	struct channel a, b;
	int pa, pb;

	begin_map(&f, p);
	pa = adopt(&f, &a, 'x', &every);
	pb = adopt(&f, &b, 'x', &every);
	a.other = &b;
	b.other = &a;
	a.then = b.then = replace_other;
	say(&f, pa, "x");
	say(&f, pb, "x");
	turn(&f);
	LOGGED(&f, "xr");
	turns(&f, 2);
	LOGGED(&f, "");
	say(&f, new_peer, "x");
	turns(&f, 2);
	LOGGED(&f, "nr");
	plx_dispatcher_close_all(&map);
	close(new_peer);
	close(pa);
	close(pb);
	end_map(&f);
}

static int
close_when_read(struct channel *c, char kind)
{
	if (kind == 'r')
		plx_dispatcher_close_when_sent(&c->d);
	return 0;
}

LOOPS(dispatcher_close, when_sent_ends_the_other_handlers_at_once)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	c.wants = PLX_READ | PLX_WRITE;
	c.then = close_when_read;
	say(&f, peer, "x");
	turns(&f, 3);
	LOGGED(&f, "crcz");
	CHECK(&f, c.why == 0);
	close(peer);
	end_map(&f);
}

/* Predicates that do what a handler may. */
static int
close_when_asked(struct plx_dispatcher *d)
{
	struct channel *c = channel_of(d);

	c->asked++;
	what(c);
	return 1;
}

static void
check_predicate(const struct backend_param *p,
		const struct plx_dispatcher_ops *ops)
{
	struct scene s;

	begin_map(&s.f, p);
	scene = &s;
	what = do_free;
	s.c = calloc(1, sizeof(*s.c));
	s.peer[2] = -1;
	s.peer[1] = adopt(&s.f, s.c, 'c', ops);
	s.peer[0] = adopt(&s.f, &s.beside, 'b', &every);
	say(&s.f, s.peer[1], "x");
	turns(&s.f, 2);
	LOGGED(&s.f, "");
	CHECK(&s.f, map.count == 1);
	check_beside(&s);
	end_scene(&s);
}

LOOPS(dispatcher_close, may_happen_in_predicates)
{
	static const struct plx_dispatcher_ops readable = {
		.readable = close_when_asked,
		.handle_read = handle_read,
		.handle_close = handle_close,
	};
	static const struct plx_dispatcher_ops writable = {
		.writable = close_when_asked,
		.handle_read = handle_read,
		.handle_write = handle_write,
		.handle_close = handle_close,
	};

	check_predicate(p, &readable);
	check_predicate(p, &writable);
}
