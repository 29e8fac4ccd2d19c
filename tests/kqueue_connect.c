/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue_connect.c: listeners, connections in the making, datagram errors.
 */
#include <config.h>
#include <fcntl.h>
#include <netinet/in.h>
#include "kqueue_common.h"

static struct sockaddr *
loopback(struct sockaddr_in *sin)
{
	*sin = (struct sockaddr_in){.sin_family = AF_INET};
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (struct sockaddr *)sin;
}

static int
open_socket(int type)
{
	int fd = socket(AF_INET, type, 0);

	cr_assert(fd >= 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Binds FD; its address is left in SIN. */
static void
bind_socket(int fd, struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);

	cr_assert_eq(bind(fd, loopback(sin), len), 0);
	getsockname(fd, (struct sockaddr *)sin, &len);
}

static int
connect_to(const struct sockaddr_in *sin)
{
	int fd = open_socket(SOCK_STREAM);

	connect(fd, (const struct sockaddr *)sin, sizeof(*sin));
	return fd;
}

static int
listener(struct sockaddr_in *sin)
{
	int fd = open_socket(SOCK_STREAM);

	bind_socket(fd, sin);
	cr_assert_eq(listen(fd, 8), 0);
	return fd;
}

/* An address where nobody is. */
static void
deserted(struct sockaddr_in *sin)
{
	int fd = open_socket(SOCK_STREAM);

	bind_socket(fd, sin);
	close(fd);
}

Test(kqueue_listener, is_readable_until_all_are_accepted)
{
	struct fixture f = begin();
	struct sockaddr_in sin;
	int fd = listener(&sin), peer[2], accepted[2];
	struct kevent k;

	change(f.kq, fd, EVFILT_READ, EV_ADD);
	change(f.kq, fd, EVFILT_WRITE, EV_ADD);
	QUIET(f.kq);
	peer[0] = connect_to(&sin);
	peer[1] = connect_to(&sin);
	ONE(f.kq, fd, EVFILT_READ, &k);
	cr_assert_eq(k.data, 2);
	accepted[0] = accept(fd, NULL, NULL);
	ONE(f.kq, fd, EVFILT_READ, &k);
	cr_assert_eq(k.data, 1);
	accepted[1] = accept(fd, NULL, NULL);
	QUIET(f.kq);
	close_both(peer);
	close_both(accepted);
	close(fd);
	end(&f);
}

Test(kqueue_listener, in_edge_mode_tells_each_arrival)
{
	struct fixture f = begin();
	struct sockaddr_in sin;
	int fd = listener(&sin), peer[2];
	struct kevent k;

	change(f.kq, fd, EVFILT_READ, EV_ADD | EV_CLEAR);
	peer[0] = connect_to(&sin);
	ONE(f.kq, fd, EVFILT_READ, &k);
	QUIET(f.kq);
	peer[1] = connect_to(&sin);
	ONE(f.kq, fd, EVFILT_READ, &k);
	QUIET(f.kq);
	close_both(peer);
	close(fd);
	end(&f);
}

Test(kqueue_connection, is_silent_before_and_writable_after)
{
	struct fixture f = begin();
	struct sockaddr_in sin;
	int fd = listener(&sin), client = open_socket(SOCK_STREAM);
	struct kevent k;

	cr_assert_eq(change(f.kq, client, EVFILT_READ, EV_ADD), 0);
	cr_assert_eq(change(f.kq, client, EVFILT_WRITE, EV_ADD), 0);
	QUIET(f.kq);
	connect(client, (struct sockaddr *)&sin, sizeof(sin));
	cr_assert_eq(kevent(f.kq, NULL, 0, &k, 1, NULL), 1);
	cr_assert_eq(k.filter, EVFILT_WRITE);
	cr_assert_eq(k.flags, 0);
	close(client);
	close(fd);
	end(&f);
}

Test(kqueue_connection, refused_is_an_error_in_both_directions)
{
	struct fixture f = begin();
	int client = open_socket(SOCK_STREAM), error = 0;
	socklen_t len = sizeof(error);
	struct sockaddr_in sin;
	struct kevent k[4];

	deserted(&sin);
	change(f.kq, client, EVFILT_READ, EV_ADD);
	change(f.kq, client, EVFILT_WRITE, EV_ADD);
	connect(client, (struct sockaddr *)&sin, sizeof(sin));
	cr_assert_eq(kevent(f.kq, NULL, 0, k, 1, NULL), 1);
	cr_assert_eq(look(f.kq, k, 4), 2);
	for (int i = 0; i < 2; i++) {
		cr_assert(k[i].flags & EV_EOF);
		cr_assert_eq(k[i].fflags, ECONNREFUSED);
	}
	getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &len);
	cr_assert_eq(error, ECONNREFUSED, "it is still there");
	close(client);
	end(&f);
}

Test(kqueue_connection, never_begun_stays_silent)
{
	struct timespec ts = {.tv_nsec = 20000000};
	struct fixture f = begin();
	int fd = open_socket(SOCK_STREAM);
	struct kevent k;

	change(f.kq, fd, EVFILT_READ, EV_ADD);
	change(f.kq, fd, EVFILT_WRITE, EV_ADD);
	cr_assert_eq(kevent(f.kq, NULL, 0, &k, 1, &ts), 0);
	close(fd);
	end(&f);
}

Test(kqueue_datagram, error_is_told_in_both_without_end_of_file)
{
	struct fixture f = begin();
	int fd = open_socket(SOCK_DGRAM), gone = open_socket(SOCK_DGRAM);
	struct sockaddr_in sin;
	struct kevent k[4];

	bind_socket(gone, &sin);
	close(gone);
	connect(fd, (struct sockaddr *)&sin, sizeof(sin));
	change(f.kq, fd, EVFILT_READ, EV_ADD);
	put_bytes(fd, 1);
	cr_assert_eq(kevent(f.kq, NULL, 0, k, 1, NULL), 1);
	change(f.kq, fd, EVFILT_WRITE, EV_ADD);
	cr_assert_eq(look(f.kq, k, 4), 2);
	cr_assert(!((k[0].flags | k[1].flags) & EV_EOF));
	cr_assert_eq(take_bytes(fd, 1), -1);
	cr_assert_eq(errno, ECONNREFUSED);
	close(fd);
	end(&f);
}
