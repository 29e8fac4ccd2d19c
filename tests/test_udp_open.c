/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_udp_open.c: sockets of datagrams, before a loop comes into it.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <pollux/udp.h>
#include "support.h"

static struct plx_address
address(const char *text)
{
	struct plx_address a;

	cr_assert_eq(plx_address_parse(text, &a), 0, "%s", text);
	return a;
}

/* A socket at TEXT, with options that go through the counting table. */
static int
open_at(const char *text, struct plx_udp_options *o, int *fd)
{
	struct plx_address a = address(text);

	o->sys = &support_sys.sys;
	return plx_udp_open(&a, o, fd);
}

/* Sends a byte from FD to wherever TO is. */
static void
expect_way(int fd, int to)
{
	struct plx_address at;
	char c;

	cr_assert_eq(plx_local_address(to, &at), 0);
	cr_assert_eq(sendto(fd, "x", 1, 0, (void *)&at.storage, at.length), 1);
	cr_assert_eq(recv(to, &c, 1, 0), 1);
}

Test(udp_open, is_non_blocking_and_closed_by_exec)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_udp_options o = {.broadcast = 1};
	int fd = -1, on = 0, type = 0;
	socklen_t len = sizeof(int);

	cr_assert_eq(open_at("127.0.0.1:0", &o, &fd), 0);
	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, &len), 0);
	cr_assert_neq(on, 0);
	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len), 0);
	cr_assert_eq(type, SOCK_DGRAM);
	close(fd);
	support_end(mark, NULL);
}

Test(udp_open, a_port_in_use_is_refused_unless_all_share)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_udp_options o = {.reuse_port = 0};
	char text[PLX_ADDRESS_TEXT];
	struct plx_address at;
	int fd[2], other = 4711;

	cr_assert_eq(open_at("127.0.0.1:0", &o, &fd[0]), 0);
	plx_local_address(fd[0], &at);
	plx_address_format(&at, text, sizeof(text));
	cr_assert_eq(open_at(text, &o, &other), -EADDRINUSE);
	cr_assert_eq(other, 4711);
	close(fd[0]);
	o.reuse_port = 1;
	cr_assert_eq(open_at(text, &o, &fd[0]), 0);
	cr_assert_eq(open_at(text, &o, &fd[1]), 0);
	close(fd[0]);
	close(fd[1]);
	cr_assert_eq(open_at("unix:test_udp_open.0", &o, &other), -ENOTSUP);
	support_end(mark, NULL);
}

Test(udp_open, the_any_address_serves_both_families)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_udp_options o = {.peer = NULL};
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct plx_address at;
	int server, client;
	char c;

	cr_assert_eq(open_at("*:0", &o, &server), 0);
	cr_assert_eq(open_at("127.0.0.1:0", &o, &client), 0);
	plx_local_address(server, &at);
	to.sin_port = ((struct sockaddr_in6 *)&at.storage)->sin6_port;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(sendto(client, "x", 1, 0, (void *)&to, sizeof(to)), 1);
	cr_assert_eq(recv(server, &c, 1, 0), 1);
	close(server);
	close(client);
	support_end(mark, NULL);
}

static int
no_v6(const struct plx_sys *sys, int domain, int type, int proto)
{
	(void)sys;
	if (domain == AF_INET6)
		return -EAFNOSUPPORT;
	return plx__sys_real.socket(&plx__sys_real, domain, type, proto);
}

Test(udp_open, the_any_address_does_without_v6)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_udp_options o = {.peer = NULL};
	struct plx_address at;
	int fd;

	support_sys.sys.socket = no_v6;
	cr_assert_eq(open_at("*:0", &o, &fd), 0);
	plx_local_address(fd, &at);
	cr_assert_eq(at.storage.ss_family, AF_INET);
	close(fd);
	cr_assert_eq(open_at("[::1]:0", &o, &fd), -EAFNOSUPPORT);
	support_end(mark, NULL);
}

