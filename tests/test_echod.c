/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_echod.c: echod echoes: every byte, in order, whatever the client does.
 *
 * Like its siblings echod_*.c it drives the real program over real sockets,
 * once per backend.
 */
#include <config.h>

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include "echod_driver.h"

PLX_BACKENDS(echo, bytes_of_any_size_come_back)
ParameterizedTest(struct backend_param *b, echo, bytes_of_any_size_come_back)
{
	static const size_t sizes[] = {1,     2,     3,	    63,	    1000,  4097,
				       65535, 65536, 65537, 131071, 200003};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd = echod_connect(&e);
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		client_exchange(fd, sizes[i], sizes[i], 0, i);
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(echo, single_bytes_come_back)
ParameterizedTest(struct backend_param *b, echo, single_bytes_come_back)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd = echod_connect(&e), i;

	for (i = 0; i < 256; i++) {
		char byte = (char)i;

		client_send(fd, &byte, 1);
		client_expect(fd, &byte, 1);
	}
	client_exchange(fd, 5000, 1, 0, 3);
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(echo, a_megabyte_flows_both_ways)
ParameterizedTest(struct backend_param *b, echo, a_megabyte_flows_both_ways)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd = echod_connect(&e);

	client_exchange(fd, 1 << 20, 65536, 0, 11);
	client_exchange(fd, (1 << 20) + 1, 997, 0, 12);
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(echo, a_slow_reader_gets_every_byte)
ParameterizedTest(struct backend_param *b, echo, a_slow_reader_gets_every_byte)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int fd = echod_connect(&e), small = 1 << 18;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	client_exchange(fd, 12 << 20, 65536, 1, 13);
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(echo, half_closing_gets_the_rest_and_the_end)
ParameterizedTest(struct backend_param *b, echo,
		  half_closing_gets_the_rest_and_the_end)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	static char data[100000];
	int fd = echod_connect(&e);

	client_noise(data, sizeof(data), 5);
	client_send(fd, data, sizeof(data));
	shutdown(fd, SHUT_WR);
	client_expect(fd, data, sizeof(data));
	client_expect_end(fd);
	close(fd);
	fd = echod_connect(&e);
	shutdown(fd, SHUT_WR);
	client_expect_end(fd);
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(echo, a_client_that_vanishes_harms_nobody)
ParameterizedTest(struct backend_param *b, echo,
		  a_client_that_vanishes_harms_nobody)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	char errors[ECHOD_TEXT];
	int other = echod_connect(&e), fd, i;

	for (i = 0; i < 20; i++) {
		fd = echod_connect(&e);
		if (i % 2)
			client_send(fd, "bytes that nobody fetches", 25);
		if (i % 4 < 2)
			client_reset(fd);
		else
			close(fd);
		client_ask(other, "still here?", "still here?");
	}
	close(other);
	echod_errors(&e, errors, sizeof(errors));
	cr_assert_str_eq(errors, "", "%s", b->name);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(echo, a_client_that_never_reads_stops_nobody)
ParameterizedTest(struct backend_param *b, echo,
		  a_client_that_never_reads_stops_nobody)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	int deaf = echod_connect(&e), other = echod_connect(&e), i;
	static char data[65536];
	struct timeval soon = {.tv_usec = 200000};
	size_t sent = 0;
	ssize_t n;

	setsockopt(deaf, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
	while ((n = send(deaf, data, sizeof(data), MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	cr_assert_gt(sent, sizeof(data), "%s", b->name);
	for (i = 0; i < 100; i++)
		client_exchange(other, 60000, 60000, 0, (uint64_t)i);
	close(other);
	/* Nor did anybody's bytes get into what it is owed. */
	for (; sent >= sizeof(data); sent -= sizeof(data))
		client_expect(deaf, data, sizeof(data));
	client_expect(deaf, data, sent);
	client_reset(deaf);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(echo, twenty_clients_are_served_by_two_workers)
ParameterizedTest(struct backend_param *b, echo,
		  twenty_clients_are_served_by_two_workers)
{
	static const char *const args[] = {"--workers=2", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	int fd[20], i;

	for (i = 0; i < 20; i++)
		fd[i] = echod_connect(&e);
	for (i = 0; i < 20; i++)
		client_exchange(fd[i], 70000, 4000, 0, (uint64_t)i);
	for (i = 0; i < 20; i++)
		close(fd[i]);
	echod_stop(&e);
	support_end(mark, b->name);
}

/* Whether the system knows the name: a bare one may have no hosts file. */
static int
knows_localhost(void)
{
	struct addrinfo *found;

	if (getaddrinfo("localhost", NULL, NULL, &found) != 0)
		return 0;
	freeaddrinfo(found);
	return 1;
}

Test(echo, several_addresses_are_served_at_once)
{
	const char *const args[] = {"--listen=127.0.0.1:0",
				    knows_localhost() ? "--listen=localhost:0"
						      : "--listen=127.0.0.1:0",
				    NULL};
	struct support_mark mark = echod_begin("poll");
	struct echod e = echod_start("auto", args);
	char line[256], address[128] = "";
	int fd = echod_connect(&e);

	client_ask(fd, "one", "one");
	close(fd);
	echod_read_line(&e, line, sizeof(line));
	cr_assert_eq(sscanf(line, "echod: listening on %127s", address), 1,
		     "%s", line);
	cr_assert_str_neq(address, e.address);
	fd = echod_connect_to(address);
	client_ask(fd, "two", "two");
	close(fd);
	echod_stop(&e);
	support_end(mark, "poll");
}

PLX_BACKENDS(echo, the_ready_line_names_address_and_backend)
ParameterizedTest(struct backend_param *b, echo,
		  the_ready_line_names_address_and_backend)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, NULL);
	char expected[256];

	snprintf(expected, sizeof(expected), "echod: listening on %s (%s)",
		 e.address, b->name);
	cr_assert_str_eq(e.ready, expected);
	cr_assert_neq(strcmp(e.address, "127.0.0.1:0"), 0);
	echod_stop(&e);
	support_end(mark, b->name);
}
