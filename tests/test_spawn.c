/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_spawn.c: how child processes are started, and how not.
 */
#include <config.h>
#include <fcntl.h>
#include <spawn.h>
#include "process_fixture.h"

/* What the process of O writes, which is closed then; at most 255 bytes. */
static const char *
said_by(const struct plx_process_options *o)
{
	static char said[256];
	struct plx_process p;
	size_t n = 0;
	ssize_t got = plx_process_spawn(o, &p);

	cr_expect_eq(got, 0, "%d", (int)got);
	if (got < 0)
		return "";
	while ((got = plx_read(p.out, said + n, sizeof(said) - 1 - n,
			       PLX_NEVER)) > 0)
		n += (size_t)got;
	said[n] = '\0';
	cr_expect_eq(got, 0);
	cr_expect_eq(outcome(&p), 0);
	return said;
}

static int
tell_surroundings(void *arg)
{
	const char *argv[] = {"me",  "-c", "echo $0 $# $A${HOME-.} `pwd`",
			      "you", "1",  NULL};
	const char *envp[] = {"A=b", NULL};
	struct plx_process_options o = {
		.path = "/bin/sh",
		.argv = argv,
		.envp = envp,
		.cwd = "/dev",
		.in = {.kind = PLX_STDIO_NULL},
		.out = {.kind = PLX_STDIO_PIPE},
	};

	(void)arg;
	cr_expect_str_eq(said_by(&o), "you 1 b. /dev\n");
	o.envp = NULL;
	setenv("A", "c", 1);
	setenv("HOME", "d", 1);
	o.cwd = "/";
	o.path = "bin/sh";
	cr_expect_str_eq(said_by(&o), "you 1 cd /\n");
	return 0;
}
IN_A_TASK(spawn, a_process_gets_its_arguments_environment_and_place,
	  tell_surroundings)

static int
search(void *arg)
{
	const char *argv[] = {"sh", "-c", "echo $0", NULL};
	struct plx_process_options o = {
		.argv = argv,
		.out = {.kind = PLX_STDIO_PIPE},
		.search = 1,
	};

	(void)arg;
	cr_expect_str_eq(said_by(&o), "sh\n");
	return 0;
}
IN_A_TASK(spawn, a_name_is_searched_for_if_asked, search)

static int
redirect(void *arg)
{
	const char *argv[] = {"sh", "-c", "cat; echo out; echo err >&2", NULL};
	struct plx_process_options o = {
		.path = "/bin/sh",
		.argv = argv,
		.in = {.kind = PLX_STDIO_NULL},
		.out = {.kind = PLX_STDIO_PIPE},
		.err = {.kind = PLX_STDIO_OUT},
	};
	int fd[2];

	(void)arg;
	cr_expect_str_eq(said_by(&o), "out\nerr\n");
	o.err.kind = PLX_STDIO_NULL;
	cr_expect_str_eq(said_by(&o), "out\n");
	support_pipe(fd);
	cr_expect_eq(write(fd[1], "in\n", 3), 3);
	close(fd[1]);
	o.in = (struct plx_stdio){PLX_STDIO_FD, fd[0]};
	cr_expect_str_eq(said_by(&o), "in\nout\n");
	cr_expect_eq(close(fd[0]), 0, "it stays the caller's");
	return 0;
}
IN_A_TASK(spawn, each_standard_descriptor_goes_where_it_is_told, redirect)

static int
split(void *arg)
{
	const char *argv[] = {"sh", "-c", "echo out; echo err >&2", NULL};
	const struct plx_process_options o = {
		.path = "/bin/sh",
		.argv = argv,
		.out = {.kind = PLX_STDIO_PIPE},
		.err = {.kind = PLX_STDIO_PIPE},
	};
	struct plx_process p;
	char buf[8];

	(void)arg;
	cr_expect_eq(plx_process_spawn(&o, &p), 0);
	cr_expect_eq(p.in, -1);
	cr_expect_gt(p.pid, 0);
	cr_expect_eq(plx_read(p.err, buf, sizeof(buf), PLX_NEVER), 4);
	cr_expect_eq(memcmp(buf, "err\n", 4), 0);
	cr_expect_eq(plx_read(p.out, buf, sizeof(buf), PLX_NEVER), 4);
	cr_expect_eq(memcmp(buf, "out\n", 4), 0);
	cr_expect_eq(outcome(&p), 0);
	return 0;
}
IN_A_TASK(spawn, output_and_errors_can_be_kept_apart, split)

