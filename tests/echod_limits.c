/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_limits.c: too many clients, too few descriptors, clients that idle.
 *
 * That echod does not spin while it can do nothing is seen by the processor
 * time that it has used in the end.
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "echod_driver.h"

/* Whether something is to be read from FD within MS milliseconds. */
static int
readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

PLX_BACKENDS(limits, without_descriptors_clients_wait_and_nothing_spins)
ParameterizedTest(struct backend_param *b, limits,
		  without_descriptors_clients_wait_and_nothing_spins)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e;
	int fd[40], i;

	echod_descriptor_limit = 24;
	e = echod_start(b->name, NULL);
	for (i = 0; i < 40; i++) {
		fd[i] = echod_connect(&e);
		client_send(fd[i], "hello", 5);
	}
	echod_expect_error(&e, "cannot accept: ");
	/* First come, first served; 24 descriptors are not 25 clients. */
	for (i = 0; i < 5; i++)
		cr_assert(readable(fd[i], PATIENCE * 1000), "%s", b->name);
	cr_assert(!readable(fd[24], 1000), "%s", b->name);
	for (i = 0; i < 40; i++) {
		client_expect(fd[i], "hello", 5);
		close(fd[i]);
	}
	echod_stop(&e);
	cr_assert_lt(e.cpu, 0.35, "%s: %f s", b->name, e.cpu);
	support_end(mark, b->name);
}

#if defined(__linux__)
/* Leaves echod BYTES to grow; 0 where a sanitizer has taken the addresses. */
static int
limit_memory(const struct echod *e, unsigned long bytes)
{
	struct rlimit r = {.rlim_max = RLIM_INFINITY};
	unsigned long pages = 0;
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%ld/statm", (long)e->pid);
	f = fopen(name, "r");
	cr_assert(f && fscanf(f, "%lu", &pages) == 1);
	fclose(f);
	r.rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE) + bytes;
	if (r.rlim_cur > (rlim_t)1 << 36)
		return 0;
	return prlimit(e->pid, RLIMIT_AS, &r, NULL) == 0;
}

PLX_BACKENDS(limits, without_memory_clients_wait_and_none_is_lost)
ParameterizedTest(struct backend_param *b, limits,
		  without_memory_clients_wait_and_none_is_lost)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd[150], i;

	if (!limit_memory(&e, 2 << 20)) {
		echod_stop(&e);
		cr_skip_test("%s: memory cannot be limited", b->name);
	}
	for (i = 0; i < 150; i++) {
		fd[i] = echod_connect(&e);
		client_send(fd[i], "hello", 5);
	}
	cr_assert(!readable(fd[149], 200), "%s", b->name);
	for (i = 0; i < 150; i++) {
		client_expect(fd[i], "hello", 5);
		close(fd[i]);
	}
	echod_stop(&e);
	cr_assert_lt(e.cpu, 0.35, "%s: %f s", b->name, e.cpu);
	support_end(mark, b->name);
}
#endif

static void
expect_one_at_a_time(struct echod *e)
{
	int first = echod_connect(e), second = echod_connect(e);
	int third = echod_connect(e);

	client_ask(first, "first", "first");
	client_send(second, "second", 6);
	client_send(third, "third", 5);
	cr_assert(!readable(second, 300));
	cr_assert(!readable(third, 0));
	close(first);
	client_expect(second, "second", 6);
	cr_assert(!readable(third, 100));
	client_reset(second);
	client_expect(third, "third", 5);
	close(third);
}

PLX_BACKENDS(limits, the_connection_limit_holds)
ParameterizedTest(struct backend_param *b, limits, the_connection_limit_holds)
{
	static const char *const args[] = {"--max-connections=1", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);

	expect_one_at_a_time(&e);
	echod_stop(&e);
	cr_assert_lt(e.cpu, 0.3, "%s: %f s", b->name, e.cpu);
	support_end(mark, b->name);
}

/* The first of FD[0] and FD[1] that gets an answer; the other must not. */
static int
first_served(int *fd)
{
	struct pollfd p[2] = {{.fd = fd[0], .events = POLLIN},
			      {.fd = fd[1], .events = POLLIN}};

	cr_assert_eq(poll(p, 2, PATIENCE * 1000), 1);
	return p[0].revents ? 0 : 1;
}

