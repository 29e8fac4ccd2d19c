/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue_levels.c: level-triggered reading and writing, and the turns that
 * ready descriptors take.
 */
#include <config.h>
#include "kqueue_common.h"

static void (*const streams[])(int fd[2]) = {support_tcp_pair,
					     support_unix_pair, support_pipe};

Test(kqueue_level, reading_lasts_until_the_last_byte)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	for (int i = 0; i < 3; i++) {
		streams[i](fd);
		cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_ADD), 0);
		QUIET(f.kq);
		put_bytes(fd[1], 5);
		ONE(f.kq, fd[0], EVFILT_READ, &k);
		cr_assert_eq(k.data, 5);
		ONE(f.kq, fd[0], EVFILT_READ, &k);
		take_bytes(fd[0], 2);
		ONE(f.kq, fd[0], EVFILT_READ, &k);
		cr_assert_eq(k.data, 3);
		take_bytes(fd[0], 3);
		QUIET(f.kq);
		close_both(fd);
	}
	end(&f);
}

Test(kqueue_level, an_empty_datagram_is_readable)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_udp_pair(fd);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_ADD), 0);
	QUIET(f.kq);
	cr_assert_eq(send(fd[1], "", 0, 0), 0);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert_eq(k.data, 0);
	take_bytes(fd[0], 1);
	QUIET(f.kq);
	close_both(fd);
	end(&f);
}

Test(kqueue_level, writing_ends_when_full_and_comes_back)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	for (int i = 0; i < 2; i++) {
		streams[i](fd);
		cr_assert_eq(change(f.kq, fd[0], EVFILT_WRITE, EV_ADD), 0);
		ONE(f.kq, fd[0], EVFILT_WRITE, &k);
		support_fill(fd[0]);
		QUIET(f.kq);
		while (support_drain(fd[1]) > 0) {
		}
		cr_assert_eq(kevent(f.kq, NULL, 0, &k, 1, NULL), 1);
		cr_assert_eq(k.filter, EVFILT_WRITE);
		close_both(fd);
	}
	end(&f);
}

Test(kqueue_level, both_directions_are_two_events)
{
	struct fixture f = begin();
	struct kevent k[4];
	int fd[2];

	support_unix_pair(fd);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
	put_bytes(fd[1], 1);
	cr_assert_eq(look(f.kq, k, 4), 2);
	cr_assert_eq(k[0].ident, k[1].ident);
	cr_assert_neq(k[0].filter, k[1].filter);
	close_both(fd);
	end(&f);
}

Test(kqueue_level, actions_do_not_come_back_in_events)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_unix_pair(fd);
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD | EV_ENABLE);
	ONE(f.kq, fd[0], EVFILT_WRITE, &k);
	cr_assert_eq(k.flags, 0);
	close_both(fd);
	end(&f);
}

Test(kqueue_level, too_little_room_serves_all_in_turn)
{
	struct fixture f = begin();
	int fd[10][2], served[10] = {0};
	struct kevent k[3];

	for (int i = 0; i < 10; i++) {
		support_unix_pair(fd[i]);
		put_bytes(fd[i][1], 1);
		change_with(f.kq, fd[i][0], EVFILT_READ, EV_ADD, &served[i]);
	}
	for (int round = 0; round < 10; round++) {
		cr_assert_eq(look(f.kq, k, 3), 3);
		for (int i = 0; i < 3; i++) {
			++*(int *)k[i].udata;
		}
	}
	for (int i = 0; i < 10; i++) {
		cr_assert_eq(served[i], 3, "%d: %d times", i, served[i]);
		close_both(fd[i]);
	}
	end(&f);
}

Test(kqueue_level, each_comes_once_a_call_however_much_room)
{
	struct fixture f = begin();
	struct kevent k[8];
	int fd[2];

	support_unix_pair(fd);
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
	change(f.kq, fd[1], EVFILT_WRITE, EV_ADD);
	cr_assert_eq(look(f.kq, k, 8), 2);
	close_both(fd);
	end(&f);
}

Test(kqueue_level, many_descriptors_keep_their_user_data)
{
	enum {
		MANY = 200
	};
	struct fixture f = begin();
	static struct kevent k[MANY];
	static int fd[MANY][2];

	for (int i = 0; i < MANY; i++) {
		support_pipe(fd[i]);
		change_with(f.kq, fd[i][0], EVFILT_READ, EV_ADD, fd[i]);
		put_bytes(fd[i][1], 1);
	}
	cr_assert_eq(look(f.kq, k, MANY), MANY);
	for (int i = 0; i < MANY; i++) {
		cr_assert_eq((int)k[i].ident, *(int *)k[i].udata);
	}
	for (int i = 0; i < MANY; i++) {
		close_both(fd[i]);
	}
	end(&f);
}
