/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_outside.c: cancels at every wait for what others do: threads, child
 * processes, signals; and for several kinds of things at once.
 */
#include <config.h>
#include <fcntl.h>
#include <signal.h>
#include <pollux/blocking.h>
#include <pollux/process.h>
#include <pollux/signal.h>
#include "cancel_everywhere.h"

static int jobs_begun, jobs_ended;

static int
be_busy(void *arg)
{
	__atomic_add_fetch(&jobs_begun, 1, __ATOMIC_RELAXED);
	usleep(200);
	__atomic_add_fetch(&jobs_ended, 1, __ATOMIC_RELAXED);
	return *(int *)arg;
}

static int
use_threads(void *arg)
{
	int value = 3, fd, r;
	size_t size;
	void *data;

	(void)arg;
	cleans_up();
	r = plx_blocking(be_busy, &value, PLX_NEVER);
	if (r == 3)
		r = plx_blocking(be_busy, &value, in(PLX_SECOND));
	fd = plx_open("/dev/null", O_RDONLY, 0, PLX_NEVER);
	if (fd >= 0)
		closes(fd);
	if (plx_read_file("/dev/null", 10, &data, &size, PLX_NEVER) == 0)
		support_sys.sys.resize(&support_sys.sys, data, 0);
	return r < 0 && r != -ETIMEDOUT ? r : 0;
}

static int
use_threads_twice(void *arg)
{
	plx_nursery *n;

	(void)arg;
	if (plx_nursery_open(NULL, &n) < 0)
		return -ENOMEM;
	plx_spawn(n, use_threads, NULL, NULL);
	plx_spawn(n, use_threads, NULL, NULL);
	return plx_nursery_close(&n, 0);
}

static void
check_jobs(const char *where)
{
	cr_expect_eq(jobs_begun, jobs_ended, "%s: %d begun, %d ended", where,
		     jobs_begun, jobs_ended);
}
CANCEL_EVERYWHERE(blocking_work, .fn = use_threads_twice, .patience = 5000,
		  .check = check_jobs)

static void
close_process(void *arg)
{
	plx_process_close(arg);
}

/* cat, which ends when its input does. */
static int
talk_to_cat(void *arg)
{
	static const char *const argv[] = {"cat", NULL};
	const struct plx_process_options o = {
		.argv = argv,
		.search = 1,
		.in = {.kind = PLX_STDIO_PIPE},
		.out = {.kind = PLX_STDIO_PIPE},
	};
	struct plx_process p;
	char text[8];
	int status;
	ssize_t r;

	(void)arg;
	cleans_up();
	r = plx_process_spawn(&o, &p);
	if (r < 0)
		return (int)r;
	plx_defer(close_process, &p);
	r = plx_write(p.in, "miaow", 5, PLX_NEVER);
	if (r > 0)
		r = plx_read(p.out, text, sizeof(text), PLX_NEVER);
	plx_close(p.in);
	p.in = -1;
	if (r > 0)
		r = plx_process_wait(&p, &status, PLX_NEVER);
	plx_undefer(close_process, &p, 1);
	return (int)r;
}
CANCEL_EVERYWHERE(a_child_process, .fn = talk_to_cat, .patience = 5000)

static void
close_signals(void *arg)
{
	plx_signals_close(arg);
}

static int
hear_signals(void *arg)
{
	struct plx_signals s;
	int r = plx_signals_open(&s, SIGUSR2);

	(void)arg;
	cleans_up();
	if (r < 0)
		return r;
	plx_defer(close_signals, &s);
	for (int n = 0; r >= 0 && n < 2; n++)
		r = plx_signals_wait(&s, in(PLX_SECOND));
	plx_undefer(close_signals, &s, 1);
	return r == -ETIMEDOUT ? 0 : r < 0 ? r : 0;
}

static int
raise_signals(void *arg)
{
	int r = 0;

	(void)arg;
	for (int i = 0; r == 0 && i < 4; i++) {
		raise(SIGUSR2);
		r = plx_sleep(PLX_MILLISECOND);
	}
	return r;
}

static int
send_signals(void *arg)
{
	plx_nursery *n;

	(void)arg;
	signal(SIGUSR2, SIG_IGN);
	if (plx_nursery_open(NULL, &n) < 0)
		return -ENOMEM;
	plx_spawn(n, hear_signals, NULL, NULL);
	plx_spawn(n, hear_signals, NULL, NULL);
	plx_spawn(n, raise_signals, NULL, NULL);
	return plx_nursery_close(&n, 0);
}
CANCEL_EVERYWHERE(signals, .fn = send_signals)

/* The other end, a timer, a task: whatever comes first. */
static int
await_three(int fd, plx_task *t, int64_t when)
{
	struct plx_fd_awaitable f;
	struct plx_timer_awaitable timer;
	struct plx_join_awaitable j;
	struct plx_awaitable *list[3] = {
		plx_fd_awaitable(&f, fd, PLX_READ),
		plx_timer_awaitable(&timer, when),
		plx_join_awaitable(&j, t),
	};
	int i = plx_await_any(list, 3, in(PLX_SECOND));

	return i < 0 ? i : plx_awaitable_result(list[i]);
}

static int
write_late(void *arg)
{
	int r;

	cleans_up();
	r = plx_sleep(2 * PLX_MILLISECOND);
	if (r == 0)
		r = (int)plx_send(*(int *)arg, "x", 1, PLX_NEVER);
	return r < 0 ? r : plx_sleep(PLX_MILLISECOND);
}

static int
mix(void *arg)
{
	plx_task *t;
	char byte;
	int fd[2], r;

	(void)arg;
	support_unix_pair(fd);
	closes(fd[0]);
	closes(fd[1]);
	cleans_up();
	plx_spawn(NULL, write_late, &fd[1], &t);
	r = await_three(fd[0], t, in(PLX_MILLISECOND));
	if (r >= 0)
		r = await_three(fd[0], t, in(PLX_SECOND));
	if (r >= 0)
		r = (int)plx_recv(fd[0], &byte, 1, in(PLX_SECOND));
	if (r >= 0)
		r = await_three(fd[0], t, in(PLX_SECOND));
	plx_cancel(t);
	if (plx_join(t, NULL, PLX_NEVER) < 0)
		plx_detach(t);
	return r < 0 ? r : 0;
}
CANCEL_EVERYWHERE(a_descriptor_a_timer_and_a_task, .fn = mix)
