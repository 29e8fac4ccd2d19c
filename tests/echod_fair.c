/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_fair.c: clients that want all of the server for themselves, or keep
 * what they have for ever.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <pollux/net.h>
#include "echod_driver.h"

/* Sends FD one line without an end until it is cut off, in a process of its
   own that exits with the seconds which that took, or PATIENCE. */
static pid_t
flood(int fd)
{
	static char data[1 << 20];
	int64_t since = client_clock(), passed = 0;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	while (passed < PATIENCE &&
	       send(fd, data, sizeof(data), MSG_NOSIGNAL) > 0)
		passed = (client_clock() - since) / 1000;
	_exit((int)passed);
}

#define FLOODS 4

PLX_BACKENDS(fair, throwing_away_ends_though_bytes_still_come)
ParameterizedTest(struct backend_param *b, fair,
		  throwing_away_ends_though_bytes_still_come)
{
	static const char *const args[] = {"--mode=line", "--max-line=10",
					   NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int fd[FLOODS], i, status;
	pid_t pid[FLOODS];

	for (i = 0; i < FLOODS; i++) {
		fd[i] = echod_connect(&e);
		pid[i] = flood(fd[i]);
		close(fd[i]);
	}
	for (i = 0; i < FLOODS; i++) {
		cr_assert_eq(waitpid(pid[i], &status, 0), pid[i]);
		cr_assert_lt(WEXITSTATUS(status), 10, "%s: %d s", b->name,
			     WEXITSTATUS(status));
	}
	echod_stop(&e);
	support_end(mark, b->name);
}

/*
 * A client whose connection has little room on the way: small segments and a
 * small receive buffer, so that a wait of echod's ends in the middle of what
 * it has to send.
 */
static int
connect_narrow(const struct echod *e)
{
	int fd = support_blocking_socket(AF_INET);
	int room = 4096, segment = 536;
	struct plx_address a;

	cr_assert_eq(plx_address_parse(e->address, &a), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
	cr_assert_eq(connect(fd, (struct sockaddr *)&a.storage, a.length), 0,
		     "%s", strerror(errno));
	return fd;
}

/* Sends until the socket has been full for a while. */
static void
send_until_full(int fd)
{
	static const char data[4096];
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	while (poll(&p, 1, 200) == 1)
		cr_assert(send(fd, data, sizeof(data),
			       MSG_NOSIGNAL | MSG_DONTWAIT) > 0);
}

PLX_BACKENDS(fair, a_client_that_stops_reading_is_closed_in_time)
ParameterizedTest(struct backend_param *b, fair,
		  a_client_that_stops_reading_is_closed_in_time)
{
	static const char *const args[] = {"--idle-timeout=2", "-v", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int fd = connect_narrow(&e), i;
	char data[4096];
	int64_t since;

	send_until_full(fd);
	for (i = 0; i < 40; i++) {
		cr_assert_gt(recv(fd, data, sizeof(data), 0), 0);
		poll(NULL, 0, 5);
	}
	since = client_clock();
	echod_expect_error(&e, "closed: idle for too long\n");
	since = client_clock() - since;
	cr_assert(since > 1000 && since < 3300, "%s: %ld ms", b->name,
		  (long)since);
	client_reset(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

/* Takes and counts what comes, in a process of its own. */
static pid_t
count_aside(int fd, _Atomic long *count)
{
	static char data[1 << 20];
	pid_t pid = fork();
	ssize_t n;

	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	/* Where the system can, without a copy: faster than any server. */
	while ((n = recv(fd, data, sizeof(data), MSG_TRUNC)) > 0)
		atomic_fetch_add(count, n);
	_exit(0);
}

#define PREFIX_LENGTH 4096
#define LINES 65536

/* The least that one client got while another waited for its answer. */
static long
least_between(int fd, _Atomic long *count, const char *answer)
{
	long all = (long)LINES * (PREFIX_LENGTH + 1), least = all, from, n;

	while ((from = atomic_load(count)) == 0)
		poll(NULL, 0, 1);
	while (from < all / 2) {
		client_ask(fd, "x\n", answer);
		n = atomic_load(count) - from;
		least = n < least ? n : least;
		from = atomic_load(count);
	}
	return least;
}

PLX_BACKENDS(fair, a_very_long_answer_keeps_nobody_waiting)
ParameterizedTest(struct backend_param *b, fair,
		  a_very_long_answer_keeps_nobody_waiting)
{
	static char prefix[PREFIX_LENGTH + 16], answer[PREFIX_LENGTH + 16];
	static char newlines[LINES];
	const char *args[] = {"--mode=line", prefix, NULL};
	struct support_mark mark = echod_begin(b->name);
	_Atomic long *count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct echod e;
	int greedy, other;
	long least;
	pid_t pid;

	cr_assert_neq((void *)count, MAP_FAILED);
	memset(newlines, '\n', sizeof(newlines));
	snprintf(prefix, sizeof(prefix), "--prefix=%0*d", PREFIX_LENGTH, 0);
	snprintf(answer, sizeof(answer), "%0*dx\n", PREFIX_LENGTH, 0);
	e = echod_start(b->name, args);
	greedy = echod_connect(&e);
	other = echod_connect(&e);
	client_ask(other, "x\n", answer);
	pid = count_aside(greedy, count);
	client_send(greedy, newlines, sizeof(newlines));
	least = least_between(other, count, answer);
	cr_assert_lt(least, 16 << 20, "%s: %ld bytes", b->name, least);
	shutdown(greedy, SHUT_WR);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_assert_eq(atomic_load(count), (long)LINES * (PREFIX_LENGTH + 1));
	close(greedy);
	close(other);
	munmap(count, sizeof(*count));
	echod_stop(&e);
	support_end(mark, b->name);
}
