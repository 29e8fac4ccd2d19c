/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_listen.c: sockets that listen.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <pollux/net.h>
#include "support.h"

/* A listening socket on TEXT. */
static int
listen_on(const char *text, const struct plx_listen_options *o)
{
	struct plx_address a;
	int fd = -1, err;

	cr_assert_eq(plx_address_parse(text, &a), 0);
	err = plx_listen(&a, o, &fd);
	return err < 0 ? err : fd;
}

static int asked;

static int
ask_listen(const struct plx_sys *sys, int fd, int backlog)
{
	(void)sys;
	asked = backlog;
	return listen(fd, backlog) < 0 ? -errno : 0;
}

/* Whatever the C library says: musl's SOMAXCONN is 128. */
Test(listen, many_may_wait_unless_fewer_are_asked_for)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_listen_options o = {.sys = &support_sys.sys};

	support_sys.sys.listen = ask_listen;
	close(listen_on("127.0.0.1:0", &o));
	cr_assert_geq(asked, 4096);
	o.backlog = 5;
	close(listen_on("127.0.0.1:0", &o));
	cr_assert_eq(asked, 5);
	support_end(mark, NULL);
}

/* The address that FD is bound to, in words. */
static const char *
bound(int fd)
{
	static char text[PLX_ADDRESS_TEXT];
	struct plx_address a;

	cr_assert_eq(plx_local_address(fd, &a), 0);
	plx_address_format(&a, text, sizeof(text));
	return text;
}

static int
connect_to(const char *text)
{
	struct plx_address a;
	int fd;

	cr_assert_eq(plx_address_parse(text, &a), 0);
	fd = socket(a.storage.ss_family, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&a.storage, a.length) == 0)
		return fd;
	close(fd);
	return -errno;
}

Test(listen, gives_a_port_and_takes_connections)
{
	int before = support_count_fds(), fd, client, server;
	struct plx_address peer, own;

	fd = listen_on("127.0.0.1:0", NULL);
	cr_assert_geq(fd, 0);
	cr_assert(strncmp(bound(fd), "127.0.0.1:", 10) == 0);
	cr_assert_neq(strcmp(bound(fd), "127.0.0.1:0"), 0);
	client = connect_to(bound(fd));
	cr_assert_geq(client, 0);
	server = accept(fd, NULL, NULL);
	cr_assert_geq(server, 0);
	cr_assert_eq(plx_peer_address(server, &peer), 0);
	cr_assert_eq(plx_local_address(client, &own), 0);
	cr_assert_eq(memcmp(&peer, &own, sizeof(peer)), 0);
	close(server);
	close(client);
	close(fd);
	cr_assert_eq(support_count_fds(), before);
}

Test(listen, at_strange_addresses_fails)
{
	static const char *const strange[] = {
		"[2001:db8::1]:0", "[0:1::]:0",	  "[0:0:0:1::]:0",
		"[::1:0:0:1:0]:0", "[::1:0:0]:0",
	};
	int before = support_count_fds();

	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
		cr_expect_lt(listen_on(strange[i], NULL), 0, "%s", strange[i]);
	cr_assert_eq(support_count_fds(), before);
}

Test(listen, backlog_is_what_was_asked_for)
{
	const struct plx_listen_options o = {.backlog = 1};
	int fd = listen_on("127.0.0.1:0", &o);
	int client = connect_to(bound(fd));

	cr_assert_geq(fd, 0);
	cr_expect_geq(client, 0);
	close(client);
	close(fd);
}

