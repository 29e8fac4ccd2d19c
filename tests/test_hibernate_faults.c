/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_hibernate_faults.c: hibernation when memory lacks, when the loop fails,
 * in a forked child, and when somebody closes without saying so.
 */
#include <config.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include "hibernate_common.h"
#include "starve.h"

static uint64_t
turns(void)
{
	struct plx_loop_stats s;

	plx_loop_stats(plx_self_loop(), &s);
	return s.turns;
}

static void
stop_clock(void)
{
	support_sys.now = plx_now();
	support_sys.fake_clock = 1;
}

static int
lack_a_stack(void *backend)
{
	const char *name = backend;
	struct sleeper s, closed, silent;
	plx_nursery *n, *around;
	uint64_t before;

	stop_clock();
	plx_nursery_open(NULL, &around);
	begin_sleeper(&s, around, name);
	begin_sleeper(&closed, around, name);
	begin_sleeper(&silent, around, name);
	plx_nursery_open(NULL, &n);
	starve(n);
	let_run(3);
	call_out(&s, name);
	call_out(&closed, name);
	before = turns();
	plx_sleep(95 * PLX_MILLISECOND);
	cr_expect_eq(s.runs + closed.runs, 0, "%s", name);
	cr_expect_leq(turns() - before, 25u, "%s: it spins", name);
	cr_expect_eq(plx_nursery_live(around), 3u, "%s", name);
	cr_expect_eq(run_stats().hibernating, 3u, "%s", name);
	cr_expect_eq(plx_hibernate_wake(&s.h, -EINTR), 0, "%s: in vain", name);
	plx_close(closed.fd[0]);
	plx_close(silent.fd[0]);
	closed.fd[0] = silent.fd[0] = -1;
	feed();
	plx_sleep(11 * PLX_MILLISECOND);
	expect_runs(&s, 1, PLX_READ, name);
	expect_runs(&closed, 1, -ESHUTDOWN, name);
	expect_runs(&silent, 1, -ESHUTDOWN, name);
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	plx_nursery_close(&around, 0);
	end_sleeper(&s);
	end_sleeper(&closed);
	end_sleeper(&silent);
	return 0;
}
ON_BACKENDS(hibernate_faults, without_a_stack_it_is_tried_again_after_a_pause,
	    lack_a_stack)