static int
feed(void *arg)
{
	static char block[1 << 16];
	struct plx_process *p = arg;

	for (int i = 0; i < 16; i++)
		cr_expect_eq(plx_write(p->in, block, sizeof(block), PLX_NEVER),
			     (ssize_t)sizeof(block));
	end_input(p);
	return 0;
}

static int
pass_through_cat(void *arg)
{
	static char block[1 << 16];
	struct plx_process p;
	size_t n = 0;
	ssize_t got;

	if (ends_are_lost(arg) || start_script(&p, "exec cat", 0) < 0)
		return 0;
	cr_expect(fcntl(p.in, F_GETFL) & O_NONBLOCK, "%s", (char *)arg);
	cr_expect(fcntl(p.in, F_GETFD) & FD_CLOEXEC, "%s", (char *)arg);
	cr_expect_eq(plx_read(p.out, block, 1, 0), -ETIMEDOUT);
	plx_spawn(NULL, feed, &p, NULL);
	while ((got = plx_read(p.out, block, sizeof(block), PLX_NEVER)) > 0)
		n += (size_t)got;
	cr_expect_eq(got, 0, "%s: the end of the stream", (char *)arg);
	cr_expect_eq(n, 16 * sizeof(block), "%s", (char *)arg);
	cr_expect_eq(outcome(&p), 0, "%s", (char *)arg);
	return 0;
}
ON_BACKENDS(spawn, pipes_go_both_ways_and_end, pass_through_cat)

/* How many of its ends block, when a process is started. */
static int blocking_ends;

static pid_t
count_blocking(const struct plx_sys *sys, const struct plx_spawn *what)
{
	blocking_ends = 0;
	for (int i = 0; i < 3; i++) {
		cr_expect(fcntl(what->fd[i], F_GETFD) & FD_CLOEXEC);
		blocking_ends += !(fcntl(what->fd[i], F_GETFL) & O_NONBLOCK);
	}
	return plx__sys_real.spawn(sys, what);
}

static int
make_blocking(void *arg)
{
	const char *argv[] = {"/bin/sh", "-c", "exit 0", NULL};
	const struct plx_process_options o = {
		.argv = argv,
		.in = {.kind = PLX_STDIO_PIPE},
		.out = {.kind = PLX_STDIO_PIPE},
		.err = {.kind = PLX_STDIO_PIPE},
	};
	struct plx_process p;

	(void)arg;
	support_sys.sys.spawn = count_blocking;
	cr_expect_eq(plx_process_spawn(&o, &p), 0);
	cr_expect_eq(blocking_ends, 3);
	cr_expect_eq(outcome(&p), 0);
	return 0;
}
IN_A_TASK(spawn, the_ends_of_the_process_block, make_blocking)

static int
list_descriptors(void *arg)
{
	/* The 3 is what lists them. */
	const char *argv[] = {"sh", "-c", "cd /proc/self/fd && echo *", NULL};
	const struct plx_process_options o = {
		.path = "/bin/sh",
		.argv = argv,
		.out = {.kind = PLX_STDIO_PIPE},
		.err = {.kind = PLX_STDIO_NULL},
	};
	struct plx_process other;

	(void)arg;
	if (start_waiting(&other, "exit 0") < 0)
		return 0;
	cr_expect_str_eq(said_by(&o), "0 1 2 3\n");
	plx_process_close(&other);
	return 0;
}

Test(spawn, a_child_has_no_descriptor_of_ours)
{
	if (access("/proc/self/fd", F_OK) < 0)
		cr_skip_test("nothing lists descriptors here");
	for (int fd = 3; fd < 1024; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	cr_expect_eq(run_on(NULL, list_descriptors, NULL), 0);
}

/* Whether this system (an emulator may not) tells of an exec that failed. */
static int
failures_are_told(void)
{
	char path[] = "/nowhere";
	char *argv[] = {path, NULL};
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, argv + 1))
		return 1;
	waitpid(pid, NULL, 0);
	return 0;
}