Test(listen, is_non_blocking_and_closed_by_exec)
{
	int fd = listen_on("127.0.0.1:0", NULL);

	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

Test(listen, any_address_takes_v4)
{
	int fd = listen_on("*:0", NULL), client;
	char text[PLX_ADDRESS_TEXT];

	cr_assert_geq(fd, 0);
	snprintf(text, sizeof(text), "127.0.0.1%s", strrchr(bound(fd), ':'));
	client = connect_to(text);
	cr_assert_geq(client, 0, "%s: %d", text, client);
	close(client);
	close(fd);
}

Test(listen, any_address_does_without_v6)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_listen_options o = {.sys = &support_sys.sys};
	int fd;

	support_sys.fails = SUPPORT_SOCKET;
	support_sys.fail_at = 1;
	support_sys.fail_with = EAFNOSUPPORT;
	fd = listen_on("*:0", &o);
	cr_assert_geq(fd, 0);
	cr_assert(strncmp(bound(fd), "0.0.0.0:", 8) == 0, "%s", bound(fd));
	close(fd);
	support_end(mark, NULL);
}

Test(listen, a_port_in_use_is_refused)
{
	int fd = listen_on("127.0.0.1:0", NULL), before = support_count_fds();

	cr_assert_eq(listen_on(bound(fd), NULL), -EADDRINUSE);
	cr_assert_eq(support_count_fds(), before);
	close(fd);
}

Test(listen, a_port_can_be_shared_on_request)
{
	struct plx_listen_options o = {.reuse_port = 1};
	int fd = listen_on("127.0.0.1:0", &o), other;

	cr_assert_geq(fd, 0);
	other = listen_on(bound(fd), &o);
	cr_assert_geq(other, 0, "%d", other);
	cr_assert_eq(listen_on(bound(fd), NULL), -EADDRINUSE);
	close(other);
	close(fd);
}

/* A directory of the test's own, and a socket's address in it. */
struct place {
	char dir[64];
	char path[80];
	char text[96];
};

static struct place
make_place(void)
{
	struct place p = {.dir = "/tmp/pollux-net-XXXXXX"};

	cr_assert(mkdtemp(p.dir));
	snprintf(p.path, sizeof(p.path), "%s/s", p.dir);
	snprintf(p.text, sizeof(p.text), "unix:%s", p.path);
	return p;
}

static void
remove_place(const struct place *p)
{
	unlink(p->path);
	cr_assert_eq(rmdir(p->dir), 0);
}

Test(listen, a_unix_socket_takes_connections)
{
	struct place p = make_place();
	int fd = listen_on(p.text, NULL), client;

	cr_assert_geq(fd, 0);
	cr_assert_str_eq(bound(fd), p.text);
	client = connect_to(p.text);
	cr_assert_geq(client, 0);
	close(client);
	close(fd);
	remove_place(&p);
}

static int opened;

/* The second is one too many. */
static int
open_one(const struct plx_sys *sys, int domain, int type, int proto)
{
	(void)sys;
	if (opened++ > 0)
		return -EMFILE;
	return plx__sys_real.socket(&plx__sys_real, domain, type, proto);
}

Test(listen, a_dead_path_is_taken_over)
{
	struct place p = make_place();
	int before = support_count_fds(), fd = listen_on(p.text, NULL);

	close(fd);
	fd = listen_on(p.text, NULL);
	cr_assert_geq(fd, 0, "%d", fd);
	cr_assert_geq(connect_to(p.text), 0);
	close(fd);
	cr_assert_eq(support_count_fds(), before + 1);
	remove_place(&p);
}

/* Whether it is dead cannot be asked without a descriptor. */
Test(listen, a_dead_path_that_nobody_can_try_is_left_alone)
{
	const struct plx_listen_options o = {.sys = &support_sys.sys};
	struct support_mark mark = support_begin(NULL);
	struct place p = make_place();
	struct stat st;

	close(listen_on(p.text, NULL));
	support_sys.sys.socket = open_one;
	opened = 0;
	cr_assert_eq(listen_on(p.text, &o), -EADDRINUSE);
	cr_assert_eq(opened, 2);
	cr_assert_eq(support_calls(&support_sys, SUPPORT_CLOSE), 1,
		     "of what is not there");
	cr_assert_eq(lstat(p.path, &st), 0);
	remove_place(&p);
	support_end(mark, NULL);
}

