/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_exec.c: a program that is started in the middle of everything has the
 * descriptors 0 to 2, what was meant for it, and nothing else of ours.
 *
 * The program is a shell that lists /proc/self/fd, for which it opens the
 * lowest number that is free: "0 1 2 3" where nothing has leaked.  It is
 * started by fork and exec as any program might, which knows nothing of pollux;
 * plx_process_spawn, which also closes what is not marked, would hide a leak.
 */
#include <config.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <pollux/blocking.h>
#include <pollux/connect.h>
#include <pollux/selector.h>
#include <pollux/signal.h>
#include <pollux/udp.h>
#include "process_fixture.h"
#include "server_common.h"
#include "storm.h"

#define LIST "cd /proc/self/fd && echo *"
#define CLEAN "0 1 2 3\n"

/* Where programs write to. */
static int said[2];

static void
open_said(void)
{
	cr_assert_eq(pipe(said), 0);
	fcntl(said[0], F_SETFD, FD_CLOEXEC);
	fcntl(said[1], F_SETFD, FD_CLOEXEC);
}

static void
close_said(void)
{
	close(said[0]);
	close(said[1]);
}

/* Any thread.  The list of a program that is started here and now, in TEXT,
   which has room for 256: 0, or -1.  Opens nothing itself. */
static int
list_after_exec(char *text)
{
	ssize_t n;
	int status;
	pid_t pid;

	memset(text, 0, 256);
	pid = fork();
	if (pid == 0) {
		dup2(said[1], STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", LIST, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return -1;
	if (status)
		return -1;
	do
		n = read(said[0], text, 255);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -1;
}

/* What the test's runner has open is not ours to talk about. */
static void
begin_clean(void)
{
	if (access("/proc/self/fd", F_OK) < 0)
		cr_skip_test("nothing lists descriptors here");
	for (int fd = 3; fd < 1024; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	open_said();
}

static void
expect_clean(const char *backend, const char *what)
{
	char text[256];

	cr_expect_eq(list_after_exec(text), 0, "%s: %s", backend, what);
	cr_expect_str_eq(text, CLEAN, "%s: %s: a program has %s", backend, what,
			 text);
}

static void
nothing(struct plx_signal *s, int signo)
{
	(void)s;
	(void)signo;
}

static void
nothing_posted(void *arg)
{
	(void)arg;
}

STORM(storm_exec, has_nothing_of_a_selector)
{
	struct plx_ready ready[2];
	plx_selector *s = NULL;
	struct support_mark mark;
	int fd[2];

	begin_clean();
	mark = support_begin(p->name);
	support_unix_pair(fd);
	expect_clean(p->name, "what the test has");
	cr_assert_eq(plx_selector_open(p->name, &s), 0);
	cr_expect_eq(plx_selector_register(s, fd[0], PLX_READ, NULL), 0);
	cr_expect_eq(plx_selector_wake(s), 0);
	cr_expect_eq(plx_selector_select(s, ready, 2, 0), 0);
	plx_selector_fileno(s);
	expect_clean(p->name, "selector");
	plx_selector_close(&s);
	close(fd[0]);
	close(fd[1]);
	support_end(mark, p->name);
	close_said();
}

/* And those that reinit has made in a child. */
STORM(storm_exec, has_nothing_of_a_loop_nor_of_a_childs)
{
	struct plx_loop_options options = {.backend = p->name};
	struct plx_signal s = {.fn = nothing};
	struct support_mark mark;
	char text[256];
	plx_loop *loop;
	pid_t pid;

	begin_clean();
	mark = support_begin(p->name);
	cr_assert_eq(plx_loop_open(&options, &loop), 0);
	cr_expect_eq(plx_loop_signal(loop, &s, SIGUSR1), 0);
	cr_expect_eq(plx_loop_post(loop, nothing_posted, NULL), 0);
	expect_clean(p->name, "loop");
	cr_expect_eq(plx_loop_run_once(loop, 0), 0);
	pid = fork();
	if (pid == 0) {
		STORM_WANT(plx_loop_on_fork(loop) == 0);
		STORM_WANT(plx_loop_post(loop, nothing_posted, NULL) == 0);
		STORM_WANT(plx_loop_run_once(loop, PLX_NEVER) == 0);
		STORM_WANT(list_after_exec(text) == 0);
		STORM_WANT(strcmp(text, CLEAN) == 0);
		_exit(0);
	}
	storm_reap(p->name, pid);
	plx_loop_close(&loop);
	support_end(mark, p->name);
	close_said();
}

/* Everything that tasks can open. */
struct all {
	const char *name;
	struct scene scene;
	struct place place;
	struct plx_address unix_at;
	struct plx_process process;
	struct plx_signals signals;
	int listener, accepted, unix_end, tcp_end, udp, file;
};

static void
open_all(struct all *a)
{
	const struct plx_udp_options udp = {.peer = &a->scene.at[0]};
	char text[PLX_ADDRESS_TEXT];

	set_scene(&a->scene, a->name, echo);
	begin_scene(&a->scene);
	plx_address_format(&a->scene.at[0], text, sizeof(text));
	cr_expect_eq(plx_connect_text(text, NULL, &a->tcp_end, PLX_NEVER), 0);
	ask(a->tcp_end, "hello");
	expect(&a->scene, a->tcp_end, "hello");
	cr_expect_eq(plx_udp_open(NULL, &udp, &a->udp), 0);
	make_place(&a->place, &a->unix_at);
	cr_expect_eq(plx_listen(&a->unix_at, NULL, &a->listener), 0);
	cr_expect_eq(
		plx_connect_address(&a->unix_at, NULL, &a->unix_end, PLX_NEVER),
		0);
	a->accepted = plx_accept(a->listener, NULL, NULL, PLX_NEVER);
	a->file = plx_open("/dev/null", O_RDWR, 0, PLX_NEVER);
	cr_expect(a->accepted >= 0 && a->file >= 0, "%s", a->name);
}

static void
close_all(struct all *a)
{
	plx_close(a->file);
	plx_close(a->accepted);
	plx_close(a->unix_end);
	plx_close(a->listener);
	unlink(a->place.path);
	rmdir(a->place.dir);
	plx_close(a->udp);
	plx_close(a->tcp_end);
	end_scene(&a->scene);
}

static int
exec_in_job(void *arg)
{
	char text[256];

	(void)arg;
	return list_after_exec(text) == 0 && strcmp(text, CLEAN) == 0;
}

/* A program that is given a descriptor as its input. */
static void
give_one(struct all *a)
{
	const char *argv[] = {"sh", "-c", LIST, NULL};
	const struct plx_process_options o = {
		.path = "/bin/sh",
		.argv = argv,
		.in = {.kind = PLX_STDIO_FD, .fd = a->file},
		.out = {.kind = PLX_STDIO_PIPE},
		.err = {.kind = PLX_STDIO_NULL},
	};
	struct plx_process p;
	char text[256] = {0};
	ssize_t n, got = 0;

	cr_expect_eq(plx_process_spawn(&o, &p), 0, "%s", a->name);
	while ((n = plx_read(p.out, text + got, 255 - (size_t)got, PLX_NEVER)) >
	       0)
		got += n;
	cr_expect_str_eq(text, CLEAN, "%s: given one: %s", a->name, text);
	cr_expect_eq(outcome(&p), 0, "%s", a->name);
}

static int
exec_among_all(void *arg)
{
	struct all a = {.name = arg};

	if (ends_are_lost(a.name))
		return 0;
	open_all(&a);
	expect_clean(a.name, "sockets and files");
	cr_expect_eq(plx_signals_open(&a.signals, SIGUSR1), 0);
	cr_expect_eq(start_waiting(&a.process, "exit 0"), 0);
	expect_clean(a.name, "processes and signals");
	cr_expect_eq(plx_blocking(exec_in_job, NULL, PLX_NEVER), 1, "%s: job",
		     a.name);
	give_one(&a);
	plx_process_close(&a.process);
	plx_signals_close(&a.signals);
	close_all(&a);
	return 0;
}

STORM(storm_exec, has_nothing_of_what_tasks_open)
{
	begin_clean();
	cr_expect_eq(run_on(p->name, exec_among_all, p->name), 0);
	close_said();
}

/* Programs are started one after the other, by a thread that looks at nothing,
   while tasks open and close whatever there is. */
struct starter {
	pthread_t thread;
	size_t programs;
	atomic_int done;
	int failures;
	char text[256];
};

static void *
start_programs(void *arg)
{
	struct starter *s = arg;
	char text[256];

	for (size_t i = 0; i < s->programs; i++) {
		if (list_after_exec(text) == 0 && strcmp(text, CLEAN) == 0)
			continue;
		s->failures++;
		memcpy(s->text, text, sizeof(s->text));
	}
	atomic_store(&s->done, 1);
	return NULL;
}

static int
open_and_close(void *arg)
{
	struct starter s = {.programs = storm_size(40, 2000)};
	struct all a = {.name = arg};
	plx_selector *selector;
	size_t times = 0;

	cr_expect_eq(pthread_create(&s.thread, NULL, start_programs, &s), 0);
	do {
		open_all(&a);
		cr_expect_eq(plx_selector_open(a.name, &selector), 0);
		plx_selector_wake(selector);
		plx_selector_close(&selector);
		close_all(&a);
		times++;
	} while (!atomic_load(&s.done));
	pthread_join(s.thread, NULL);
	cr_expect_eq(s.failures, 0, "%s: %d programs had more, as %s", a.name,
		     s.failures, s.text);
	figures_say("storm: %s: %zu programs while all was opened %zu times",
		    a.name, s.programs, times);
	return 0;
}

STORM(storm_exec, at_any_instant_has_nothing_of_ours)
{
#ifndef SOCK_CLOEXEC
	cr_skip_test("here nothing is marked as it is opened");
#endif
	begin_clean();
	cr_expect_eq(run_on(p->name, open_and_close, p->name), 0);
	close_said();
}
