/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kqueue.c: the stand-in for kqueue(2): the call itself.
 *
 * Timeouts, the change list and its errors, and what is refused.  The other
 * files of this program, kqueue_*.c, are about one kind of event each.
 */
#include <config.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>
#include "kqueue_common.h"

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

Test(kqueue, without_room_returns_at_once_whatever_the_timeout)
{
	struct timespec bad = {.tv_sec = -1};
	struct fixture f = begin();

	cr_assert_eq(kevent(f.kq, NULL, 0, NULL, 0, NULL), 0);
	cr_assert_eq(kevent(f.kq, NULL, 0, NULL, 0, &bad), 0);
	end(&f);
}

Test(kqueue, waits_no_less_than_its_timeout)
{
	struct timespec ts = {.tv_nsec = 50000000};
	struct fixture f = begin();
	int64_t start = now();
	struct kevent out;

	cr_assert_eq(kevent(f.kq, NULL, 0, &out, 1, &ts), 0);
	cr_assert(now() - start >= 50000000);
	end(&f);
}

Test(kqueue, refuses_what_is_no_time_after_making_the_changes)
{
	const struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}};
	struct fixture f = begin();
	struct kevent k, out;

	for (unsigned i = 0; i < 3; i++) {
		EV_SET(&k, i, EVFILT_USER, EV_ADD, 0, 0, NULL);
		errno = 0;
		cr_assert_eq(kevent(f.kq, &k, 1, &out, 1, &bad[i]), -1);
		cr_assert_eq(errno, EINVAL);
		cr_assert_eq(user(f.kq, i, EV_DELETE, 0), 0);
	}
	end(&f);
}

static void *
ring_from_thread(void *arg)
{
	const int *kq = arg;

	user(*kq, 1, 0, NOTE_TRIGGER);
	return NULL;
}

Test(kqueue, without_timeout_is_woken_by_another_thread)
{
	struct fixture f = begin();
	struct kevent out;
	pthread_t thread;

	cr_assert_eq(user(f.kq, 1, EV_ADD | EV_CLEAR, 0), 0);
	pthread_create(&thread, NULL, ring_from_thread, &f.kq);
	cr_assert_eq(kevent(f.kq, NULL, 0, &out, 1, NULL), 1);
	cr_assert_eq(out.filter, EVFILT_USER);
	pthread_join(thread, NULL);
	end(&f);
}

/* Three changes, the one in the middle for a number that is not open. */
static void
bad_in_the_middle(struct kevent k[3], int fd)
{
	EV_SET(&k[0], fd, EVFILT_READ, EV_ADD, 0, 0, &k[0]);
	EV_SET(&k[1], 9999, EVFILT_READ, EV_ADD, 0, 0, &k[1]);
	EV_SET(&k[2], fd, EVFILT_WRITE, EV_ADD, 0, 0, &k[2]);
}

Test(kqueue, with_room_tells_errors_in_entries_and_does_the_rest)
{
	struct fixture f = begin();
	struct kevent k[3], out[3];
	int fd[2];

	support_unix_pair(fd);
	bad_in_the_middle(k, fd[0]);
	/* No timeout, and it does not wait; fd[0] is writable, not told. */
	cr_assert_eq(kevent(f.kq, k, 3, out, 3, NULL), 1);
	cr_assert_eq(out[0].flags, EV_ERROR);
	cr_assert_eq(out[0].data, EBADF);
	cr_assert_eq(out[0].ident, 9999);
	cr_assert_eq(out[0].udata, &k[1]);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_DELETE), 0);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_WRITE, EV_DELETE), 0);
	close_both(fd);
	end(&f);
}

Test(kqueue, without_room_ends_at_the_first_error)
{
	struct fixture f = begin();
	struct kevent k[3];
	int fd[2];

	support_unix_pair(fd);
	bad_in_the_middle(k, fd[0]);
	cr_assert_eq(kevent(f.kq, k, 3, NULL, 0, NULL), -1);
	cr_assert_eq(errno, EBADF);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_DELETE), 0);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_WRITE, EV_DELETE), ENOENT);
	close_both(fd);
	end(&f);
}

Test(kqueue, whose_room_runs_out_loses_the_entries_written)
{
	struct fixture f = begin();
	struct kevent k[2], out[1];

	EV_SET(&k[0], 9998, EVFILT_READ, EV_ADD, 0, 0, NULL);
	EV_SET(&k[1], 9999, EVFILT_READ, EV_DELETE, 0, 0, NULL);
	cr_assert_eq(kevent(f.kq, k, 2, out, 1, NULL), -1);
	cr_assert_eq(errno, EBADF);
	end(&f);
}

