/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_hibernate_cost.c: what hibernation costs, and how plx_dump shows it.
 */
#include <config.h>
#include <stdio.h>
#include "hibernate_common.h"

#define SLEEPERS 20
#define WARM_UP 5
#define ROUNDS 50

static struct sleeper crowd[SLEEPERS];
static int answers, rounds;
static unsigned long sockets, changes, memory, waits;

/* All take their answers and ask again. */
static void
ask_all(const char *name)
{
	int i;

	for (i = 0; i < SLEEPERS; i++) {
		if (rounds > 0)
			cr_expect_eq(support_drain(crowd[i].fd[1]), 1u, "%s",
				     name);
		call_out(&crowd[i], name);
	}
}

static void
count(void)
{
	const struct support_sys *s = &support_sys;

	sockets = support_calls(s, SUPPORT_RECV | SUPPORT_SEND) - sockets;
	changes = support_calls(s, SUPPORT_CHANGE) - changes;
	memory = support_calls(s, SUPPORT_RESIZE | SUPPORT_MAP) - memory;
	waits = support_calls(s, SUPPORT_WAIT) - waits;
}

/* All have an answer on its way; does it go on? */
static int
end_round(void)
{
	answers = 0;
	rounds++;
	if (rounds == WARM_UP || rounds == WARM_UP + ROUNDS)
		count();
	if (rounds == WARM_UP + ROUNDS)
		return 0;
	ask_all("a round");
	return 1;
}

static int
answer(void *arg)
{
	struct sleeper *s = arg;
	char buf[16];
	ssize_t n;

	if (plx_hibernation_status(&s->h) < 0)
		return 0;
	n = plx_recv(s->fd[0], buf, sizeof(buf), PLX_NEVER);
	if (n > 0)
		n = plx_send(s->fd[0], buf, (size_t)n, PLX_NEVER);
	cr_expect_eq(n, 1);
	if (++answers == SLEEPERS && !end_round()) {
		plx_nursery_cancel(s->nursery);
		return 0;
	}
	return plx_hibernate(&s->h, s->nursery, s->fd[0], answer, s);
}

static int
converse(void *backend)
{
	const char *name = backend;
	plx_nursery *n;
	int i;

	plx_nursery_open(NULL, &n);
	for (i = 0; i < SLEEPERS; i++) {
		open_sleeper(&crowd[i], n);
		cr_expect_eq(plx_hibernate(&crowd[i].h, n, crowd[i].fd[0],
					   answer, &crowd[i]),
			     0, "%s", name);
	}
	ask_all(name);
	cr_expect_eq(plx_nursery_close(&n, 0), 0, "%s", name);
	cr_expect_eq(rounds, WARM_UP + ROUNDS, "%s", name);
	cr_expect_eq(sockets, 2u * ROUNDS * SLEEPERS, "%s: %lu", name, sockets);
	cr_expect_eq(changes, 0u, "%s: %lu changes", name, changes);
	cr_expect_eq(memory, 0u, "%s: %lu for memory", name, memory);
	cr_expect_leq(waits, ROUNDS + 1u, "%s: %lu waits", name, waits);
	for (i = 0; i < SLEEPERS; i++)
		end_sleeper(&crowd[i]);
	return 0;
}
ON_BACKENDS(hibernate_cost, a_message_is_one_receive_and_one_send, converse)

static int
wait_then_hibernate(void *backend)
{
	const char *name = backend;
	unsigned long before;
	struct sleeper s;

	open_sleeper(&s, NULL);
	call_out(&s, name);
	cr_expect(plx_await_fd(s.fd[0], PLX_READ, PLX_NEVER) > 0, "%s", name);
	support_drain(s.fd[0]);
	before = support_calls(&support_sys, SUPPORT_CHANGE);
	cr_expect_eq(lay_down(&s), 0, "%s", name);
	expect_runs(&s, 0, 0, name);
	call_out(&s, name);
	let_run(2);
	cr_expect_eq(s.runs, 1, "%s: in that turn", name);
	support_drain(s.fd[0]);
	call_out(&s, name);
	cr_expect(plx_await_fd(s.fd[0], PLX_READ, PLX_NEVER) > 0, "%s", name);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_CHANGE), before,
		     "%s: the kernel was told", name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate_cost, from_a_wait_to_hibernation_and_back_is_free,
	    wait_then_hibernate)