PLX_BACKENDS(limits, the_connection_limit_is_that_of_all_workers)
ParameterizedTest(struct backend_param *b, limits,
		  the_connection_limit_is_that_of_all_workers)
{
	static const char *const args[] = {"--max-connections=1", "--workers=3",
					   NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int first, fd[2], i, k;

	for (i = 0; i < 10; i++) {
		first = echod_connect(&e);
		client_ask(first, "first", "first");
		fd[0] = echod_connect(&e);
		fd[1] = echod_connect(&e);
		client_send(fd[0], "x", 1);
		client_send(fd[1], "x", 1);
		cr_assert(!readable(fd[0], 50) && !readable(fd[1], 0));
		close(first);
		k = first_served(fd);
		client_expect(fd[k], "x", 1);
		close(fd[k]);
		client_expect(fd[!k], "x", 1);
		close(fd[!k]);
	}
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(limits, the_last_place_goes_to_any_listener)
ParameterizedTest(struct backend_param *b, limits,
		  the_last_place_goes_to_any_listener)
{
	static const char *const args[] = {"--max-connections=1",
					   "--listen=127.0.0.1:0",
					   "--listen=127.0.0.1:0", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args), other = e;
	char line[256];
	int i, fd;

	echod_read_line(&e, line, sizeof(line));
	cr_assert_eq(sscanf(line, "echod: listening on %127s", other.address),
		     1);
	for (i = 0; i < 10; i++) {
		fd = echod_connect(i % 2 ? &e : &other);
		client_ask(fd, "here", "here");
		close(fd);
	}
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(limits, silent_connections_are_closed_in_time)
ParameterizedTest(struct backend_param *b, limits,
		  silent_connections_are_closed_in_time)
{
	static const char *const args[] = {"--idle-timeout=0.3", "-v", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int fd = echod_connect(&e), i;
	int64_t since;

	for (i = 0; i < 5; i++) {
		cr_assert(!readable(fd, 100), "%s: too early", b->name);
		since = client_clock();
		client_ask(fd, "awake", "awake");
	}
	client_expect_end(fd);
	cr_assert_geq(client_clock() - since, 299, "%s: too early", b->name);
	close(fd);
	echod_expect_error(&e, "closed: idle for too long\n");
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(limits, a_client_that_takes_nothing_is_closed_in_time)
ParameterizedTest(struct backend_param *b, limits,
		  a_client_that_takes_nothing_is_closed_in_time)
{
	static const char *const args[] = {"--idle-timeout=0.3", "-v", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int fd = echod_connect(&e);
	static char data[65536];

	while (send(fd, data, sizeof(data), MSG_NOSIGNAL) > 0)
		;
	cr_assert(errno == ECONNRESET || errno == EPIPE, "%s: %s", b->name,
		  strerror(errno));
	close(fd);
	echod_expect_error(&e, "closed: idle for too long\n");
	echod_stop(&e);
	support_end(mark, b->name);
}

/* Every client says who it is, then every one hears it. */
static void
ask_all(const int *fd, int n)
{
	char text[32];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "I am %d", i);
		client_send(fd[i], text, strlen(text));
	}
	for (i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "I am %d", i);
		client_expect(fd[i], text, strlen(text));
	}
}

/* Holds N connections, of which a hundred speak again. */
static void
hold(const char *backend, int n)
{
	struct echod e = echod_start(backend, NULL);
	int *fd = malloc((size_t)n * sizeof(*fd)), i;

	cr_assert(fd);
	for (i = 0; i < n; i++)
		fd[i] = echod_connect(&e);
	ask_all(fd, n);
	for (i = 0; i < n; i += n / 100)
		client_exchange(fd[i], 1000, 1000, 0, (uint64_t)i);
	echod_stop(&e);
	for (i = 0; i < n; i++) {
		client_expect_end(fd[i]);
		close(fd[i]);
	}
	free(fd);
}

PLX_BACKENDS(limits, thousands_of_connections_are_held)
ParameterizedTest(struct backend_param *b, limits,
		  thousands_of_connections_are_held)
{
	struct support_mark mark = echod_begin(b->name);
	int n = strcmp(b->name, "select") ? 10000 : 2000;

	/* It has about 8,000 fibers. */
	if (SUPPORT_TSAN && n > 4000)
		n = 4000;
	if (!support_want_fds(n + 100))
		cr_skip_test("%s: the limit of descriptors is below %d",
			     b->name, n + 100);
	hold(b->name, n);
	support_end(mark, b->name);
}
