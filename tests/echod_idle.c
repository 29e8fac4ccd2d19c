/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_idle.c: connections that say nothing hold nothing.
 */
#include <config.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
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