#define THOUSAND 1000

static int
sleep_by_thousand(void *backend)
{
	static struct sleeper many[THOUSAND];
	const char *name = backend;
	unsigned long calls;
	int woken = 0, i;
	plx_nursery *n;

	plx_nursery_open(NULL, &n);
	calls = support_calls(&support_sys, SUPPORT_RESIZE);
	for (i = 0; i < THOUSAND; i++) {
		open_sleeper(&many[i], n);
		cr_expect_eq(lay_down(&many[i]), 0, "%s: %d", name, i);
	}
	calls = support_calls(&support_sys, SUPPORT_RESIZE) - calls;
	cr_expect_leq(calls, 40u, "%s: %lu, more than tables that double", name,
		      calls);
	let_run(3);
	cr_expect_eq(plx_nursery_live(n), (size_t)THOUSAND, "%s", name);
	cr_expect_leq(run_stats().stacks, 2u, "%s: no stacks", name);
	for (i = 0; i < THOUSAND; i += 10)
		call_out(&many[i], name);
	let_run(8);
	for (i = 0; i < THOUSAND; i++)
		woken += many[i].runs;
	cr_expect_eq(woken, THOUSAND / 10, "%s: %d woken", name, woken);
	plx_nursery_cancel(n);
	cr_expect_eq(plx_nursery_close(&n, 0), 0, "%s", name);
	for (i = 0; i < THOUSAND; i++) {
		cr_expect_eq(many[i].runs, 1, "%s: %d", name, i);
		end_sleeper(&many[i]);
	}
	return 0;
}
PLX_BACKENDS(hibernate_cost, a_thousand_have_no_stack)
ParameterizedTest(struct backend_param *p, hibernate_cost,
		  a_thousand_have_no_stack)
{
	if (!support_want_fds(2 * THOUSAND + 100))
		cr_skip_test("too few descriptors");
	cr_expect_eq(run_on(p->name, sleep_by_thousand, p->name), 0, "%s",
		     p->name);
}

/* The line of the dump that has WORD in it. */
static void
expect_line(char *text, const char *word, const char *what)
{
	char *at = strstr(text, word), *end;

	cr_expect(at, "no %s in %s", word, text);
	if (!at)
		return;
	at += *at == '\n';
	while (at > text && at[-1] != '\n')
		at--;
	end = strchr(at, '\n');
	*end = '\0';
	cr_expect(strstr(at, what), "no %s in: %s", what, at);
	cr_expect_leq(strlen(at), 120u);
	*end = '\n';
}

static int
be_other(void *arg)
{
	return be_woken(arg);
}

static int
look(void *arg)
{
	char text[4096], what[32];
	struct sleeper s, other;
	plx_nursery *n;
	FILE *f;

	(void)arg;
	plx_nursery_open(NULL, &n);
	begin_sleeper(&s, n, "dump");
	open_sleeper(&other, NULL);
	plx_hibernate(&other.h, NULL, other.fd[0], be_other, &other);
	f = fmemopen(text, sizeof(text), "w");
	cr_expect_eq(plx_dump(plx_self_loop(), f), 1, "one task");
	fclose(f);
	snprintf(what, sizeof(what), "asleep  readable fd %d", s.fd[0]);
	expect_line(text, "\n  be_woken", what);
	snprintf(what, sizeof(what), "asleep  readable fd %d", other.fd[0]);
	expect_line(text, "\nbe_other", what);
	expect_line(text, "be_other", "cost.c:");
	expect_line(text, "now: ", " 2 hibernating,");
	plx_hibernate_cancel(&s.h);
	plx_hibernate_cancel(&other.h);
	plx_nursery_close(&n, 0);
	end_sleeper(&s);
	end_sleeper(&other);
	return 0;
}
IN_A_TASK(hibernate_cost, a_dump_shows_it, look)
