/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_listen.c: servers: what they listen on: ports, paths, names
 * without one, and sockets that listen already; and what they refuse to be
 * opened with.
 */
#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include "server_common.h"

Test(server_listen, options_are_checked)
{
	struct support_mark mark = support_begin(NULL);
	struct scene s;
	plx_server *out = NULL;

	set_scene(&s, NULL, NULL);
	cr_assert_eq(plx_server_open(&s.options, &out), -EINVAL);
	set_scene(&s, NULL, echo);
	s.options.naddresses = 0;
	cr_assert_eq(plx_server_open(&s.options, &out), -EINVAL);
	set_scene(&s, NULL, echo);
	s.options.stream.low_water = 2;
	s.options.stream.high_water = 1;
	cr_assert_eq(plx_server_open(&s.options, &out), -EINVAL);
	set_scene(&s, NULL, echo);
	s.options.stream.low_water = 1 << 20;
	cr_assert_eq(plx_server_open(&s.options, &out), -EINVAL);
	set_scene(&s, NULL, echo);
	s.options.naddresses = 2;
	plx_address_parse("unix:/nonexistent/socket", &s.at[1]);
	cr_assert_eq(plx_server_open(&s.options, &out), -ENOENT);
	cr_assert_null(out);
	support_end(mark, NULL);
}

static int
serve_both_kinds(void *name)
{
	struct scene s;
	struct place p;
	struct stat st;
	int tcp, local;

	set_scene(&s, name, echo);
	s.options.naddresses = 2;
	make_place(&p, &s.at[1]);
	begin_scene(&s);
	tcp = dial(&s.at[0]);
	local = dial(&s.at[1]);
	ask(local, "by path");
	expect(&s, local, "by path");
	ask(tcp, "by port");
	expect(&s, tcp, "by port");
	plx_server_stop(s.server, PLX_SECOND);
	expect_end(&s, tcp, 0);
	expect_end(&s, local, 0);
	cr_expect_eq(lstat(p.path, &st), -1, "%s: the path stays", s.name);
	end_scene(&s);
	cr_expect_eq(rmdir(p.dir), 0);
	return 0;
}
ON_BACKENDS(server_listen, several_listeners_of_both_kinds, serve_both_kinds)

/* As if another file system had been put over the path. */
static int
look_elsewhere(const struct plx_sys *sys, const char *path, struct stat *st)
{
	int r = plx__sys_real.lstat(&plx__sys_real, path, st);

	(void)sys;
	st->st_dev++;
	return r;
}

Test(server_listen, a_path_goes_with_the_server_that_made_it)
{
	struct support_mark mark = support_begin(NULL);
	struct place p;
	struct scene s;
	struct stat st;

	set_scene(&s, NULL, echo);
	make_place(&p, &s.at[0]);
	open_server(&s);
	cr_assert_eq(lstat(p.path, &st), 0);
	plx_server_close(&s.server);
	cr_assert_eq(lstat(p.path, &st), -1);
	open_server(&s);
	unlink(p.path);
	close(open(p.path, O_CREAT | O_WRONLY, 0600));
	plx_server_close(&s.server);
	cr_assert_eq(lstat(p.path, &st), 0, "that file is another's");
	unlink(p.path);
	open_server(&s);
	unlink(p.path);
	plx_server_close(&s.server);
	open_server(&s);
	support_sys.sys.lstat = look_elsewhere;
	plx_server_close(&s.server);
	cr_assert_eq(unlink(p.path), 0, "so is one of another device");
	cr_assert_eq(rmdir(p.dir), 0);
	support_end(mark, NULL);
}

Test(server_listen, a_child_takes_no_path_away)
{
	struct support_mark mark = support_begin(NULL);
	struct place p;
	struct scene s;
	struct stat st;
	pid_t pid;
	int status;

	set_scene(&s, NULL, echo);
	make_place(&p, &s.at[0]);
	open_server(&s);
	pid = fork();
	if (pid == 0) {
		plx_server_close(&s.server);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(lstat(p.path, &st), 0);
	plx_server_close(&s.server);
	cr_assert_eq(lstat(p.path, &st), -1);
	cr_assert_eq(rmdir(p.dir), 0);
	support_end(mark, NULL);
}

/* What listens asks another table than what serves. */
Test(server_listen, listeners_may_have_a_table_of_their_own)
{
	static struct support_sys other;
	struct support_mark mark = support_begin(NULL);
	struct scene s;

	support_sys_init(&other);
	set_scene(&s, NULL, echo);
	s.options.listen.sys = &other.sys;
	open_server(&s);
	cr_assert_geq(support_calls(&other, SUPPORT_SOCKET), 3);
	plx_server_close(&s.server);
	support_end(mark, NULL);
}

#if defined(__linux__)
static int
serve_abstract(void *name)
{
	struct scene s;
	char text[64];
	int fd;

	set_scene(&s, name, echo);
	snprintf(text, sizeof(text), "unix:@pollux-server-%d", (int)getpid());
	cr_expect_eq(plx_address_parse(text, &s.at[0]), 0);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "no path");
	expect(&s, fd, "no path");
	plx_close(fd);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_listen, a_name_without_a_path, serve_abstract)