Test(udp_open, unix_sockets_have_paths_or_names)
{
	char name[PLX_ADDRESS_TEXT];
	const char *const texts[] = {"unix:test_udp_open.1", name};
	struct support_mark mark = support_begin(NULL);
	struct plx_udp_options o = {.peer = NULL};
	struct plx_address a;
	int fd[2], other;

	snprintf(name, sizeof(name), "unix:@test_udp_open.%ld", (long)getpid());
	unlink("test_udp_open.1");
	for (int i = 0; i < 2; i++) {
		if (plx_address_parse(texts[i], &a) < 0)
			continue;
		o.peer = NULL;
		cr_assert_eq(open_at(texts[i], &o, &fd[0]), 0);
		cr_assert_eq(open_at(texts[i], &o, &other), -EADDRINUSE,
			     "somebody has it open");
		o.peer = &a;
		cr_assert_eq(plx_udp_open(NULL, &o, &fd[1]), 0);
		expect_way(fd[1], fd[0]);
		close(fd[0]);
		close(fd[1]);
	}
	o.peer = NULL;
	cr_assert_eq(open_at(texts[0], &o, &fd[0]), 0,
		     "a dead path is taken over");
	close(fd[0]);
	unlink("test_udp_open.1");
	support_end(mark, NULL);
}

Test(udp_open, without_an_address_there_is_no_family)
{
	int fd = 4711;

	cr_assert_eq(plx_udp_open(NULL, NULL, &fd), -EINVAL);
	cr_assert_eq(fd, 4711);
}

/* Each call fails once: an error, and no descriptor or path is left. */
static void
fail_each(const char *text, struct plx_udp_options *o, int calls)
{
	int fd = -1, k, r;

	support_sys.fails = SUPPORT_SOCKET;
	support_sys.fail_with = ENOBUFS;
	for (k = 1; k < 20; k++) {
		support_sys.fail_at = k;
		r = open_at(text, o, &fd);
		if (support_sys.fail_at > 0)
			break;
		cr_assert_eq(r, -ENOBUFS, "%s: %d: %d", text, k, r);
		cr_assert_eq(access("test_udp_open.2", F_OK), -1);
	}
	support_sys.fail_at = 0;
	cr_assert_eq(k, calls + 1, "%s: %d calls", text, k - 1);
	close(fd);
}

Test(udp_open, whatever_fails_nothing_is_left)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_udp_options o = {.broadcast = 1, .reuse_port = 1};
	struct plx_address a = address("127.0.0.1:9"), b;
	int fd;

	o.peer = &a;
	fail_each("127.0.0.1:0", &o, 5);
	b = address("unix:test_udp_open.3");
	unlink("test_udp_open.2");
	unlink("test_udp_open.3");
	cr_assert_eq(plx_udp_open(&b, NULL, &fd), 0);
	o = (struct plx_udp_options){.peer = &b};
	fail_each("unix:test_udp_open.2", &o, 3);
	close(fd);
	unlink("test_udp_open.2");
	unlink("test_udp_open.3");
	support_end(mark, NULL);
}

/* The same without an address of one's own. */
Test(udp_open, to_a_peer_only)
{
	struct plx_address path = address("unix:test_udp_open.4");
	struct plx_address v4 = address("127.0.0.1:9");
	struct plx_address v6 = address("[::1]:9");
	struct support_mark mark = support_begin(NULL);
	struct plx_udp_options o = {.sys = &support_sys.sys};
	int fd = 4711;

	o.peer = &path;
	o.reuse_port = 1;
	cr_assert_eq(plx_udp_open(NULL, &o, &fd), -ENOTSUP);
	o.reuse_port = 0;
	cr_assert_eq(plx_udp_open(NULL, &o, &fd), -ENOENT);
	o.peer = &v4;
	support_sys.fails = SUPPORT_SOCKET;
	support_sys.fail_with = ENETUNREACH;
	support_sys.fail_at = 2;
	cr_assert_eq(plx_udp_open(NULL, &o, &fd), -ENETUNREACH);
	support_sys.sys.socket = no_v6;
	o.peer = &v6;
	cr_assert_eq(plx_udp_open(NULL, &o, &fd), -EAFNOSUPPORT);
	cr_assert_eq(fd, 4711);
	support_end(mark, NULL);
}
