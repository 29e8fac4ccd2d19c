/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue_modes.c: EV_CLEAR, EV_ONESHOT, EV_DISPATCH, EV_DISABLE, and what a
 * change does to a knote that is there.
 */
#include <config.h>
#include "kqueue_common.h"

Test(kqueue_edge, tells_news_only)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_tcp_pair(fd);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_CLEAR);
	QUIET(f.kq);
	put_bytes(fd[1], 4);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	QUIET(f.kq);
	take_bytes(fd[0], 2);
	QUIET(f.kq);
	put_bytes(fd[1], 1);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert_eq(k.data, 3);
	QUIET(f.kq);
	close_both(fd);
	end(&f);
}

Test(kqueue_edge, tells_what_was_there_when_it_came)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	put_bytes(fd[1], 1);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_CLEAR);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	QUIET(f.kq);
	close_both(fd);
	end(&f);
}

Test(kqueue_edge, tells_the_end_once)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_tcp_pair(fd);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_CLEAR);
	shutdown(fd[1], SHUT_WR);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert(k.flags & EV_EOF);
	QUIET(f.kq);
	close_both(fd);
	end(&f);
}

Test(kqueue_edge, writing_is_told_when_room_comes_back)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_unix_pair(fd);
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD | EV_CLEAR);
	ONE(f.kq, fd[0], EVFILT_WRITE, &k);
	support_fill(fd[0]);
	QUIET(f.kq);
	while (support_drain(fd[1]) > 0) {
	}
	ONE(f.kq, fd[0], EVFILT_WRITE, &k);
	QUIET(f.kq);
	close_both(fd);
	end(&f);
}

Test(kqueue_mode, is_not_changed_by_adding_again)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	put_bytes(fd[1], 1);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_CLEAR);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_ONESHOT);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert_eq(k.flags, 0);
	change(f.kq, fd[0], EVFILT_READ, EV_DELETE);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_CLEAR);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	QUIET(f.kq);
	close_both(fd);
	end(&f);
}

Test(kqueue_oneshot, fires_once_and_is_gone)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_ONESHOT);
	QUIET(f.kq);
	put_bytes(fd[1], 1);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert(k.flags & EV_ONESHOT);
	QUIET(f.kq);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_DELETE), ENOENT);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_ONESHOT);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	close_both(fd);
	end(&f);
}

Test(kqueue_oneshot, is_delivered_though_its_time_has_passed)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	put_bytes(fd[1], 1);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_ONESHOT);
	take_bytes(fd[0], 1);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert_eq(k.data, 0);
	close_both(fd);
	end(&f);
}

Test(kqueue_dispatch, fires_once_and_stays_disabled)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	put_bytes(fd[1], 1);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_DISPATCH);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	put_bytes(fd[1], 1);
	QUIET(f.kq);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_DISPATCH);
	QUIET(f.kq);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_ENABLE | EV_DISPATCH);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	QUIET(f.kq);
	change(f.kq, fd[0], EVFILT_READ, EV_ENABLE);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	cr_assert_eq(change(f.kq, fd[0], EVFILT_READ, EV_DELETE), 0);
	close_both(fd);
	end(&f);
}

Test(kqueue_disabled, is_silent_also_when_added_so)
{
	struct fixture f = begin();
	struct kevent k;
	int fd[2];

	support_pipe(fd);
	put_bytes(fd[1], 1);
	change(f.kq, fd[0], EVFILT_READ, EV_ADD | EV_DISABLE);
	QUIET(f.kq);
	put_bytes(fd[1], 1);
	QUIET(f.kq);
	change(f.kq, fd[0], EVFILT_READ, EV_ENABLE);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	change(f.kq, fd[0], EVFILT_READ, EV_DISABLE);
	QUIET(f.kq);
	change(f.kq, fd[0], EVFILT_READ, EV_ENABLE);
	ONE(f.kq, fd[0], EVFILT_READ, &k);
	close_both(fd);
	end(&f);
}

Test(kqueue_udata, is_replaced_by_every_change_but_delete)
{
	const unsigned flags[] = {EV_ADD, EV_ENABLE, 0};
	struct fixture f = begin();
	int fd[2], marks[3];
	struct kevent k;

	support_unix_pair(fd);
	change(f.kq, fd[0], EVFILT_WRITE, EV_ADD);
	for (int i = 0; i < 3; i++) {
		change_with(f.kq, fd[0], EVFILT_WRITE, flags[i], &marks[i]);
		ONE(f.kq, fd[0], EVFILT_WRITE, &k);
		cr_assert_eq(k.udata, &marks[i]);
	}
	close_both(fd);
	end(&f);
}

Test(kqueue_interest, goes_from_reading_to_writing_to_both_to_none)
{
	struct fixture f = begin();
	struct kevent k[4];
	int fd[2], a, b;

	support_unix_pair(fd);
	put_bytes(fd[1], 1);
	change_with(f.kq, fd[0], EVFILT_READ, EV_ADD, &a);
	ONE(f.kq, fd[0], EVFILT_READ, k);
	change(f.kq, fd[0], EVFILT_READ, EV_DELETE);
	change_with(f.kq, fd[0], EVFILT_WRITE, EV_ADD, &b);
	ONE(f.kq, fd[0], EVFILT_WRITE, k);
	cr_assert_eq(k[0].udata, &b);
	change_with(f.kq, fd[0], EVFILT_READ, EV_ADD, &a);
	cr_assert_eq(look(f.kq, k, 4), 2);
	change(f.kq, fd[0], EVFILT_READ, EV_DELETE);
	change(f.kq, fd[0], EVFILT_WRITE, EV_DELETE);
	QUIET(f.kq);
	close_both(fd);
	end(&f);
}
