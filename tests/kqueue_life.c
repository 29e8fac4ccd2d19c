/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue_life.c: descriptors that are closed and reused, threads, forks,
 * signals, user events, and a queue that is itself waited for.
 */
#include <config.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "kqueue_common.h"

Test(kqueue_descriptor, closed_is_forgotten_and_its_number_begins_anew)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2], again[2], mark;

	support_pipe(fd);
	put_bytes(fd[1], 1);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	close_both(fd);
	QUIET(f.kq);
	support_pipe(again);
	cr_assert_eq(again[0], fd[0], "the number is used again");
	put_bytes(again[1], 1);
	QUIET(f.kq);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_DELETE), ENOENT);
	change_with(f.kq, fd[0], EVFILT_READ, EV_ADD, &mark);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert_eq(k.udata, &mark);
	close_both(again);
	end(&f);
}

Test(kqueue_descriptor, closed_is_forgotten_though_a_duplicate_lives)
{
	struct fixture f = begin();
	int fd[2], copy;

	support_pipe(fd);
	copy = dup(fd[0]);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	close(fd[0]);
	put_bytes(fd[1], 1);
	QUIET(f.kq);
	close(copy);
	close(fd[1]);
	end(&f);
}

Test(kqueue_descriptor, replaced_by_dup2_is_forgotten)
{
	struct fixture f = begin();
	int fd[2], other[2];

	support_pipe(fd);
	support_pipe(other);
	put_bytes(fd[1], 1);
	put_bytes(other[1], 1);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	cr_assert_eq(dup2(fd[0], fd[0]), fd[0]);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_ENABLE), 0);
	cr_assert_eq(dup2(other[0], fd[0]), fd[0]);
	QUIET(f.kq);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_ENABLE), ENOENT);
	close_both(fd);
	close_both(other);
	end(&f);
}

struct errand {
	int kq;
	int fd;
	int other; /* written to at last */
};

static void *
add_from_thread(void *arg)
{
	const struct errand *e = arg;

	change(e->kq, e->fd, EVFILT_READ, EV_ADD);
	return NULL;
}

Test(kqueue_thread, adds_while_another_waits)
{
	struct fixture f = begin();
	pthread_t thread;
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	put_bytes(fd[1], 1);
	pthread_create(&thread, NULL, add_from_thread,
		       &(struct errand){.kq = f.kq, .fd = fd[0]});
	cr_assert_eq(kevent(f.kq, NULL, 0, &k, 1, NULL), 1);
	cr_assert_eq((int)k.ident, fd[0]);
	pthread_join(thread, NULL);
	close_both(fd);
	end(&f);
}

/* Removes one by closing it, lets it be ready, then rings with the other. */
static void *
close_from_thread(void *arg)
{
	const struct errand *e = arg;

	close(e->fd);
	put_bytes(e->other, 1);
	return NULL;
}

Test(kqueue_thread, closes_while_another_waits_without_an_event)
{
	struct fixture f = begin();
	int fd[2], other[2];
	pthread_t thread;
	struct kevent k;

	support_pipe(fd);
	support_pipe(other);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	change(f.kq, other[0], EVFILT_READ, EV_ADD);
	pthread_create(
		&thread, NULL, close_from_thread,
		&(struct errand){.kq = f.kq, .fd = fd[0], .other = other[1]});
	cr_assert_eq(kevent(f.kq, NULL, 0, &k, 1, NULL), 1);
	cr_assert_eq((int)k.ident, other[0]);
	pthread_join(thread, NULL);
	close(fd[1]);
	close_both(other);
	end(&f);
}

static void
nothing(int signo)
{
	(void)signo;
}

Test(kqueue_signal, ends_a_wait_and_leaves_the_changes_made)
{
	struct sigaction act = {.sa_handler = nothing};
	struct itimerval soon = {.it_value.tv_usec = 20000};
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	EV_SET(&k, fd[0], EVFILT_READ, EV_ADD, 0, 0, NULL);
	cr_assert_eq(kevent(f.kq, &k, 1, &k, 1, NULL), -1);
	cr_assert_eq(errno, EINTR);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_DELETE), 0);
	close_both(fd);
	end(&f);
}

