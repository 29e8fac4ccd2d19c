/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile_gone.c: peers that are there no more and have never said so, as when
 * their machine loses its power: half-open connections.
 *
 * A socket that is closed while it is under repair (TCP_REPAIR of Linux, which
 * wants the capability CAP_NET_ADMIN) sends nothing.  Nobody can know that it
 * is gone before something is sent to it; so what a server can do is not to
 * wait for ever.  Without an idle timeout it does, and ends when it is told to.
 */
#include <config.h>

#include <poll.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "hostile.h"

#define N 200

static int
put_under_repair(int fd)
{
#if defined(TCP_REPAIR)
	int on = 1;

	return setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) == 0;
#else
	(void)fd;
	return 0;
#endif
}

static void
skip_unless_possible(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), can = put_under_repair(fd);

	close(fd);
	if (!can)
		cr_skip_test("no way for a socket to go without a word here");
}

/* Half of them owe the rest of a line; nothing is owed to any. */
static void
go_without_a_word(struct storm *s)
{
	int fd[N], i;

	storm_connect_many(s, fd, N);
	for (i = 0; i < N; i++) {
		if (i % 2)
			storm_push(fd[i], "half a line", 11);
		cr_assert(put_under_repair(fd[i]));
		close(fd[i]);
		storm_act(s);
	}
}

/* Honest clients would be cut as well if they fell silent. */
static void
go_and_be_cut(struct storm *s)
{
	int64_t deadline = client_clock() + PATIENCE * 1000;

	go_without_a_word(s);
	while (process_descriptors(s->e.pid) != s->fds) {
		cr_assert_lt(client_clock(), deadline, "%s: %d descriptors",
			     s->backend, process_descriptors(s->e.pid));
		s->round(s);
		s->rounds++;
		poll(NULL, 0, 20);
	}
}

PLX_BACKENDS(gone, half_open_clients_are_cut_by_the_idle_timeout)
ParameterizedTest(struct backend_param *b, gone,
		  half_open_clients_are_cut_by_the_idle_timeout)
{
	static const char *const args[] = {"--mode=line", "--idle-timeout=0.7",
					   NULL};

	skip_unless_possible();
	storm_play(b->name, args, go_and_be_cut, "go without a word");
}

PLX_BACKENDS(gone, half_open_clients_hold_no_server_up)
ParameterizedTest(struct backend_param *b, gone,
		  half_open_clients_hold_no_server_up)
{
	static const char *const args[] = {"--mode=line", NULL};
	struct storm s;
	int i;

	skip_unless_possible();
	storm_begin(&s, b->name, args);
	storm_settle(&s);
	go_without_a_word(&s);
	storm_await_descriptors(&s, N);
	storm_expect_patience(&s);
	for (i = 0; i < STORM_HONEST; i++)
		close(s.honest[i]);
	echod_stop(&s.e);
	support_end(s.mark, s.backend);
}
