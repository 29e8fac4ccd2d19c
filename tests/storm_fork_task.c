/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_fork_task.c: forks within tasks and generators: beside flows, a server
 * with connections, sleepers, jobs in threads.
 *
 * The child has all of the tasks.  It makes the loop its own and closes its
 * copies of the parent's descriptors by plx_close, so that whoever waits for
 * one is told; then it has flows, a server and jobs of its own, and leaves.
 */
#include <config.h>

#include <sys/wait.h>
#include <pollux/gen.h>
#include "blocking_common.h"
#include "server_common.h"
#include "storm.h"

#define FLOWS 3
#define CLIENTS 4

struct town {
	struct scene scene; /* first: the argument of notes */
	struct storm_flow flow[FLOWS];
	atomic_int done;
	struct held held;
	plx_task *server, *job, *sleeper;
	int listener, client[CLIENTS], accepted[CLIENTS];
	uint64_t asked;
};

static void
note_accepted(struct plx_server_note *n, void *arg)
{
	struct town *t = arg;

	if (n->event == PLX_SERVER_OPENED && t->scene.opened < CLIENTS)
		t->accepted[t->scene.opened] = n->fd;
	take_note(n, arg);
}

/* The child's ends with an error, which is not the run's. */
static int
serve(void *arg)
{
	struct town *t = arg;

	t->scene.result = plx_server_run(t->scene.server);
	return 0;
}

/* One round trip of each client. */
static void
ask_all(struct town *t)
{
	for (int i = 0; i < CLIENTS; i++) {
		ask(t->client[i], "how are you?");
		expect(&t->scene, t->client[i], "how are you?");
		t->asked++;
	}
}

static void
open_server_of(struct town *t, const char *name)
{
	set_scene(&t->scene, name, echo);
	t->listener = listen_already(0);
	t->scene.options.naddresses = 0;
	t->scene.options.listeners = &t->listener;
	t->scene.options.nlisteners = 1;
	t->scene.options.note = note_accepted;
	cr_expect_eq(plx_server_open(&t->scene.options, &t->scene.server), 0);
	cr_expect_eq(plx_server_address(t->scene.server, 0, &t->scene.at[0]),
		     0);
	cr_expect_eq(plx_spawn(NULL, serve, t, &t->server), 0);
	for (int i = 0; i < CLIENTS; i++)
		t->client[i] = client(&t->scene);
	ask_all(t);
	cr_expect_eq(t->scene.opened, CLIENTS);
}

static void
open_town(struct town *t, const char *name)
{
	const struct held held = HELD;

	memset(t, 0, sizeof(*t));
	t->held = held;
	open_server_of(t, name);
	for (unsigned i = 0; i < FLOWS; i++)
		storm_flow_begin(&t->flow[i], i, 50000, &t->done);
	plx_spawn(NULL, sleep_for_ever, NULL, &t->sleeper);
	plx_spawn(NULL, await_held, &t->held, &t->job);
	let_run(2);
	latch_await(&t->held.begun, 1);
}

static void
close_town(struct town *t)
{
	int result = 0;

	atomic_store(&t->done, 1);
	for (int i = 0; i < FLOWS; i++)
		storm_flow_end(&t->flow[i], t->scene.name);
	for (int i = 0; i < CLIENTS; i++)
		plx_close(t->client[i]);
	open_held(&t->held);
	plx_join(t->job, &result, PLX_NEVER);
	cr_expect_eq(result, 7, "%s: the job: %d", t->scene.name, result);
	cr_expect_eq(stop_task(t->sleeper), -ECANCELED);
	plx_server_stop(t->scene.server, PLX_SECOND);
	plx_join(t->server, NULL, PLX_NEVER);
	cr_expect_eq(t->scene.result, 0, "%s", t->scene.name);
	cr_expect_eq(t->scene.closed, CLIENTS, "%s", t->scene.name);
	plx_server_close(&t->scene.server);
}

static int
return_three(void *arg)
{
	(void)arg;
	return 3;
}

/* What is the child's own. */
static void
live_alone(void)
{
	atomic_int done = 1;
	struct storm_flow flow;
	int64_t when = plx_after(100 * PLX_MICROSECOND);

	for (unsigned i = 0; i < FLOWS; i++) {
		storm_flow_begin(&flow, i, 20000, &done);
		STORM_WANT(storm_flow_join(&flow) == 0);
	}
	STORM_WANT(plx_sleep_until(when) == 0 && plx_now() >= when);
	STORM_WANT(plx_blocking(return_three, NULL, PLX_NEVER) == 3);
}