#endif

static int
serve_given(void *name)
{
	struct scene s;
	int given = listen_already(1), fd;

	set_scene(&s, name, echo);
	s.options.naddresses = 0;
	s.options.listeners = &given;
	s.options.nlisteners = 1;
	open_server(&s);
	cr_expect_eq(plx_server_address(s.server, 0, &s.at[0]), 0);
	cr_expect(fcntl(given, F_GETFL) & O_NONBLOCK, "%s", s.name);
	start_server(&s);
	fd = client(&s);
	ask(fd, "x");
	expect(&s, fd, "x");
	plx_close(fd);
	end_scene(&s);
	cr_expect_eq(fcntl(given, F_GETFD), -1, "%s: still open", s.name);
	return 0;
}
ON_BACKENDS(server_listen, sockets_that_listen_can_be_handed_in, serve_given)

/* Also by a socket that was handed in: an answer in two pieces does not wait.
 */
static int
ask_no_delay(struct plx_stream *st, void *arg)
{
	int on = 0, fd = plx_stream_fileno(st);
	socklen_t length = sizeof(on);

	getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &length);
	((struct scene *)arg)->most += on != 0;
	return 0;
}

static int
serve_at_once(void *name)
{
	struct plx_address at;
	int given = listen_already(0), fd[2];
	struct scene s;

	set_scene(&s, name, ask_no_delay);
	s.options.eager = 1;
	s.options.listeners = &given;
	s.options.nlisteners = 1;
	begin_scene(&s);
	cr_expect_eq(plx_server_address(s.server, 1, &at), 0, "%s", s.name);
	fd[0] = client(&s);
	fd[1] = dial(&at);
	expect_end(&s, fd[0], 0);
	expect_end(&s, fd[1], 0);
	cr_expect_eq(s.most, 2, "%s: %d of 2", s.name, s.most);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_listen, connections_send_at_once, serve_at_once)

Test(server_listen, sockets_that_do_not_listen_stay_the_callers)
{
	struct support_mark mark = support_begin(NULL);
	struct scene s;
	plx_server *out = NULL;
	int given[2], good = listen_already(1), i, kinds[3];

	kinds[0] = socket(AF_INET, SOCK_STREAM, 0);
	kinds[1] = socket(AF_INET, SOCK_DGRAM, 0);
	kinds[2] = open("/dev/null", O_RDONLY);
	set_scene(&s, NULL, echo);
	s.options.listeners = given;
	s.options.nlisteners = 2;
	for (i = 0; i < 6; i++) {
		given[i % 2] = good;
		given[1 - i % 2] = kinds[i / 2];
		cr_assert_eq(plx_server_open(&s.options, &out),
			     i < 4 ? -EINVAL : -ENOTSOCK, "kind %d", i / 2);
		cr_assert_eq(fcntl(good, F_GETFL) & O_NONBLOCK, 0);
	}
	for (i = 0; i < 3; i++)
		cr_assert_eq(close(kinds[i]), 0, "kind %d", i);
	cr_assert_eq(close(good), 0);
	support_end(mark, NULL);
}

/* In a scope that is over, so that it stops before it has begun. */
static int
serve_unseen(void *name)
{
	struct plx_scope over;
	struct scene s;
	int r;

	set_scene(&s, name, echo);
	s.options.handler = NULL;
	cr_expect_eq(plx_serve(&s.options, NULL), -EINVAL, "%s", s.name);
	set_scene(&s, name, echo);
	plx_scope_enter(&over, PLX_NEVER);
	plx_scope_cancel(&over);
	r = plx_serve(&s.options, NULL);
	cr_expect(r == 0 || r == -ECANCELED, "%s: %d", s.name, r);
	plx_scope_leave(&over, r);
	return 0;
}
ON_BACKENDS(server_listen, one_call_serves_without_telling_which, serve_unseen)
