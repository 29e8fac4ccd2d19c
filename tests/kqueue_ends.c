/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue_ends.c: end of file, half-close, reset, and pipes that lose an end.
 */
#include <config.h>
#include "kqueue_common.h"

static void (*const sockets[])(int fd[2]) = {support_tcp_pair,
					     support_unix_pair};

/* Closes FD so that a TCP peer is reset. */
static void
reset(int fd)
{
	struct linger linger = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static int
socket_error(int fd)
{
	int error = -1;
	socklen_t len = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

Test(kqueue_end, comes_at_once_with_the_bytes_before_it)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	for (int i = 0; i < 2; i++) {
		sockets[i](fd);
		change(f.kq, fd[0], EVFILT_READ, EV_ADD);
		put_bytes(fd[1], 4);
		shutdown(fd[1], SHUT_WR);
		ONE(f.kq, fd[0], EVFILT_READ, &k);
		cr_assert(k.flags & EV_EOF);
		cr_assert_eq(k.data, 4);
		cr_assert_eq(k.fflags, 0);
		take_bytes(fd[0], 4);
		ONE(f.kq, fd[0], EVFILT_READ, &k);
		cr_assert_eq(k.data, 0);
		cr_assert_eq(take_bytes(fd[0], 1), 0);
		ONE(f.kq, fd[0], EVFILT_READ, &k);
		close_both(fd);
	}
	end(&f);
}

Test(kqueue_end, of_the_peers_half_leaves_writing_alone)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	for (int i = 0; i < 2; i++) {
		sockets[i](fd);
		change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
		shutdown(fd[1], SHUT_WR);
		ONE(f.kq, fd[0], EVFILT_WRITE, &k);
		cr_assert(!(k.flags & EV_EOF));
		close_both(fd);
	}
	end(&f);
}

Test(kqueue_end, of_the_own_half_is_told_to_the_writer)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	for (int i = 0; i < 2; i++) {
		sockets[i](fd);
		change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
		change(f.kq, fd[0], EVFILT_READ, EV_ADD);
		shutdown(fd[0], SHUT_WR);
		ONE(f.kq, fd[0], EVFILT_WRITE, &k);
		cr_assert(k.flags & EV_EOF);
		cr_assert_eq(k.fflags, 0);
		close_both(fd);
	}
	end(&f);
}

Test(kqueue_end, of_own_reading_is_told_to_the_reader)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	for (int i = 0; i < 2; i++) {
		sockets[i](fd);
		change(f.kq, fd[0], EVFILT_READ, EV_ADD);
		shutdown(fd[0], SHUT_RD);
		ONE(f.kq, fd[0], EVFILT_READ, &k);
		cr_assert(k.flags & EV_EOF);
		close_both(fd);
	}
	end(&f);
}

Test(kqueue_end, of_a_unix_peer_is_told_in_both_directions)
{
	struct fixture f = begin();
	struct kevent k[4];
	int fd[2];

	support_unix_pair(fd);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
	close(fd[1]);
	cr_assert_eq(look(f.kq, k, 4), 2);
	cr_assert(k[0].flags & k[1].flags & EV_EOF);
	close(fd[0]);
	end(&f);
}

Test(kqueue_end, by_reset_has_the_error_and_leaves_it_in_the_socket)
{
	struct fixture f = begin();
	struct kevent k[4];
	int fd[2];

	support_tcp_pair(fd);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
	put_bytes(fd[1], 3);
	reset(fd[1]);
	for (int round = 0; round < 2; round++) {
		cr_assert_eq(look(f.kq, k, 4), 2);
		cr_assert(k[0].flags & k[1].flags & EV_EOF);
		cr_assert_eq(k[0].fflags, ECONNRESET);
		cr_assert_eq(k[1].fflags, ECONNRESET);
	}
	cr_assert_eq(socket_error(fd[0]), ECONNRESET);
	cr_assert_eq(look(f.kq, k, 4), 2);
	cr_assert(k[0].flags & k[1].flags & EV_EOF);
	cr_assert_eq(k[0].fflags, 0, "read, and so cleared");
	close(fd[0]);
	end(&f);
}

Test(kqueue_end, by_writing_to_a_closed_peer_is_an_error_in_both)
{
	struct fixture f = begin();
	struct kevent k[4];
	int fd[2];

	support_tcp_pair(fd);
	put_bytes(fd[1], 4);
	close(fd[1]);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	ONE(f.kq, fd[0], EVFILT_READ, &k[0]);
	cr_assert_eq(k[0].data, 4);
	cr_assert_eq(send(fd[0], "x", 1, MSG_NOSIGNAL), 1);
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
	cr_assert_eq(look(f.kq, k, 4), 2);
	cr_assert(k[0].flags & k[1].flags & EV_EOF);
	cr_assert_eq(k[0].fflags, ECONNRESET);
	close(fd[0]);
	end(&f);
}

Test(kqueue_pipe, without_reader_is_told_once_and_not_taken_again)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	change(f.kq, fd[1], EVFILT_WRITE, EV_ADD);
	support_fill(fd[1]);
	QUIET(f.kq);
	close(fd[0]);
	ONE(f.kq, fd[1], EVFILT_WRITE, &k);
	cr_assert_eq(k.flags & (EV_EOF | EV_ONESHOT), EV_EOF | EV_ONESHOT);
	QUIET(f.kq);
	cr_assert_eq(change(f.kq, fd[1], EVFILT_WRITE, EV_DELETE), ENOENT);
	cr_assert_eq(change(f.kq, fd[1], EVFILT_WRITE, EV_ADD), EPIPE);
	close(fd[1]);
	end(&f);
}

Test(kqueue_pipe, without_writer_ends_after_its_bytes)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	put_bytes(fd[1], 2);
	close(fd[1]);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert(k.flags & EV_EOF);
	cr_assert_eq(k.data, 2);
	take_bytes(fd[0], 2);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert_eq(k.data, 0);
	close(fd[0]);
	end(&f);
}

Test(kqueue_pipe, takes_the_wrong_ends_and_keeps_silent_about_them)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	cr_assert_eq(change(f.kq, fd[1], EVFILT_READ, EV_ADD), 0);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_WRITE, EV_ADD), 0);
	QUIET(f.kq);
	close(fd[0]);
	ONE(f.kq, fd[1], EVFILT_READ, &k);
	cr_assert(k.flags & EV_EOF);
	close(fd[1]);
	end(&f);
}
