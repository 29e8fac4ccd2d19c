/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sys_process.c: the table's entries about other processes: the two rules
 * of sys.h, and what a process is started with.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "support.h"

#define SYS (&plx__sys_real)

/* Asserts that CALL answers WANT and leaves errno alone. */
#define IS(CALL, WANT)                                                    \
	do {                                                              \
		long long got_;                                           \
		errno = 4711;                                             \
		got_ = (long long)(CALL);                                 \
		cr_assert(got_ == (long long)(WANT), "%s is %lld", #CALL, \
			  got_);                                          \
		cr_assert(errno == 4711, "%s changed errno", #CALL);      \
	} while (0)

static pid_t
start(const char *script, int in, int out)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	const struct plx_spawn what = {
		.path = "/bin/sh",
		.argv = argv,
		.fd = {in, out, PLX_SPAWN_KEEP},
	};
	pid_t pid;

	errno = 4711;
	pid = SYS->spawn(SYS, &what);
	cr_assert_eq(errno, 4711);
	cr_assert_gt(pid, 0, "%s: %s", script, strerror(-pid));
	return pid;
}

static int
reap(pid_t pid)
{
	int status = -1;

	IS(SYS->waitpid(SYS, pid, &status, 0), pid);
	return status;
}

Test(sys_process, strangers_are_answers)
{
	int status = 0;

	IS(SYS->kill(SYS, getpid(), 0), 0);
	IS(SYS->kill(SYS, getpid(), 10000), -EINVAL);
	IS(SYS->waitpid(SYS, getpid(), &status, WNOHANG), -ECHILD);
	IS(SYS->set_nonblock(SYS, -1, 0), -EBADF);
}

Test(sys_process, a_pidfd_signals_what_it_was_opened_for)
{
	pid_t pid = start("kill -STOP $$", PLX_SPAWN_KEEP, PLX_SPAWN_KEEP);
	int fd = SYS->pidfd_open(SYS, pid);

	if (fd == -ENOSYS) {
		kill(pid, SIGKILL);
		reap(pid);
		cr_skip_test("no pidfd here");
	}
	cr_assert_geq(fd, 0);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	IS(SYS->pidfd_kill(SYS, fd, SIGKILL), 0);
	cr_assert_eq(reap(pid), SIGKILL);
	IS(SYS->pidfd_kill(SYS, fd, SIGKILL), -ESRCH);
	IS(SYS->close(SYS, fd), 0);
	IS(SYS->pidfd_kill(SYS, fd, SIGKILL), -EBADF);
	IS(SYS->pidfd_open(SYS, -1), -EINVAL);
}

Test(sys_process, blocking_is_the_flag_taken_off)
{
	int fd[2];

	IS(SYS->pipe(SYS, fd), 0);
	IS(SYS->set_nonblock(SYS, fd[0], 0), 1);
	cr_assert_not(fcntl(fd[0], F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(fd[1], F_GETFL) & O_NONBLOCK);
	close(fd[0]);
	close(fd[1]);
}

/* Whether this system (an emulator may not) tells of an exec that failed. */
static void
skip_unless_told(void)
{
	char path[] = "/nowhere";
	char *argv[] = {path, NULL};
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, argv + 1) == 0) {
		waitpid(pid, NULL, 0);
		cr_skip_test("a failed exec is not told here");
	}
}

Test(sys_process, what_cannot_run_is_an_answer)
{
	const char *argv[] = {"x", NULL};
	struct plx_spawn what = {
		.path = "/nowhere/x",
		.argv = argv,
		.fd = {PLX_SPAWN_KEEP, PLX_SPAWN_KEEP, PLX_SPAWN_KEEP},
	};

	skip_unless_told();
	IS(SYS->spawn(SYS, &what), -ENOENT);
	what.path = "/";
	IS(SYS->spawn(SYS, &what), -EACCES);
	what.path = "/bin/sh";
	what.cwd = "/nowhere";
	IS(SYS->spawn(SYS, &what), -ENOENT);
	what.cwd = NULL;
	what.fd[2] = -5;
	IS(SYS->spawn(SYS, &what), -EBADF);
	what.fd[2] = 1000000;
	IS(SYS->spawn(SYS, &what), -EBADF);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
	cr_assert_eq(errno, ECHILD, "nothing is left");
}

Test(sys_process, no_descriptor_for_a_copy_is_an_answer)
{
	const char *argv[] = {"sh", NULL};
	const struct plx_spawn what = {
		.path = "/bin/sh",
		.argv = argv,
		.fd = {1, PLX_SPAWN_KEEP, PLX_SPAWN_KEEP},
	};
	struct rlimit limit, few;

	if (RUNNING_ON_VALGRIND)
		cr_skip_test("valgrind keeps the limit in its own way");
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	few.rlim_cur = 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	IS(SYS->spawn(SYS, &what), -EINVAL);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
	cr_assert_eq(errno, ECHILD, "nothing was started");
}

Test(sys_process, ignored_and_blocked_signals_stay_here)
{
	sigset_t set;
	pid_t pid;

	signal(SIGUSR1, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = start("kill -USR1 $$; exit 3", -1, -1);
	cr_assert_eq(reap(pid), SIGUSR1);
	pid = start("kill -TERM $$; exit 3", -1, -1);
	cr_assert_eq(reap(pid), SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* What the child reads from its standard input it writes to its output. */
static void
pass_through(int in, int out, int to, int from)
{
	char buf[4] = "abc";
	pid_t pid = start("read x; echo $x", in, out);

	cr_assert_eq(write(to, "ab\n", 3), 3);
	cr_assert_eq(reap(pid), 0);
	memset(buf, 0, sizeof(buf));
	cr_assert_eq(read(from, buf, 3), 3);
	cr_assert_str_eq(buf, "ab\n");
}

Test(sys_process, standard_descriptors_may_change_places)
{
	int had[2] = {fcntl(0, F_DUPFD_CLOEXEC, 10),
		      fcntl(1, F_DUPFD_CLOEXEC, 10)};
	int in[2], out[2];
	int fds;

	support_pipe(in);
	support_pipe(out);
	SYS->set_nonblock(SYS, in[0], 0);
	dup2(in[0], 1);
	dup2(out[1], 0);
	fds = support_count_fds();
	pass_through(1, 0, in[1], out[0]);
	dup2(in[0], 0);
	dup2(out[1], 1);
	fcntl(0, F_SETFD, FD_CLOEXEC);
	pass_through(0, 1, in[1], out[0]);
	cr_expect_eq(support_count_fds(), fds);
	dup2(had[0], 0);
	dup2(had[1], 1);
}

Test(sys_process, null_is_both_empty_and_patient)
{
	pid_t pid = start("read x || echo much && exit 4", PLX_SPAWN_NULL,
			  PLX_SPAWN_NULL);
	int status;

	status = reap(pid);
	cr_assert_eq(WEXITSTATUS(status), 4);
}