/* There is none to take away when it cannot be listened at. */
Test(listen, a_name_without_a_path_takes_none_away)
{
	const struct plx_listen_options o = {.sys = &support_sys.sys};
	struct support_mark mark = support_begin(NULL);
	char text[PLX_ADDRESS_TEXT];
	struct plx_address a;
	int fd = -1;

	snprintf(text, sizeof(text), "unix:@test_listen.%ld", (long)getpid());
	if (plx_address_parse(text, &a) < 0)
		cr_skip_test("no abstract names");
	support_sys.fails = SUPPORT_SOCKET;
	support_sys.fail_with = ENOBUFS;
	support_sys.fail_at = 3;
	cr_assert_eq(plx_listen(&a, &o, &fd), -ENOBUFS);
	cr_assert_eq(support_sys.fail_at, 0);
	cr_assert_eq(support_calls(&support_sys, SUPPORT_OTHER), 0);
	support_end(mark, NULL);
}

Test(listen, a_live_path_is_left_alone)
{
	struct place p = make_place();
	int fd = listen_on(p.text, NULL), before = support_count_fds();

	cr_assert_eq(listen_on(p.text, NULL), -EADDRINUSE);
	cr_assert_eq(support_count_fds(), before);
	cr_assert_geq(connect_to(p.text), 0);
	close(fd);
	remove_place(&p);
}

Test(listen, a_regular_file_is_left_alone)
{
	struct place p = make_place();
	struct stat st;
	int file = open(p.path, O_CREAT | O_WRONLY, 0600);

	cr_assert_geq(file, 0);
	close(file);
	cr_assert_eq(listen_on(p.text, NULL), -EADDRINUSE);
	cr_assert_eq(stat(p.path, &st), 0);
	cr_assert(S_ISREG(st.st_mode));
	remove_place(&p);
}

Test(listen, a_symbolic_link_is_left_alone)
{
	struct place p = make_place();
	struct stat st;

	cr_assert_eq(symlink("/nonexistent/target", p.path), 0);
	cr_assert_eq(listen_on(p.text, NULL), -EADDRINUSE);
	cr_assert_eq(lstat(p.path, &st), 0);
	cr_assert(S_ISLNK(st.st_mode));
	remove_place(&p);
}

Test(listen, unix_sockets_share_no_port)
{
	struct plx_listen_options o = {.reuse_port = 1};

	cr_assert_eq(listen_on("unix:/tmp/never-made", &o), -ENOTSUP);
}

Test(listen, nothing_is_left_behind_whatever_fails)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_listen_options o = {.sys = &support_sys.sys};
	struct place p = make_place();
	struct stat st;
	long k;
	int fd, n = 0;

	for (k = 1; k < 50; k++) {
		support_sys.fails = SUPPORT_SOCKET | SUPPORT_OTHER;
		support_sys.fail_at = k;
		support_sys.fail_with = ENOBUFS;
		fd = listen_on(p.text, &o);
		if (fd >= 0)
			break;
		n++;
		cr_assert_eq(fd, -ENOBUFS, "call %ld: %d", k, fd);
		cr_assert_eq(lstat(p.path, &st), -1, "call %ld: path", k);
	}
	cr_assert_geq(n, 3);
	support_sys.fail_at = 0;
	close(fd);
	remove_place(&p);
	support_end(mark, NULL);
}

Test(listen, tcp_leaves_nothing_behind_whatever_fails)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_listen_options o = {.sys = &support_sys.sys};
	long k;
	int fd, n = 0;

	for (k = 1; k < 50; k++) {
		support_sys.fails = SUPPORT_SOCKET;
		support_sys.fail_at = k;
		support_sys.fail_with = ENOMEM;
		fd = listen_on("127.0.0.1:0", &o);
		if (fd >= 0)
			break;
		n++;
		cr_assert_eq(fd, -ENOMEM, "call %ld: %d", k, fd);
	}
	cr_assert_geq(n, 4);
	close(fd);
	support_end(mark, NULL);
}

Test(listen, asking_about_no_socket_is_refused)
{
	struct plx_address a;

	cr_assert_eq(plx_local_address(-1, &a), -EBADF);
	cr_assert_eq(plx_peer_address(-1, &a), -EBADF);
}