/* The tasks that used what is closed end before its numbers come back. */
static void
close_copies(struct town *t)
{
	STORM_WANT(plx_close(t->listener) == 0);
	for (int i = 0; i < CLIENTS; i++) {
		STORM_WANT(plx_close(t->client[i]) == 0);
		STORM_WANT(plx_close(t->accepted[i]) == 0);
	}
	for (int i = 0; i < FLOWS; i++) {
		STORM_WANT(plx_close(t->flow[i].from.fd) == 0);
		STORM_WANT(plx_close(t->flow[i].to.fd) == 0);
	}
	/* It would go on with the number of its listener. */
	plx_cancel(t->server);
	for (int i = 0; i < FLOWS; i++) {
		STORM_WANT(plx_join(t->flow[i].reader, NULL, PLX_NEVER) == 0);
		STORM_WANT(plx_join(t->flow[i].writer, NULL, PLX_NEVER) == 0);
		STORM_WANT(t->flow[i].read < 0 && t->flow[i].wrote < 0);
	}
	STORM_WANT(plx_join(t->server, NULL, PLX_NEVER) == 0);
	STORM_WANT(t->scene.closed == CLIENTS);
	plx_server_close(&t->scene.server);
}

static void
be_child(struct town *t)
{
	plx_loop *loop = plx_self_loop();
	int result = 0;

	alarm(60);
	STORM_WANT(plx_blocking(return_three, NULL, PLX_NEVER) == -ECHILD);
	STORM_WANT(plx_loop_wake(loop) == -ECHILD);
	/* ThreadSanitizer leaves a child no stack but the one that forked. */
	if (SUPPORT_TSAN)
		_exit(0);
	STORM_WANT(plx_loop_on_fork(loop) == 0);
	/* Before any other task has its turn. */
	close_copies(t);
	STORM_WANT(plx_join(t->job, &result, PLX_NEVER) == 0);
	STORM_WANT(result == FAILED(ECHILD));
	live_alone();
	_exit(0);
}

/* Between two forks the flows move on, and the clients are served. */
static int
fork_in_town(void *arg)
{
	static struct town t;
	size_t i, n = storm_size(5, 200), before;
	pid_t child;

	open_town(&t, arg);
	for (i = 0; i < n; i++) {
		before = t.flow[i % FLOWS].got;
		child = fork();
		if (child == 0)
			be_child(&t);
		cr_expect_gt(child, 0);
		while (t.flow[i % FLOWS].got < before + 20000)
			plx_checkpoint();
		ask_all(&t);
		storm_reap(arg, child);
	}
	close_town(&t);
	figures_say("storm: %s: tasks: %zu forks, %zu bytes, %llu answers",
		    (char *)arg, n,
		    t.flow[0].got + t.flow[1].got + t.flow[2].got,
		    (unsigned long long)t.asked);
	return 0;
}

STORM(storm_fork_task, beside_flows_a_server_and_jobs)
{
	cr_expect_eq(run_on(p->name, fork_in_town, p->name), 0);
}

/* Generators: the fork is in the body, both go on to the end. */
struct number {
	intptr_t up_to, fork_at;
	pid_t child;
};

static int
count_up(void *arg)
{
	struct number *n = arg;

	for (intptr_t i = 0; i < n->up_to; i++) {
		if (i == n->fork_at)
			n->child = fork();
		if (plx_yield((void *)i, NULL) < 0)
			return -ECANCELED;
		/* Waits, where there is a task that does. */
		if (plx_self() && plx_checkpoint() < 0)
			return -ECANCELED;
	}
	return 3;
}

/* How many numbers came in order; or -1. */
static int
count_along(struct number *n)
{
	plx_gen *g = NULL;
	void *value;
	intptr_t i = 0;
	int r, result = -1;

	if (plx_gen_new(count_up, n, &g) < 0)
		return -1;
	while ((r = plx_gen_next(g, &value)) == 1) {
		if ((intptr_t)value != i++)
			return -1;
		if (i == n->fork_at + 1 && n->child == 0 && plx_self())
			STORM_WANT(plx_loop_on_fork(plx_self_loop()) == 0);
	}
	if (plx_gen_result(g, &result) < 0 || result != 3)
		return -1;
	plx_gen_free(&g);
	return r == 0 ? (int)i : -1;
}

static int
fork_in_body(void *arg)
{
	struct number n = {.up_to = 9};

	for (n.fork_at = 0; n.fork_at < n.up_to; n.fork_at++) {
		n.child = -1;
		if (count_along(&n) != n.up_to) {
			STORM_WANT(n.child != 0);
			cr_expect_fail("%s: lost count", (char *)arg);
		}
		if (n.child == 0)
			_exit(0);
		storm_reap(arg, n.child);
	}
	return 0;
}

static char nowhere[] = "no task";

Test(storm_fork_task, in_a_generator)
{
	struct support_mark mark = support_begin(NULL);

	if (SUPPORT_TSAN)
		cr_skip_test("a child has one stack alone");
	fork_in_body(nowhere);
	support_end(mark, NULL);
}

STORM(storm_fork_task, in_a_generator_of_a_task)
{
	if (SUPPORT_TSAN)
		cr_skip_test("a child has one stack alone");
	cr_expect_eq(run_on(p->name, fork_in_body, p->name), 0);
}