static int
take_back_due(void *backend)
{
	const char *name = backend;
	plx_nursery *n, *around;
	struct sleeper s;

	stop_clock();
	plx_nursery_open(NULL, &around);
	begin_sleeper(&s, around, name);
	plx_nursery_open(NULL, &n);
	starve(n);
	plx_nursery_cancel(around);
	cr_expect_eq(run_stats().hibernating, 1u, "%s", name);
	cr_expect_eq(plx_hibernate_cancel(&s.h), 0, "%s", name);
	feed();
	plx_nursery_close(&n, 0);
	plx_nursery_close(&around, 0);
	cr_expect_eq(s.runs, 0, "%s", name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate_faults, what_lacks_a_stack_can_be_taken_back,
	    take_back_due)

static int
lie_down_twice(void *backend)
{
	const char *name = backend;
	plx_nursery *n, *around;
	struct sleeper s, other;

	stop_clock();
	plx_nursery_open(NULL, &around);
	begin_sleeper(&s, around, name);
	plx_nursery_open(NULL, &n);
	starve(n);
	call_out(&s, name);
	let_run(3);
	feed();
	other = s;
	memset(&other.h, 0, sizeof(other.h));
	cr_expect_eq(lay_down(&other), -EBUSY, "%s", name);
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	plx_sleep(11 * PLX_MILLISECOND);
	expect_runs(&s, 1, PLX_READ, name);
	plx_nursery_close(&around, 0);
	cr_expect_eq(other.runs, 0, "%s", name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate_faults, what_lacks_a_stack_has_its_descriptor,
	    lie_down_twice)

/* Closed by somebody who did not say so; its number comes back. */
static int
come_back(void *backend)
{
	const char *name = backend;
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct sleeper s;
	int listener, peer, fd;

	memset(&sa, 0, sizeof(sa));
	sa.sin_family = AF_INET;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = support_socket(AF_INET, SOCK_STREAM);
	peer = socket(AF_INET, SOCK_STREAM, 0);
	cr_expect_eq(bind(listener, (struct sockaddr *)&sa, len), 0);
	cr_expect_eq(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&sa, &len);
	begin_sleeper(&s, NULL, name);
	close(s.fd[0]);
	cr_expect_eq(connect(peer, (struct sockaddr *)&sa, len), 0);
	fd = plx_accept(listener, NULL, NULL, PLX_NEVER);
	cr_expect_eq(fd, s.fd[0], "%s: the number is back", name);
	expect_runs(&s, 1, -ESHUTDOWN, name);
	cr_expect_eq(lay_down(&s), 0, "%s: for the new file", name);
	expect_runs(&s, 1, -ESHUTDOWN, name);
	cr_expect_eq(write(peer, "x", 1), 1, "%s", name);
	expect_runs(&s, 2, PLX_READ, name);
	plx_close(listener);
	close(peer);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate_faults, accept_tells_of_a_number_that_came_back,
	    come_back)

static int
live_in_child(struct sleeper *kept, struct sleeper *closed)
{
	close(closed->fd[0]);
	if (plx_loop_on_fork(plx_self_loop()) < 0)
		return 1;
	let_run(4);
	if (closed->runs != 1 || closed->status != -EBADF || kept->runs != 0)
		return 2;
	if (write(kept->fd[1], "x", 1) != 1)
		return 3;
	let_run(4);
	return kept->runs == 1 && kept->status > 0 ? 0 : 4;
}

static int
fork_while(void *backend)
{
	const char *name = backend;
	struct sleeper kept, closed;
	int status = -1;
	pid_t pid;

	begin_sleeper(&kept, NULL, name);
	begin_sleeper(&closed, NULL, name);
	pid = fork();
	if (pid == 0)
		_exit(live_in_child(&kept, &closed));
	cr_expect_eq(waitpid(pid, &status, 0), pid, "%s", name);
	cr_expect_eq(status, 0, "%s: %#x", name, (unsigned)status);
	cr_expect_eq(plx_hibernate_cancel(&kept.h), 0, "%s", name);
	cr_expect_eq(plx_hibernate_cancel(&closed.h), 0, "%s", name);
	end_sleeper(&kept);
	end_sleeper(&closed);
	return 0;
}
ON_BACKENDS(hibernate_faults, it_goes_on_in_a_forked_child, fork_while)

static struct sleeper left, inside;

static int
break_loop(void *arg)
{
	plx_nursery *n;

	(void)arg;
	plx_nursery_open(NULL, &n);
	begin_sleeper(&left, NULL, "the root's");
	begin_sleeper(&inside, n, "inside");
	support_sys.fails = SUPPORT_WAIT;
	support_sys.fail_with = EIO;
	support_sys.fail_at = 1;
	return plx_nursery_close(&n, 0);
}

PLX_BACKENDS(hibernate_faults, a_loop_that_fails_ends_it)
ParameterizedTest(struct backend_param *p, hibernate_faults,
		  a_loop_that_fails_ends_it)
{
	struct support_mark mark = support_begin(p->name);
	const struct plx_run_options o = {
		.backend = p->name,
		.sys = &support_sys.sys,
	};

	cr_expect_eq(plx_run(&o, break_loop, NULL), -EIO, "%s", p->name);
	cr_expect(left.runs == 1 && left.cancelled, "%s", p->name);
	cr_expect(inside.runs == 1 && inside.cancelled, "%s", p->name);
	close(left.fd[0]);
	close(left.fd[1]);
	close(inside.fd[0]);
	close(inside.fd[1]);
	support_end(mark, p->name);
}

/* FN sees every single failure of memory or of the kernel as an error of the
   call, or not at all. */
static int
fail_once(void *backend)
{
	const unsigned dear = SUPPORT_RESIZE | SUPPORT_CHANGE;
	const char *name = backend;
	struct sleeper s;
	int r = -1, k;

	open_sleeper(&s, NULL);
	for (k = 1; r < 0 && k < 20; k++) {
		support_sys.fails = dear;
		support_sys.fail_with = ENOMEM;
		support_sys.fail_at = k;
		r = lay_down(&s);
		cr_expect(r == 0 || r == -ENOMEM, "%s: %d", name, r);
		cr_expect_eq(run_stats().hibernating, (uint64_t)(r == 0), "%s",
			     name);
	}
	support_sys.fail_at = 0;
	cr_expect_eq(r, 0, "%s", name);
	cr_expect_gt(k, 2, "%s: nothing failed", name);
	expect_runs(&s, 0, 0, name);
	call_out(&s, name);
	expect_runs(&s, 1, PLX_READ, name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate_faults, a_call_that_fails_leaves_nothing, fail_once)
