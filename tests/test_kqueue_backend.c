/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kqueue_backend.c: what the kqueue backend makes of kernels that differ.
 *
 * That it keeps the contract of backend.h on one kernel is the business of
 * the conformance suite; here are the answers of other kernels, the cost of a
 * change, and what must not be left behind in the kernel.
 */
#include <config.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "kqueue_quirks.h"

static void
put_byte(int fd)
{
	cr_assert_eq(write(fd, "x", 1), 1);
}

static void
close_both(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

Test(kqueue_backend, reports_a_pipe_without_reader_as_long_as_asked)
{
	struct bent b = bent_begin();
	int fd[2];

	support_pipe(fd);
	cr_assert_eq(bent_set(&b, fd[1], 0, WRITE), 0);
	support_fill(fd[1]);
	cr_assert_eq(bent_look(&b, fd[1]), 0);
	close(fd[0]);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(bent_look(&b, fd[1]), WRITE | END);
	}
	cr_assert_eq(bent_set(&b, fd[1], WRITE, READ), 0);
	cr_assert_eq(bent_look(&b, fd[1]), READ | END);
	cr_assert_eq(bent_set(&b, fd[1], READ, 0), 0);
	cr_assert_eq(bent_look(&b, fd[1]), 0);
	close(fd[1]);
	bent_end(&b);
}

Test(kqueue_backend, takes_a_refusal_of_an_open_pipe_for_a_hang_up)
{
	const int errors[] = {EPIPE, EBADF, EPERM};
	struct bent b = bent_begin();
	int fd[2];

	for (int i = 0; i < 3; i++) {
		quirks.refuse = errors[i];
		quirks.filter = EVFILT_WRITE;
		support_pipe(fd);
		cr_assert_eq(bent_set(&b, fd[1], 0, BOTH), 0);
		cr_assert_eq(bent_look(&b, fd[1]), BOTH | END);
		cr_assert_eq(bent_look(&b, fd[1]), BOTH | END);
		cr_assert_eq(bent_set(&b, fd[1], BOTH, BOTH), 0, "alive");
		cr_assert_eq(bent_set(&b, fd[1], BOTH, 0), 0);
		close_both(fd);
	}
	bent_end(&b);
}

Test(kqueue_backend, forgets_a_hang_up_with_its_descriptor)
{
	struct plx_backend_event out[4];
	struct bent b = bent_begin();
	int fd[2];

	support_pipe(fd);
	close(fd[0]);
	cr_assert_eq(bent_set(&b, fd[1], 0, WRITE), 0);
	cr_assert_eq(bent_look(&b, fd[1]), WRITE | END);
	close(fd[1]);
	cr_assert_eq(plx__backend_kqueue.wait(b.state, out, 4, 0), 1);
	cr_assert_eq(out[0].token, plx__token(1, fd[1]));
	cr_assert_eq(out[0].events, 0);
	cr_assert_eq(plx__backend_kqueue.wait(b.state, out, 4, 0), 0);
	bent_end(&b);
}

Test(kqueue_backend, tells_a_hang_up_once_in_edge_and_oneshot_mode)
{
	const unsigned modes[] = {EDGE, ONCE, EDGE | ONCE};
	struct bent b = bent_begin();
	int fd[2];

	for (int i = 0; i < 3; i++) {
		support_pipe(fd);
		close(fd[0]);
		cr_assert_eq(bent_set(&b, fd[1], 0, WRITE | modes[i]), 0);
		cr_assert_eq(bent_look(&b, fd[1]), WRITE | END);
		cr_assert_eq(bent_look(&b, fd[1]), 0);
		cr_assert_eq(bent_set(&b, fd[1], modes[i], WRITE | modes[i]),
			     0);
		cr_assert_eq(bent_look(&b, fd[1]), WRITE | END);
		bent_set(&b, fd[1], WRITE | modes[i], 0);
		close(fd[1]);
	}
	bent_end(&b);
}

Test(kqueue_backend, lets_hang_ups_and_the_living_take_turns)
{
	struct plx_backend_event out;
	struct bent b = bent_begin();
	int dead[2][2], alive[2], seen[3] = {0};

	for (int i = 0; i < 2; i++) {
		support_pipe(dead[i]);
		close(dead[i][0]);
		bent_set(&b, dead[i][1], 0, WRITE);
	}
	support_unix_pair(alive);
	bent_set(&b, alive[0], 0, WRITE);
	for (int i = 0; i < 12; i++) {
		cr_assert_eq(plx__backend_kqueue.wait(b.state, &out, 1, -1), 1);
		seen[0] += plx__token_fd(out.token) == dead[0][1];
		seen[1] += plx__token_fd(out.token) == dead[1][1];
		seen[2] += plx__token_fd(out.token) == alive[0];
	}
	cr_assert(seen[0] >= 3 && seen[1] >= 3 && seen[2] >= 3,
		  "%d %d %d times", seen[0], seen[1], seen[2]);
	close(dead[0][1]);
	close(dead[1][1]);
	close_both(alive);
	bent_end(&b);
}

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

/* What is reported of a socket set to MASK when the kernel says K. */
static unsigned
meaning(struct bent *b, unsigned mask, int filter, unsigned flags,
	unsigned fflags, int data)
{
	struct kevent k;
	unsigned events;
	int fd[2];

	support_tcp_pair(fd);
	cr_assert_eq(bent_set(b, fd[0], 0, mask), 0);
	EV_SET(&k, fd[0], filter, flags, fflags, data, NULL);
	quirks.script = &k;
	quirks.lines = 1;
	events = bent_look(b, fd[0]);
	bent_set(b, fd[0], mask, 0);
	close_both(fd);
	return events;
}

Test(kqueue_backend, folds_end_and_error_into_directions)
{
	struct bent b = bent_begin();

	cr_assert_eq(meaning(&b, BOTH, EVFILT_READ, 0, 0, 1), READ);
	cr_assert_eq(meaning(&b, BOTH, EVFILT_READ, EV_EOF, 0, 0), READ | END);
	cr_assert_eq(meaning(&b, BOTH, EVFILT_WRITE, EV_EOF, 0, 0), WRITE,
		     "an own shutdown");
	cr_assert_eq(meaning(&b, BOTH, EVFILT_WRITE, EV_EOF, ECONNRESET, 0),
		     BOTH | FAULT);
	cr_assert_eq(meaning(&b, READ, EVFILT_READ, EV_EOF, ECONNRESET, 0),
		     READ | END | FAULT);
	cr_assert_eq(meaning(&b, BOTH, EVFILT_READ, 0, 0x2, 1), READ,
		     "fflags without end of file are hints");
	cr_assert_eq(meaning(&b, BOTH, EVFILT_READ, EV_ERROR, 0, EIO),
		     BOTH | FAULT | END);
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
