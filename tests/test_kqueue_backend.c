/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kqueue_backend.c: what the kqueue backend makes of kernels that differ.
 *
 * That it keeps the contract of backend.h on one kernel is the business of
 * the conformance suite; here are the answers of other kernels, the cost of a
 * change, and what must not be left behind in the kernel.  Ends and errors are
 * in kqueue_hangups.c.
 */
#include <config.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "kqueue_quirks.h"

Test(kqueue_backend, leaves_nothing_behind_when_half_of_an_add_fails)
{
	struct bent b = bent_begin();
	int fd[2];

	support_unix_pair(fd);
	quirks.refuse = ENOMEM;
	quirks.filter = EVFILT_WRITE;
	cr_assert_eq(bent_set(&b, fd[0], 0, BOTH), -ENOMEM);
	cr_assert(!bent_has_knote(&b, fd[0], EVFILT_READ));
	put_byte(fd[1]);
	cr_assert_eq(bent_look(&b, fd[0]), 0);
	close_both(fd);
	bent_end(&b);
}

Test(kqueue_backend, keeps_the_old_registration_when_a_modify_fails)
{
	struct bent b = bent_begin();
	int fd[2];

	support_unix_pair(fd);
	put_byte(fd[1]);
	cr_assert_eq(bent_set(&b, fd[0], 0, READ), 0);
	quirks.refuse = ENOMEM;
	quirks.filter = EVFILT_WRITE;
	cr_assert_eq(bent_set(&b, fd[0], READ, BOTH), -ENOMEM);
	cr_assert_eq(bent_look(&b, fd[0]), READ);
	cr_assert_eq(bent_set(&b, fd[0], READ, WRITE), -ENOMEM);
	cr_assert_eq(bent_look(&b, fd[0]), READ);
	cr_assert_eq(bent_set(&b, fd[0], READ, BOTH | EDGE), -ENOMEM);
	cr_assert_eq(bent_look(&b, fd[0]), READ);
	cr_assert_eq(bent_look(&b, fd[0]), READ, "still level");
	quirks.fail = EINTR;
	cr_assert_eq(bent_set(&b, fd[0], READ, WRITE), -EINTR);
	cr_assert_eq(bent_look(&b, fd[0]), READ);
	close_both(fd);
	bent_end(&b);
}

/* A life: silent, ready, both, one-shot, edge, gone. */
static void
live(struct bent *b)
{
	int fd[2];

	support_unix_pair(fd);
	cr_assert_eq(bent_set(b, fd[0], 0, READ), 0);
	cr_assert_eq(bent_look(b, fd[0]), 0);
	put_byte(fd[1]);
	cr_assert_eq(bent_look(b, fd[0]), READ);
	cr_assert_eq(bent_set(b, fd[0], READ, BOTH), 0);
	cr_assert_eq(bent_look(b, fd[0]), BOTH);
	cr_assert_eq(bent_set(b, fd[0], BOTH, BOTH | ONCE), 0);
	cr_assert_eq(bent_look(b, fd[0]), BOTH);
	cr_assert_eq(bent_look(b, fd[0]), 0);
	cr_assert_eq(bent_set(b, fd[0], ONCE, READ | ONCE), 0);
	cr_assert_eq(bent_look(b, fd[0]), READ);
	cr_assert_eq(bent_look(b, fd[0]), 0);
	cr_assert_eq(bent_set(b, fd[0], ONCE, WRITE | EDGE), 0);
	cr_assert_eq(bent_look(b, fd[0]), WRITE);
	cr_assert_eq(bent_look(b, fd[0]), 0);
	cr_assert_eq(bent_set(b, fd[0], WRITE | EDGE, READ), 0);
	cr_assert_eq(bent_look(b, fd[0]), READ);
	close(fd[0]);
	cr_assert_eq(bent_set(b, fd[0], READ, 0), 0);
	cr_assert_eq(bent_look(b, fd[0]), 0);
	close(fd[1]);
}

Test(kqueue_backend, leads_the_same_life_over_every_kernel)
{
	struct bent b = bent_begin();

	live(&b);
	quirks.echo = 1;
	live(&b);
	quirks.or_error = 1;
	live(&b);
	quirks.uncounted = 1;
	live(&b);
	quirks.sleepy = 1;
	live(&b);
	bent_end(&b);
}

Test(kqueue_backend, is_not_misled_by_an_errno_of_somebody_elses)
{
	struct bent b = bent_begin();

	kqueue_careless = 1;
	errno = EAGAIN;
	live(&b);
	cr_expect_eq(errno, EAGAIN);
	bent_end(&b);
}

Test(kqueue_backend, removes_what_the_kernel_has_forgotten)
{
	const int errors[] = {ENOENT, EBADF, EINVAL};
	struct bent b = bent_begin();
	int fd[2];

	for (int i = 0; i < 3; i++) {
		quirks.delete = errors[i];
		support_pipe(fd);
		cr_assert_eq(bent_set(&b, fd[0], 0, READ), 0);
		cr_assert_eq(bent_set(&b, fd[0], READ, 0), 0);
		close_both(fd);
	}
	bent_end(&b);
}

/* Sets OLD on a pipe's end and puts another file in its place. */
static int
replaced(struct bent *b, unsigned old, int other)
{
	int fd[2];

	support_pipe(fd);
	cr_assert_eq(bent_set(b, fd[0], 0, old), 0);
	cr_assert_eq(dup2(other, fd[0]), fd[0]);
	close(fd[1]);
	return fd[0];
}