Test(kqueue, gives_a_receipt_for_each_change_that_asks)
{
	struct fixture f = begin();
	struct kevent k[2], out[2];
	int fd[2];

	support_unix_pair(fd);
	EV_SET(&k[0], fd[0], EVFILT_WRITE, EV_ADD | EV_RECEIPT, 0, 0, NULL);
	EV_SET(&k[1], fd[0], EVFILT_READ, EV_DELETE | EV_RECEIPT, 0, 0, NULL);
	cr_assert_eq(kevent(f.kq, k, 2, out, 2, NULL), 2);
	cr_assert_eq(out[0].flags, EV_ERROR);
	cr_assert_eq(out[0].data, 0);
	cr_assert_eq(out[1].data, ENOENT);
	ONE(f.kq, fd[0], EVFILT_WRITE, &out[0]);
	cr_assert(out[0].flags & EV_RECEIPT, "it stays with the knote");
	close_both(fd);
	end(&f);
}

Test(kqueue, stops_silently_at_a_receipt_without_room)
{
	struct fixture f = begin();
	struct kevent k[2];
	int fd[2];

	support_unix_pair(fd);
	EV_SET(&k[0], fd[0], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, NULL);
	EV_SET(&k[1], fd[0], EVFILT_WRITE, EV_ADD | EV_RECEIPT, 0, 0, NULL);
	cr_assert_eq(kevent(f.kq, k, 2, NULL, 0, NULL), 0);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_DELETE), 0);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_WRITE, EV_DELETE), ENOENT);
	close_both(fd);
	end(&f);
}

Test(kqueue, takes_one_array_for_both_lists)
{
	struct timespec zero = {0};
	struct fixture f = begin();
	struct kevent k[2];
	int fd[2];

	support_unix_pair(fd);
	EV_SET(&k[0], fd[0], EVFILT_READ, EV_ADD, 0, 0, NULL);
	EV_SET(&k[1], fd[0], EVFILT_WRITE, EV_ADD, 0, 0, NULL);
	cr_assert_eq(kevent(f.kq, k, 2, k, 2, &zero), 1);
	cr_assert_eq(k[0].filter, EVFILT_WRITE);
	close_both(fd);
	end(&f);
}

Test(kqueue, makes_many_changes_in_one_call)
{
	struct timespec zero = {0};
	struct fixture f = begin();
	struct kevent k[40];

	for (unsigned i = 0; i < 20; i++) {
		EV_SET(&k[i], i, EVFILT_USER, EV_ADD, 0, 0, NULL);
		EV_SET(&k[20 + i], i, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
	}
	cr_assert_eq(kevent(f.kq, k, 40, k, 40, &zero), 20);
	end(&f);
}

Test(kqueue, skips_filter_zero_and_refuses_unknown_ones)
{
	struct fixture f = begin();

	cr_assert_eq(change(f.kq, f.kq, 0, EV_ADD), 0);
	cr_assert_eq(change(f.kq, f.kq, -99, EV_ADD), EINVAL);
	end(&f);
}

Test(kqueue, tells_what_is_not_registered_from_what_is_not_open)
{
	struct fixture f = begin();
	int fd[2];

	support_pipe(fd);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_DELETE), ENOENT);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_ENABLE), ENOENT);
	close_both(fd);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_DELETE), EBADF);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_ADD), EBADF);
	cr_assert_eq(change(f.kq, -1, EVFILT_READ, EV_ADD), EBADF);
	end(&f);
}

Test(kqueue, refuses_regular_files_and_dev_null)
{
	struct fixture f = begin();
	int null = open("/dev/null", O_RDWR), directory = open("/", O_RDONLY);

	cr_assert_eq(change(f.kq, null, EVFILT_READ, EV_ADD), ENODEV);
	cr_assert_eq(change(f.kq, directory, EVFILT_READ, EV_ADD), EINVAL);
	close(null);
	close(directory);
	end(&f);
}

Test(kqueue, is_asked_only_through_an_open_queue)
{
	struct fixture f = begin();
	int kq = kqueue();
	int fd[2];

	support_pipe(fd);
	cr_assert_eq(change(fd[0], fd[0], EVFILT_READ, EV_ADD), EBADF);
	close(kq);
	cr_assert_eq(change(kq, fd[0], EVFILT_READ, EV_ADD), EBADF);
	close_both(fd);
	end(&f);
}

Test(kqueue, leaves_errno_alone_when_it_succeeds)
{
	struct fixture f = begin();
	struct kevent out;
	int fd[2];

	support_unix_pair(fd);
	errno = 4711;
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
	ONE(f.kq, fd[0], EVFILT_WRITE, &out);
	cr_assert_eq(errno, 4711);
	close_both(fd);
	end(&f);
}
