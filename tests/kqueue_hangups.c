/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue_hangups.c: ends and errors, as the kqueue backend tells of them.
 *
 * Kernels say in different ways, or not at all, that a pipe has lost its
 * reader; the backend says it like the others, as long as it is asked.
 */
#include <config.h>
#include "kqueue_quirks.h"

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