Test(kqueue_backend, puts_no_knote_on_a_file_that_took_the_number)
{
	const unsigned masks[][2] = {
		{READ, READ},
		{READ, BOTH},
		{READ, WRITE},
		{READ, READ | EDGE},
		{READ | ONCE, WRITE | ONCE},
		{READ | ONCE, BOTH | ONCE},
		{READ | ONCE, READ | ONCE},
		{READ | EDGE, READ | EDGE},
		{READ | EDGE, WRITE | EDGE},
	};
	struct bent b = bent_begin();
	int other[2], fd;

	support_unix_pair(other);
	for (unsigned i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		fd = replaced(&b, masks[i][0], other[0]);
		cr_assert_eq(bent_set(&b, fd, masks[i][0], masks[i][1]),
			     -ENOENT, "case %u", i);
		cr_assert(!bent_has_knote(&b, fd, EVFILT_READ), "case %u", i);
		cr_assert(!bent_has_knote(&b, fd, EVFILT_WRITE), "case %u", i);
		close(fd);
		cr_assert_eq(bent_set(&b, fd, masks[i][0], masks[i][1]),
			     -ENOENT);
		cr_assert_eq(bent_set(&b, fd, masks[i][0], 0), 0);
	}
	close_both(other);
	bent_end(&b);
}

Test(kqueue_backend, probing_leaves_a_fired_oneshot_silent)
{
	struct bent b = bent_begin();
	int fd[2];

	support_unix_pair(fd);
	cr_assert_eq(bent_set(&b, fd[0], 0, BOTH | ONCE), 0);
	cr_assert_eq(bent_look(&b, fd[0]), WRITE);
	put_byte(fd[1]);
	cr_assert_eq(bent_look(&b, fd[0]), 0, "the other half as well");
	cr_assert_eq(bent_set(&b, fd[0], ONCE, ONCE), 0);
	cr_assert_eq(bent_look(&b, fd[0]), 0);
	close_both(fd);
	bent_end(&b);
}

Test(kqueue_backend, makes_each_change_in_one_call)
{
	const unsigned masks[] = {READ,	       BOTH,	    WRITE,	 READ,
				  READ | ONCE, BOTH | ONCE, EDGE | READ, 0};
	struct bent b = bent_begin();
	unsigned old = 0;
	int fd[2];

	support_unix_pair(fd);
	for (unsigned i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		quirks.calls = 0;
		cr_assert_eq(bent_set(&b, fd[0], old, masks[i]), 0);
		cr_assert_eq(quirks.calls, 1, "%u: %d calls", i, quirks.calls);
		old = masks[i];
	}
	close_both(fd);
	bent_end(&b);
}

Test(kqueue_backend, waits_in_one_call_with_the_timeout_given)
{
	struct plx_backend_event out[8];
	struct bent b = bent_begin();
	int fd[2];

	support_unix_pair(fd);
	bent_set(&b, fd[0], 0, BOTH);
	quirks.calls = 0;
	cr_assert_eq(plx__backend_kqueue.wait(b.state, out, 8, -1), 1);
	cr_assert_eq(quirks.calls, 1);
	cr_assert(quirks.for_ever);
	plx__backend_kqueue.wait(b.state, out, 8, 3000000001);
	cr_assert(!quirks.for_ever);
	cr_assert_eq(quirks.timeout.tv_sec, 3);
	cr_assert_eq(quirks.timeout.tv_nsec, 1);
	close_both(fd);
	bent_end(&b);
}

Test(kqueue_backend, ends_a_knote_that_nobody_knows)
{
	struct bent b = bent_begin();
	int fd[2], kq = plx__backend_kqueue.fileno(b.state);
	struct kevent k;

	support_pipe(fd);
	put_byte(fd[1]);
	cr_assert_eq(bent_set(&b, fd[1], 0, READ), 0);
	EV_SET(&k, fd[0], EVFILT_READ, EV_ADD, 0, 0, NULL);
	cr_assert_eq(kevent(kq, &k, 1, NULL, 0, NULL), 0);
	cr_assert_eq(bent_look(&b, fd[0]), 0);
	cr_assert(!bent_has_knote(&b, fd[0], EVFILT_READ));
	close_both(fd);
	bent_end(&b);
}

Test(kqueue_backend, calls_a_device_that_never_blocks_by_its_name)
{
	struct bent b = bent_begin();
	int null = open("/dev/null", O_RDWR);

	cr_assert_eq(bent_set(&b, null, 0, BOTH), -EPERM);
	cr_assert_eq(bent_set(&b, null, 0, READ), -EPERM);
	close(null);
	bent_end(&b);
}

Test(kqueue_backend, does_not_call_a_terminal_always_ready)
{
	struct bent b = bent_begin();
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), slave;

	cr_assert(grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	quirks.refuse = EINVAL;
	cr_assert_eq(bent_set(&b, slave, 0, READ), -EINVAL);
	close(slave);
	close(terminal);
	bent_end(&b);
}

Test(kqueue_backend, leaves_the_number_alone_in_a_forked_child)
{
	struct bent b = bent_begin();
	int kq = plx__backend_kqueue.fileno(b.state);

	quirks.pid = getpid() + 1;
	plx__backend_kqueue.close(b.state);
	cr_assert(fcntl(kq, F_GETFD) >= 0, "it may be another file's there");
	close(kq);
	support_end(b.mark, NULL);
}