/* What a child finds: a bit for each thing that is not so. */
static int
child(const struct fixture *f, int fd)
{
	int wrong = change(f->kq, fd, EVFILT_READ, EV_DELETE) != EBADF;
	int kq = kqueue();

	wrong |= (kq != f->kq) << 1;
	wrong |= (change(kq, fd, EVFILT_READ, EV_DELETE) != ENOENT) << 2;
	wrong |= (change(kq, fd, EVFILT_READ, EV_ADD) != 0) << 3;
	return wrong;
}

Test(kqueue_fork, leaves_the_queue_to_the_parent)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2], status;
	pid_t pid;

	support_pipe(fd);
	put_bytes(fd[1], 1);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	pid = fork();
	if (pid == 0) {
		_exit(child(&f, fd[0]));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "child: %#x", (unsigned)status);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	take_bytes(fd[0], 1);
	QUIET(f.kq);
	put_bytes(fd[1], 1);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	close_both(fd);
	end(&f);
}

Test(kqueue_user, triggers_coalesce_and_wait_for_the_first_look)
{
	struct fixture f = begin();
	struct kevent k;

	cr_assert_eq(user(f.kq, 7, EV_ADD | EV_CLEAR, NOTE_TRIGGER), 0);
	QUIET(f.kq);
	user(f.kq, 7, 0, NOTE_TRIGGER | NOTE_FFOR | 0x1);
	user(f.kq, 7, 0, NOTE_TRIGGER | NOTE_FFOR | 0x2);
	ONE(f.kq, 7, EVFILT_USER, &k);
	cr_assert_eq(k.fflags, 0x3);
	QUIET(f.kq);
	end(&f);
}

Test(kqueue_user, without_clear_lasts_until_cleared)
{
	struct fixture f = begin();
	struct kevent k;

	user(f.kq, 7, EV_ADD, 0);
	user(f.kq, 7, 0, NOTE_TRIGGER);
	ONE(f.kq, 7, EVFILT_USER, &k);
	ONE(f.kq, 7, EVFILT_USER, &k);
	user(f.kq, 7, EV_CLEAR, 0);
	QUIET(f.kq);
	cr_assert_eq(user(f.kq, 8, 0, NOTE_TRIGGER), ENOENT);
	end(&f);
}

static short
poll_queue(int kq)
{
	struct pollfd p = {.fd = kq, .events = POLLIN};

	poll(&p, 1, 0);
	return p.revents;
}

Test(kqueue_queue, is_readable_while_it_has_something_to_tell)
{
	struct fixture f = begin();
	int fd[2];

	support_unix_pair(fd);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	cr_assert_eq(poll_queue(f.kq), 0);
	put_bytes(fd[1], 1);
	cr_assert_eq(poll_queue(f.kq), POLLIN);
	take_bytes(fd[0], 1);
	QUIET(f.kq);
	cr_assert_eq(poll_queue(f.kq), 0);
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
	cr_assert_eq(poll_queue(f.kq), POLLIN);
	change(f.kq, fd[0], EVFILT_WRITE, EV_DISABLE);
	cr_assert_eq(poll_queue(f.kq), 0);
	close_both(fd);
	end(&f);
}

Test(kqueue_queue, in_a_queue_is_told_of)
{
	struct fixture f = begin();
	int inner = kqueue();
	struct kevent k;

	user(inner, 1, EV_ADD | EV_CLEAR, 0);
	cr_assert_eq(change(f.kq, inner, EVFILT_READ, EV_ADD), 0);
	QUIET(f.kq);
	user(inner, 1, 0, NOTE_TRIGGER);
	ONE(f.kq, inner, EVFILT_READ, &k);
	ONE(inner, 1, EVFILT_USER, &k);
	QUIET(f.kq);
	close(inner);
	end(&f);
}
