/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_hibernate.c: what starts a task that hibernates, and what does not.
 */
#include <config.h>
#include <fcntl.h>
#include "hibernate_common.h"

static int
hear_byte(void *backend)
{
	const char *name = backend;
	struct sleeper s;
	char c;

	begin_sleeper(&s, NULL, name);
	call_out(&s, name);
	expect_runs(&s, 1, PLX_READ, name);
	cr_expect(!s.cancelled, "%s", name);
	expect_runs(&s, 1, PLX_READ, name);
	cr_expect_eq(plx_recv(s.fd[0], &c, 1, 0), 1, "%s", name);
	cr_expect_eq(lay_down(&s), 0, "%s: again", name);
	expect_runs(&s, 1, PLX_READ, name);
	call_out(&s, name);
	expect_runs(&s, 2, PLX_READ, name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, a_byte_starts_it_once, hear_byte)

static int
hear_old_byte(void *backend)
{
	const char *name = backend;
	struct sleeper s;

	open_sleeper(&s, NULL);
	call_out(&s, name);
	cr_expect_eq(lay_down(&s), 0, "%s", name);
	expect_runs(&s, 1, PLX_READ, name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, what_lies_there_already_starts_it, hear_old_byte)

static int
hear_hangup(void *backend)
{
	const char *name = backend;
	struct sleeper s;

	begin_sleeper(&s, NULL, name);
	close(s.fd[1]);
	s.fd[1] = -1;
	expect_runs(&s, 1, PLX_READ, name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, a_hangup_starts_it, hear_hangup)

static int
hibernate_on_file(void *backend)
{
	const char *name = backend;
	struct sleeper s = {.fd = {-1, -1}};

	s.fd[0] = open("/dev/null", O_RDONLY);
	cr_expect_eq(lay_down(&s), 0, "%s", name);
	cr_expect_eq(s.runs, 0, "%s: not inside the call", name);
	expect_runs(&s, 1, PLX_READ, name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, a_file_is_always_ready, hibernate_on_file)

static int
cancel_nursery(void *backend)
{
	const char *name = backend;
	plx_nursery *n;
	struct sleeper s, late;

	plx_nursery_open(NULL, &n);
	begin_sleeper(&s, n, name);
	cr_expect_eq(plx_nursery_live(n), 1u, "%s", name);
	plx_nursery_cancel(n);
	cr_expect_eq(s.runs, 0, "%s: not inside the call", name);
	open_sleeper(&late, n);
	cr_expect_eq(lay_down(&late), 0, "%s: into a cancelled one", name);
	cr_expect_eq(plx_nursery_close(&n, 0), 0, "%s", name);
	cr_expect(s.runs == 1 && s.cancelled, "%s: once, cancelled", name);
	cr_expect_eq(s.status, -ECANCELED, "%s", name);
	cr_expect(late.runs == 1 && late.cancelled, "%s: late", name);
	cr_expect_eq(late.status, -ECANCELED, "%s: late", name);
	end_sleeper(&late);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, a_cancelled_nursery_starts_it_cancelled, cancel_nursery)

static int
call_later(void *arg)
{
	struct sleeper *s = arg;

	let_run(5);
	cr_expect_eq(s->runs, 0);
	call_out(s, "later");
	return 0;
}

static int
close_nursery(void *backend)
{
	const char *name = backend;
	plx_nursery *n;
	struct sleeper s;

	plx_nursery_open(NULL, &n);
	begin_sleeper(&s, n, name);
	plx_spawn(NULL, call_later, &s, NULL);
	cr_expect_eq(plx_nursery_close(&n, 0), 0, "%s", name);
	expect_runs(&s, 1, PLX_READ, name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, a_nursery_waits_for_it_at_its_end, close_nursery)

static struct sleeper left;

static int
leave_one(void *backend)
{
	begin_sleeper(&left, NULL, backend);
	plx_spawn(NULL, call_later, &left, NULL);
	return 0;
}

static int
fail_late(void *arg)
{
	(void)arg;
	let_run(3);
	return -EIO;
}

static int
leave_one_to_failure(void *backend)
{
	begin_sleeper(&left, NULL, backend);
	plx_spawn(NULL, fail_late, NULL, NULL);
	return 0;
}

PLX_BACKENDS(hibernate, a_run_waits_for_it_and_its_failure_ends_it)
ParameterizedTest(struct backend_param *p, hibernate,
		  a_run_waits_for_it_and_its_failure_ends_it)
{
	int fd;

	/* The pair outlives the run, which begins anew. */
	cr_assert_eq(run_on(p->name, return_arg, &(int){0}), 0);
	fd = support_count_fds();
	{
		struct support_mark mark = support_begin(p->name);
		const struct plx_run_options o = {
			.backend = p->name,
			.sys = &support_sys.sys,
		};

		cr_assert_eq(plx_run(&o, leave_one, p->name), 0);
		cr_assert_eq(left.runs, 1, "%s", p->name);
		close(left.fd[0]);
		close(left.fd[1]);
		cr_assert_eq(plx_run(&o, leave_one_to_failure, p->name), -EIO);
		cr_assert(left.runs == 1 && left.cancelled, "%s", p->name);
		close(left.fd[0]);
		close(left.fd[1]);
		support_end(mark, p->name);
	}
	cr_assert_eq(support_count_fds(), fd);
}

static int
take_back(void *backend)
{
	const char *name = backend;
	plx_nursery *n;
	struct sleeper s;

	plx_nursery_open(NULL, &n);
	begin_sleeper(&s, n, name);
	cr_expect_eq(run_stats().hibernating, 1u, "%s", name);
	cr_expect_eq(plx_hibernate_cancel(&s.h), 0, "%s", name);
	cr_expect_eq(run_stats().hibernating, 0u, "%s", name);
	cr_expect_eq(plx_nursery_live(n), 0u, "%s", name);
	cr_expect_eq(plx_hibernate_cancel(&s.h), -ENOENT, "%s", name);
	cr_expect_eq(plx_hibernate_wake(&s.h, 0), -ENOENT, "%s", name);
	call_out(&s, name);
	expect_runs(&s, 0, 0, name);
	cr_expect(plx_await_fd(s.fd[0], PLX_READ, PLX_NEVER) > 0, "%s", name);
	cr_expect_eq(lay_down(&s), 0, "%s", name);
	cr_expect_eq(plx_nursery_close(&n, 0), 0, "%s", name);
	expect_runs(&s, 1, PLX_READ, name);
	cr_expect_eq(plx_hibernate_cancel(&s.h), -ENOENT, "%s: over", name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, taken_back_it_is_not_started, take_back)

static int
take_back_later(void *arg)
{
	struct sleeper *s = arg;

	let_run(3);
	cr_expect_eq(plx_hibernate_cancel(&s->h), 0);
	return 0;
}

static int
close_around_taken(void *backend)
{
	const char *name = backend;
	plx_nursery *n;
	struct sleeper s;

	plx_nursery_open(NULL, &n);
	begin_sleeper(&s, n, name);
	plx_spawn(NULL, take_back_later, &s, NULL);
	cr_expect_eq(plx_nursery_close(&n, 0), 0, "%s", name);
	cr_expect_eq(s.runs, 0, "%s", name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, the_last_one_taken_back_lets_a_nursery_close,
	    close_around_taken)

static int
wake(void *backend)
{
	const char *name = backend;
	struct sleeper s;

	begin_sleeper(&s, NULL, name);
	cr_expect_eq(plx_hibernate_wake(&s.h, 1), -EINVAL, "%s", name);
	cr_expect_eq(plx_hibernate_wake(&s.h, -ETIMEDOUT), 0, "%s", name);
	cr_expect_eq(plx_hibernate_wake(&s.h, -EINTR), -ENOENT, "%s", name);
	cr_expect_eq(plx_hibernate_cancel(&s.h), -ENOENT, "%s", name);
	cr_expect_eq(lay_down(&s), -EBUSY, "%s: not gone on yet", name);
	call_out(&s, name);
	expect_runs(&s, 1, -ETIMEDOUT, name);
	cr_expect(!s.cancelled, "%s", name);
	cr_expect_eq(lay_down(&s), 0, "%s", name);
	expect_runs(&s, 2, PLX_READ, name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, it_can_be_started_without_an_event, wake)

static int
close_fd(void *backend)
{
	const char *name = backend;
	struct sleeper s, next;
	int fd;

	begin_sleeper(&s, NULL, name);
	fd = s.fd[0];
	cr_expect_eq(plx_close(fd), 0, "%s", name);
	expect_runs(&s, 1, -ESHUTDOWN, name);
	open_sleeper(&next, NULL);
	cr_expect_eq(next.fd[0], fd, "%s: the number is back", name);
	cr_expect_eq(lay_down(&next), 0, "%s", name);
	expect_runs(&next, 0, 0, name);
	call_out(&next, name);
	expect_runs(&next, 1, PLX_READ, name);
	expect_runs(&s, 1, -ESHUTDOWN, name);
	end_sleeper(&next);
	s.fd[0] = -1;
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, plx_close_starts_it_and_the_number_serves_again,
	    close_fd)

/* Started, but closed before the task went on. */
static int
close_started(void *backend)
{
	const char *name = backend;
	struct sleeper s;

	begin_sleeper(&s, NULL, name);
	cr_expect_eq(plx_hibernate_wake(&s.h, 0), 0, "%s", name);
	cr_expect_eq(plx_close(s.fd[0]), 0, "%s", name);
	s.fd[0] = -1;
	expect_runs(&s, 1, -ESHUTDOWN, name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, a_close_between_start_and_task_is_told, close_started)

static int
wait_for_fd(void *arg)
{
	struct sleeper *s = arg;

	s->status = plx_await_fd(s->fd[0], PLX_READ, PLX_NEVER);
	return 0;
}

static int
be_refused(void *backend)
{
	const char *name = backend;
	struct sleeper s, other;

	open_sleeper(&s, NULL);
	other = s;
	cr_expect_eq(plx_hibernate(&s.h, NULL, -1, be_woken, &s), -EBADF, "%s",
		     name);
	cr_expect_eq(plx_hibernate(&s.h, NULL, 4711, be_woken, &s), -EBADF,
		     "%s", name);
	cr_expect_eq(plx_hibernate_named(&s.h, NULL, NULL, s.fd[0], NULL, &s),
		     -EINVAL, "%s", name);
	cr_expect_eq(plx_hibernate_cancel(&s.h), -ENOENT, "%s: fresh", name);
	cr_expect_eq(plx_hibernation_status(&s.h), 0, "%s: fresh", name);
	plx_spawn(NULL, wait_for_fd, &s, NULL);
	plx_checkpoint();
	cr_expect_eq(lay_down(&s), -EBUSY, "%s: a task waits", name);
	call_out(&s, name);
	let_run(3);
	cr_expect(s.status > 0, "%s", name);
	support_drain(s.fd[0]);
	cr_expect_eq(lay_down(&s), 0, "%s", name);
	cr_expect_eq(lay_down(&s), -EBUSY, "%s: in use", name);
	cr_expect_eq(lay_down(&other), -EBUSY, "%s: another", name);
	cr_expect_eq(plx_await_fd(s.fd[0], PLX_READ, PLX_NEVER), -EBUSY, "%s",
		     name);
	call_out(&s, name);
	expect_runs(&s, 1, PLX_READ, name);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, two_cannot_wait_for_one_descriptor, be_refused)

static int
lay_down_self(void *arg)
{
	struct sleeper *s = arg;

	cr_expect_eq(plx_nursery_live(s->nursery), 1u);
	cr_expect_eq(lay_down(s), 0, "a task of the nursery's own");
	return 0;
}

static int
fill_nursery(void *backend)
{
	const struct plx_nursery_options o = {.max_tasks = 1};
	const char *name = backend;
	struct sleeper s, other;
	plx_nursery *n;

	plx_nursery_open(&o, &n);
	open_sleeper(&s, n);
	open_sleeper(&other, n);
	cr_expect_eq(plx_spawn(n, lay_down_self, &s, NULL), 0, "%s", name);
	let_run(3);
	cr_expect_eq(plx_nursery_live(n), 1u, "%s", name);
	cr_expect_eq(lay_down(&other), -EBUSY, "%s: full", name);
	cr_expect_eq(plx_nursery_room(n, 0), -ETIMEDOUT, "%s", name);
	cr_expect_eq(plx_hibernate_cancel(&s.h), 0, "%s", name);
	cr_expect_eq(plx_nursery_room(n, 0), 0, "%s", name);
	cr_expect_eq(lay_down(&other), 0, "%s", name);
	call_out(&other, name);
	cr_expect_eq(plx_nursery_close(&n, 0), 0, "%s", name);
	expect_runs(&other, 1, PLX_READ, name);
	end_sleeper(&other);
	end_sleeper(&s);
	return 0;
}
ON_BACKENDS(hibernate, a_nursery_counts_it_as_a_task, fill_nursery)

Test(hibernate, outside_a_task_it_is_refused)
{
	struct plx_hibernation h = {.fn = NULL};

	cr_assert_eq(plx_hibernate(&h, NULL, 0, be_woken, NULL), -EPERM);
	cr_assert_eq(plx_hibernate_wake(&h, 0), -ENOENT);
	cr_assert_eq(plx_hibernate_cancel(&h), -ENOENT);
	cr_assert_leq(sizeof(h), 64);
}