static int
refuse(void *arg)
{
	const char *argv[] = {"plx-nowhere", NULL};
	struct plx_process_options o = {
		.argv = argv,
		.in = {.kind = PLX_STDIO_PIPE},
		.out = {.kind = PLX_STDIO_PIPE},
		.err = {.kind = PLX_STDIO_OUT},
	};
	struct plx_process p = {.pid = 4711};

	(void)arg;
	cr_expect_eq(plx_process_spawn(&o, &p), -ENOENT);
	o.search = 1;
	cr_expect_eq(plx_process_spawn(&o, &p), -ENOENT);
	o.path = "/";
	cr_expect_eq(plx_process_spawn(&o, &p), -EACCES);
	o.path = "/bin/sh";
	o.cwd = "/nowhere";
	cr_expect_eq(plx_process_spawn(&o, &p), -ENOENT);
	cr_expect_eq(p.pid, 4711, "it is written on success only");
	expect_childless();
	return 0;
}

Test(spawn, what_cannot_run_is_told_at_once)
{
	if (!failures_are_told())
		cr_skip_test("a failed exec is not told here");
	cr_expect_eq(run_on(NULL, refuse, NULL), 0);
}

static int
misuse(void *arg)
{
	const char *argv[] = {"/bin/sh", "-c", "exit 0", NULL};
	struct plx_process_options o = {.argv = argv + 3};
	struct plx_process p = {.pid = 4711};

	(void)arg;
	cr_expect_eq(plx_process_spawn(NULL, &p), -EINVAL);
	cr_expect_eq(plx_process_spawn(&o, &p), -EINVAL, "no name");
	o.argv = NULL;
	cr_expect_eq(plx_process_spawn(&o, &p), -EINVAL);
	o.argv = argv;
	cr_expect_eq(plx_process_spawn(&o, NULL), -EINVAL);
	o.out.kind = PLX_STDIO_OUT;
	cr_expect_eq(plx_process_spawn(&o, &p), -EINVAL);
	o.out.kind = (enum plx_stdio_kind)77;
	cr_expect_eq(plx_process_spawn(&o, &p), -EINVAL);
	o.out = (struct plx_stdio){PLX_STDIO_FD, -1};
	cr_expect_eq(plx_process_spawn(&o, &p), -EBADF);
	plx_cancel(plx_self());
	o.out.kind = PLX_STDIO_INHERIT;
	cr_expect_eq(plx_process_spawn(&o, &p), -ECANCELED);
	cr_expect_eq(p.pid, 4711);
	return 0;
}
IN_A_TASK(spawn, misuse_is_refused, misuse)

Test(spawn, outside_a_task_nothing_starts)
{
	const char *argv[] = {"/bin/sh", NULL};
	const struct plx_process_options o = {.argv = argv};
	struct plx_process p;

	cr_expect_eq(plx_process_spawn(&o, &p), -EPERM);
}

/* Whatever fails, at the K-th call: an error, or a process that ends. */
static int
fail_at(int k, int with)
{
	const char *argv[] = {"/bin/sh", "-c", "exit 3", NULL};
	const struct plx_process_options o = {
		.argv = argv,
		.in = {.kind = PLX_STDIO_PIPE},
		.out = {.kind = PLX_STDIO_PIPE},
		.err = {.kind = PLX_STDIO_PIPE},
	};
	struct plx_process p;
	int r;

	support_sys.fails =
		SUPPORT_SPAWN | SUPPORT_OPEN | SUPPORT_RESIZE | SUPPORT_CHANGE;
	support_sys.fail_with = with;
	support_sys.fail_at = k;
	r = plx_process_spawn(&o, &p);
	if (r < 0)
		cr_expect(r == -with || r == -ENOMEM, "%d: %d", k, r);
	else
		cr_expect_eq(outcome(&p), 3, "%d", k);
	r = support_sys.fail_at == 0;
	support_sys.fail_at = 0;
	return r;
}

static int
fail_each(void *arg)
{
	static const int errors[] = {ENOMEM, EMFILE, EAGAIN, ENOSYS};

	(void)arg;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		int k = 1;

		while (fail_at(k, errors[i]))
			k++;
		cr_expect_gt(k, 8, "%d calls can fail", k);
	}
	return 0;
}

Test(spawn, whatever_fails_nothing_is_left_behind)
{
	cr_expect_eq(run_on(NULL, fail_each, NULL), 0);
	expect_childless();
}
