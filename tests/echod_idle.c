/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_idle.c: connections that say nothing hold nothing.
 */
#include <config.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "echod_driver.h"

/* Has it list its tasks until TEXT is among what it said. */
static void
expect_in_list(struct echod *e, const char *text)
{
	int64_t deadline = client_clock() + PATIENCE * 1000;
	static char all[1 << 16];

	do {
		echod_signal(e, SIGUSR1);
		poll(NULL, 0, 50);
		echod_errors(e, all, sizeof(all));
		if (strstr(all, text))
			return;
	} while (client_clock() < deadline);
	cr_assert(0, "'%s' is not in: %s", text, all);
}

PLX_BACKENDS(idle, a_connection_has_no_task_before_its_first_byte)
ParameterizedTest(struct backend_param *b, idle,
		  a_connection_has_no_task_before_its_first_byte)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd = echod_connect(&e);

	expect_in_list(&e, " 1 hibernating");
	client_ask(fd, "hello", "hello");
	expect_in_list(&e, " 0 hibernating");
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(idle, a_silent_one_gives_its_task_up_and_is_served_again)
ParameterizedTest(struct backend_param *b, idle,
		  a_silent_one_gives_its_task_up_and_is_served_again)
{
	static const char *const args[] = {"--mode=line", "--prefix=GOT:", "-v",
					   NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	char text[ECHOD_TEXT * 4];
	int fd = echod_connect(&e);

	client_ask(fd, "one\n", "GOT:one\n");
	expect_in_list(&e, " 1 hibernating");
	client_ask(fd, "two\nthr", "GOT:two\n");
	client_ask(fd, "ee\n", "GOT:three\n");
	close(fd);
	echod_expect_error(&e, "closed: end of stream");
	echod_errors(&e, text, sizeof(text));
	cr_assert(!strstr(strstr(text, "connected") + 1, "connected"), "%s",
		  b->name);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(idle, one_that_sleeps_is_answered_and_ended_by_a_stop)
ParameterizedTest(struct backend_param *b, idle,
		  one_that_sleeps_is_answered_and_ended_by_a_stop)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd = echod_connect(&e), silent = echod_connect(&e);

	client_ask(fd, "hello", "hello");
	expect_in_list(&e, " 2 hibernating");
	client_send(fd, "last", 4);
	echod_stop(&e);
	client_expect(fd, "last", 4);
	client_expect_end(fd);
	client_expect_end(silent);
	close(fd);
	close(silent);
	support_end(mark, b->name);
}

#if defined(__linux__)
/* Bytes of echod's that are resident; those of a sanitizer's shadow, which
   takes terabytes of addresses, say nothing. */
static long
resident(const struct echod *e)
{
	long long addresses = 0;
	long pages = 0;
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%ld/statm", (long)e->pid);
	f = fopen(name, "r");
	cr_assert(f && fscanf(f, "%lld %ld", &addresses, &pages) == 2);
	fclose(f);
	if (addresses > 1 << 28)
		return -1;
	return pages * sysconf(_SC_PAGESIZE);
}

static void
expect_cheap(const char *backend, int n)
{
	struct echod e = echod_start(backend, NULL);
	int *fd = malloc((size_t)n * sizeof(*fd)), i, first = echod_connect(&e);
	long before, after;

	cr_assert(fd);
	client_ask(first, "hello", "hello");
	before = resident(&e);
	if (before < 0) {
		echod_stop(&e);
		cr_skip_test("%s: an instrumented echod", backend);
	}
	for (i = 0; i < n; i++)
		fd[i] = echod_connect(&e);
	client_ask(first, "hello", "hello");
	after = resident(&e);
	cr_assert_leq((after - before) / n, 300, "%s: %ld bytes each", backend,
		      (after - before) / n);
	for (i = 0; i < n; i++)
		close(fd[i]);
	close(first);
	free(fd);
	echod_stop(&e);
}

PLX_BACKENDS(idle, ten_thousand_hold_300_bytes_each_at_most)
ParameterizedTest(struct backend_param *b, idle,
		  ten_thousand_hold_300_bytes_each_at_most)
{
	struct support_mark mark = echod_begin(b->name);

	/* Here that is the stand-in, whose knotes are memory of the process. */
	if (strcmp(b->name, "kqueue") == 0)
		cr_skip_test("kqueue: not the system's");
	if (!support_want_fds(10100))
		cr_skip_test("%s: the limit of descriptors is too low",
			     b->name);
	expect_cheap(b->name, 10000);
	support_end(mark, b->name);
}
#endif
