/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_faults.c: servers while one call of the system fails.
 *
 * A short session is played again and again, each time with the next call
 * failing.  Whatever that is, all ends within the time of the test's clock,
 * and nothing is left behind.
 */
#include <config.h>

#include <sys/stat.h>
#include "server_common.h"

/* What the system may say to anything. */
static const struct {
	unsigned entries;
	int error;
} kinds[] = {
	{SUPPORT_RESIZE | SUPPORT_MAP, ENOMEM},
	{SUPPORT_ACCEPT, EMFILE},
	{SUPPORT_ACCEPT, ECONNABORTED},
	{SUPPORT_RECV, ECONNRESET},
	{SUPPORT_RECV, ENOMEM},
	{SUPPORT_SEND, EPIPE},
	{SUPPORT_SEND, ENOBUFS},
	{SUPPORT_SOCKET, ENOBUFS},
	{SUPPORT_CHANGE, ENOSPC},
	{SUPPORT_WAIT, EINTR},
	{SUPPORT_FSTAT, EIO},
	{SUPPORT_SPAWN, EIO},
};

/* What a client does is not what is tried: it may fail in any way. */
static void
talk(int fd, int words)
{
	char buf[8];
	ssize_t n = 1;

	while (words-- > 0 && n > 0) {
		n = plx_send(fd, "word", 4, in(PLX_SECOND));
		if (n > 0)
			n = plx_recv(fd, buf, sizeof(buf), in(PLX_SECOND));
	}
}

/* A loop that fails cancels all there is, this task too. */
static void
end_run(struct scene *s)
{
	struct plx_scope shield;
	int r;

	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	do
		r = plx_join(s->run, NULL, in(60 * PLX_SECOND));
	while (r == -ENOMEM);
	plx_scope_leave(&shield, 0);
	cr_expect_eq(r, 0, "%s: the run goes on: %d", s->name, r);
}

static int eager;

static int
play_session(void *name)
{
	struct scene s;
	int fd[3], i, r;

	set_scene(&s, name, echo_once);
	s.options.eager = eager;
	s.options.idle_timeout = 60 * PLX_SECOND;
	r = plx_server_open(&s.options, &s.server);
	if (r < 0)
		return 0;
	plx_server_address(s.server, 0, &s.at[0]);
	if (plx_spawn(NULL, run_server, &s, &s.run) < 0) {
		plx_server_close(&s.server);
		return 0;
	}
	for (i = 0; i < 3; i++)
		fd[i] = client(&s);
	talk(fd[0], 2);
	shutdown(fd[0], SHUT_WR);
	talk(fd[1], 1);
	plx_server_stop(s.server, PLX_SECOND);
	end_run(&s);
	cr_expect_eq(s.opened, s.closed, "%s: %d opened, %d closed", s.name,
		     s.opened, s.closed);
	plx_server_close(&s.server);
	cr_expect_null(s.server);
	for (i = 0; i < 3; i++)
		plx_close(fd[i]);
	return 0;
}

/* Plays with the K-th call of KIND failing; has it been made? */
static int
play_with_fault(const char *backend, size_t kind, long k)
{
	struct support_mark mark = support_begin(backend);
	const struct plx_run_options options = {
		.backend = backend,
		.sys = &support_sys.sys,
	};
	long left;

	support_sys.fake_clock = 1;
	support_sys.now = 1000 * PLX_SECOND;
	support_sys.fails = kinds[kind].entries;
	support_sys.fail_with = kinds[kind].error;
	support_sys.fail_at = k;
	plx_run(&options, play_session, (void *)backend);
	left = support_sys.fail_at;
	support_sys.fail_at = 0;
	support_end(mark, backend);
	return left == 0;
}

PLX_BACKENDS(server_faults, whatever_fails_all_ends)
ParameterizedTest(struct backend_param *p, server_faults,
		  whatever_fails_all_ends, .timeout = 120)
{
	size_t kind;
	long k;

	for (kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		eager = 0;
		for (k = 1; play_with_fault(p->name, kind, k); k++)
			cr_assert_lt(k, 500, "%s: kind %zu", p->name, kind);
		eager = 1;
		for (k = 1; play_with_fault(p->name, kind, k); k++)
			cr_assert_lt(k, 500, "%s: kind %zu, eager", p->name,
				     kind);
	}
}

/* Every call that opens a path, a port and what was handed in fails once. */
Test(server_faults, an_open_that_fails_leaves_nothing)
{
	struct support_mark mark = support_begin(NULL);
	struct scene s;
	struct place p;
	struct stat st;
	long left = 0, k;
	int given, r;

	set_scene(&s, NULL, echo);
	make_place(&p, &s.at[0]);
	given = listen_already(1);
	s.options.naddresses = 2;
	s.options.listeners = &given;
	s.options.nlisteners = 1;
	for (k = 1; left == 0 && k < 100; k++) {
		support_sys.fails = SUPPORT_SOCKET | SUPPORT_RESIZE |
				    SUPPORT_OTHER | SUPPORT_SPAWN;
		support_sys.fail_with = ENOMEM;
		support_sys.fail_at = k;
		r = plx_server_open(&s.options, &s.server);
		left = support_sys.fail_at;
		support_sys.fail_at = 0;
		if (r == 0) {
			plx_server_close(&s.server);
			close(given);
			given = listen_already(1);
		}
		cr_assert(r == -ENOMEM || r == 0, "call %ld: %d", k, r);
		cr_assert_eq(lstat(p.path, &st), -1, "call %ld: a path", k);
		cr_assert_eq(support_count_fds(), mark.fds + 1, "call %ld", k);
		cr_assert_eq(fcntl(given, F_GETFL) & O_NONBLOCK, 0,
			     "call %ld: it was touched", k);
	}
	cr_assert_geq(k, 15, "%ld", k);
	close(given);
	cr_assert_eq(rmdir(p.dir), 0);
	support_end(mark, NULL);
}
