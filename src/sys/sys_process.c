/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_process.c: other processes: started, signalled, reaped.
 *
 * Starting is posix_spawn(3).  It copies no page tables, however many stacks
 * there are, is safe beside other threads, and tells the error of the exec
 * itself.  (Emulators that turn its vfork into a fork cannot: under valgrind
 * and qemu such a child exits with 127.)
 *
 * Traps.  What becomes 0, 1 or 2 may be one of these itself, so that the
 * copies would overwrite one another: it is copied out of the way first.  And a
 * dup2 of a descriptor onto itself leaves it close-on-exec on older systems,
 * which the same copy mends.
 */
#include <config.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sys_int.h"

#ifdef __linux__
#include <sys/syscall.h>
#endif
#if !defined(SYS_pidfd_open) || !defined(SYS_pidfd_send_signal)
#undef SYS_pidfd_open
#undef SYS_pidfd_send_signal
#define SYS_pidfd_open 0
#define SYS_pidfd_send_signal 0
#define syscall(...) plx__sys_absent(__VA_ARGS__)
#endif

extern char **environ;

/* The three functions here return an error number, as posix_spawn does. */
static int
add_cwd(posix_spawn_file_actions_t *fa, const char *cwd)
{
	if (!cwd)
		return 0;
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCHDIR_NP
	return posix_spawn_file_actions_addchdir_np(fa, cwd);
#else
	(void)fa;
	return ENOSYS;
#endif
}

/* COPY is where a copy of FD that has to be closed is kept. */
static int
add_fd(posix_spawn_file_actions_t *fa, int i, int fd, int *copy)
{
	if (fd == PLX_SPAWN_KEEP)
		return 0;
	if (fd == PLX_SPAWN_NULL)
		return posix_spawn_file_actions_addopen(fa, i, "/dev/null",
							O_RDWR, 0);
	if (fd >= 0 && fd < 3) {
		fd = *copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return errno;
	}
	return posix_spawn_file_actions_adddup2(fa, fd, i);
}

static int
set_attributes(posix_spawnattr_t *attr, int group)
{
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t set;
	int error;

	if (group)
		flags |= POSIX_SPAWN_SETPGROUP;
	sigemptyset(&set);
	error = posix_spawnattr_setsigmask(attr, &set);
	sigfillset(&set);
	sigdelset(&set, SIGKILL);
	sigdelset(&set, SIGSTOP);
	if (!error)
		error = posix_spawnattr_setsigdefault(attr, &set);
	if (!error)
		error = posix_spawnattr_setpgroup(attr, 0);
	return error ? error : posix_spawnattr_setflags(attr, flags);
}

/* The strings are not written to, whatever the prototypes say. */
static int
start(pid_t *pid, const struct plx_spawn *what,
      const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr)
{
	char *const *argv = (char *const *)(uintptr_t)what->argv;
	char *const *envp = (char *const *)(uintptr_t)what->envp;

	if (!envp)
		envp = environ;
	if (what->search)
		return posix_spawnp(pid, what->path, fa, attr, argv, envp);
	return posix_spawn(pid, what->path, fa, attr, argv, envp);
}

/* With FA and ATTR, which are fresh. */
static int
spawn_with(pid_t *pid, const struct plx_spawn *what,
	   posix_spawn_file_actions_t *fa, posix_spawnattr_t *attr)
{
	int copy[3] = {-1, -1, -1};
	int error = add_cwd(fa, what->cwd);
	int i;

	for (i = 0; !error && i < 3; i++)
		error = add_fd(fa, i, what->fd[i], &copy[i]);
	if (!error)
		error = set_attributes(attr, what->group);
	if (!error)
		error = start(pid, what, fa, attr);
	for (i = 0; i < 3; i++) {
		if (copy[i] >= 0)
			close(copy[i]);
	}
	return error;
}

pid_t
plx__sys_spawn(SELF, const struct plx_spawn *what)
{
	int kept = errno;
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	pid_t pid = -1;
	int error;

	error = posix_spawn_file_actions_init(&fa);
	if (error)
		goto out;
	error = posix_spawnattr_init(&attr);
	if (!error) {
		error = spawn_with(&pid, what, &fa, &attr);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&fa);
out:
	errno = kept;
	return error ? -error : pid;
}

int
plx__sys_kill(SELF, pid_t pid, int signo)
{
	int kept = errno;

	return kill(pid, signo) < 0 ? plx__sys_failure(kept) : 0;
}

pid_t
plx__sys_waitpid(SELF, pid_t pid, int *status, int flags)
{
	int kept = errno;
	pid_t got = waitpid(pid, status, flags);

	return got < 0 ? plx__sys_failure(kept) : got;
}

int
plx__sys_pidfd_open(SELF, pid_t pid)
{
	int kept = errno;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? plx__sys_failure(kept) : fd;
}

int
plx__sys_pidfd_kill(SELF, int pidfd, int signo)
{
	int kept = errno;
	long ret = syscall(SYS_pidfd_send_signal, pidfd, signo,
			   (siginfo_t *)NULL, 0);

	return ret < 0 ? plx__sys_failure(kept) : 0;
}
