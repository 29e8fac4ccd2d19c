/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_datagrams.c: datagrams come back as they were, and those that could
 * begin a loop do not come back.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <netinet/in.h>
#include <pollux/net.h>
#include "echod_driver.h"

/* The longest that IPv4 carries. */
#define LONGEST 65507

/* Where the second ready line says that datagrams are echoed. */
static struct plx_address
read_address(struct echod *e)
{
	struct plx_address a = {.length = 0};
	char line[256], text[128];

	echod_read_line(e, line, sizeof(line));
	cr_assert(sscanf(line, "echod: listening on udp:%127s", text) == 1,
		  "'%s'", line);
	cr_assert_str_eq(text, e->address);
	cr_assert_eq(plx_address_parse(text, &a), 0);
	return a;
}

/* A socket that is bound to LOCAL and sends to A. */
static int
connect_from(const char *local, const struct plx_address *a)
{
	struct timeval patience = {.tv_sec = PATIENCE};
	struct plx_address from;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	cr_assert_eq(plx_address_parse(local, &from), 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&from.storage, from.length), 0,
		     "%s: %s", local, strerror(errno));
	cr_assert_eq(
		connect(fd, (const struct sockaddr *)&a->storage, a->length),
		0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void
expect_back(int fd, const void *data, size_t n, const char *backend)
{
	static char back[LONGEST + 1];
	ssize_t got = recv(fd, back, sizeof(back), 0);

	cr_assert_eq(got, (ssize_t)n, "%s: %zd of %zu bytes", backend, got, n);
	cr_assert_eq(memcmp(back, data, n), 0, "%s", backend);
}

static const char *const udp[] = {"--udp", "--listen=127.0.0.1:0", NULL};

PLX_BACKENDS(datagrams, of_any_size_come_back)
ParameterizedTest(struct backend_param *b, datagrams, of_any_size_come_back)
{
	static const size_t sizes[] = {0, 1, 64, 1500, 9000, LONGEST, 0, 3};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, udp);
	struct plx_address a = read_address(&e);
	int fd = connect_from("127.0.0.1:0", &a);
	static char data[LONGEST];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		client_noise(data, sizes[i], i);
		cr_assert_eq(send(fd, data, sizes[i], 0), (ssize_t)sizes[i]);
		expect_back(fd, data, sizes[i], b->name);
	}
	close(fd);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(datagrams, of_many_clients_go_back_to_their_own)
ParameterizedTest(struct backend_param *b, datagrams,
		  of_many_clients_go_back_to_their_own)
{
	static const char *const args[] = {"--udp", "--workers=2",
					   "--listen=127.0.0.1:0", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, args);
	struct plx_address a = read_address(&e);
	char text[40][8];
	int fd[40], i, round;

	for (i = 0; i < 40; i++) {
		fd[i] = connect_from("127.0.0.1:0", &a);
		snprintf(text[i], sizeof(text[i]), "no %04d", i);
	}
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 40; i++)
			cr_assert_eq(send(fd[i], text[i], 7, 0), 7);
		for (i = 0; i < 40; i++)
			expect_back(fd[i], text[i], 7, b->name);
	}
	for (i = 0; i < 40; i++)
		close(fd[i]);
	echod_stop(&e);
	support_end(mark, b->name);
}

/* A datagram from FROM to A is dropped, and one from elsewhere is not. */
static void
expect_dropped(const char *from, const struct plx_address *a, const char *name)
{
	int forged = connect_from(from, a);
	int honest = connect_from("127.0.0.1:0", a);
	char byte;

	cr_assert_eq(send(forged, "a", 1, 0), 1);
	/* Those of one socket are answered in order, so by then it is over. */
	cr_assert_eq(send(honest, "b", 1, 0), 1);
	expect_back(honest, "b", 1, name);
	cr_assert_eq(recv(forged, &byte, 1, MSG_DONTWAIT), -1, "%s", name);
	close(forged);
	close(honest);
}

PLX_BACKENDS(datagrams, that_could_go_round_for_ever_are_dropped)
ParameterizedTest(struct backend_param *b, datagrams,
		  that_could_go_round_for_ever_are_dropped)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, udp);
	struct plx_address a = read_address(&e);
	const char *port = strchr(e.address, ':');
	char same[64];

	snprintf(same, sizeof(same), "127.0.0.2%s", port);
	expect_dropped(same, &a, b->name);
	echod_stop(&e);
	support_end(mark, b->name);
}

/* From the port of one of its sockets to another. */
PLX_BACKENDS(datagrams, that_could_go_round_within_echod_are_dropped)
ParameterizedTest(struct backend_param *b, datagrams,
		  that_could_go_round_within_echod_are_dropped)
{
	static const char *const two[] = {"--udp", "--listen=127.0.0.1:0",
					  "--listen=127.0.0.1:0", NULL};
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, two);
	struct plx_address a = read_address(&e);
	char line[256], port[16], other[64];

	echod_read_line(&e, line, sizeof(line));
	cr_assert(sscanf(line, "echod: listening on 127.0.0.1:%15s", port) ==
		  1);
	snprintf(other, sizeof(other), "127.0.0.2:%s", port);
	expect_dropped(other, &a, b->name);
	echod_stop(&e);
	support_end(mark, b->name);
}

PLX_BACKENDS(datagrams, that_came_before_a_stop_are_answered)
ParameterizedTest(struct backend_param *b, datagrams,
		  that_came_before_a_stop_are_answered)
{
	struct support_mark mark = echod_begin(b->name);
	struct echod e = echod_start(b->name, udp);
	struct plx_address a = read_address(&e);
	int fd = connect_from("127.0.0.1:0", &a), i;
	char text[8];

	for (i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "no %03d", i);
		cr_assert_eq(send(fd, text, 6, 0), 6);
	}
	echod_stop(&e);
	for (i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "no %03d", i);
		expect_back(fd, text, 6, b->name);
	}
	close(fd);
	support_end(mark, b->name);
}
