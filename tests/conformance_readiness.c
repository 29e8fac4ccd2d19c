/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_readiness.c: when a descriptor can be read and written.
 *
 * Level-triggered, as poll(2) has it, for every kind of descriptor; first
 * silence is proved, then sound, then silence again.
 */
#include <config.h>

#include "conformance.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

CONFORMS(readiness, of_reading_lasts_from_the_first_byte_to_the_last)
{
	struct fixture f = begin(p);
	char byte;

	for (size_t i = 0; i < kinds_count; i++) {
		int fd[2];

		kinds[i].pair(fd);
		IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
		cr_assert(look(&f, fd[0]) == 0, "%s: %s", f.name,
			  kinds[i].name);
		put_byte(fd[1]);
		put_byte(fd[1]);
		expect_ready(&f, fd[0], PLX_READ);
		expect_ready(&f, fd[0], PLX_READ);
		CHECK(&f, read(fd[0], &byte, 1) == 1);
		expect_ready(&f, fd[0], PLX_READ);
		support_drain(fd[0]);
		expect_quiet(&f);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		close_pair(fd);
	}
	end(&f);
}

CONFORMS(readiness, of_writing_ends_when_full_and_comes_back)
{
	struct fixture f = begin(p);

	for (size_t i = 0; i < kinds_count; i++) {
		int fd[2];

		if (kinds[i].pair == support_udp_pair) {
			continue; /* drops what does not fit, never full */
		}
		kinds[i].pair(fd);
		IS(&f, plx_selector_register(f.s, fd[1], PLX_WRITE, NULL), 0);
		expect_ready(&f, fd[1], PLX_WRITE);
		stuff(fd[1]);
		cr_assert(look(&f, fd[1]) == 0, "%s: %s is full", f.name,
			  kinds[i].name);
		while (look(&f, fd[1]) == 0) {
			support_drain(fd[0]);
		}
		expect_ready(&f, fd[1], PLX_WRITE);
		IS(&f, plx_selector_unregister(f.s, fd[1]), 0);
		close_pair(fd);
	}
	end(&f);
}

CONFORMS(readiness, of_both_directions_is_one_entry)
{
	struct fixture f = begin(p);
	struct plx_ready ready[4];

	for (size_t i = 0; i < 4; i++) { /* the kinds that are sockets */
		int fd[2];

		kinds[i].pair(fd);
		IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
		expect_ready(&f, fd[0], PLX_WRITE);
		put_byte(fd[1]);
		expect_ready(&f, fd[0], BOTH);
		IS(&f, plx_selector_select(f.s, ready, 4, 0), 1);
		support_drain(fd[0]);
		expect_ready(&f, fd[0], PLX_WRITE);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		close_pair(fd);
	}
	end(&f);
}

CONFORMS(readiness, of_an_empty_datagram_counts)
{
	struct fixture f = begin(p);
	int fd[2];
	char byte;

	support_udp_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	expect_quiet(&f);
	CHECK(&f, send(fd[1], "", 0, 0) == 0);
	expect_ready(&f, fd[0], PLX_READ);
	CHECK(&f, recv(fd[0], &byte, 1, 0) == 0);
	expect_quiet(&f);
	close_pair(fd);
	end(&f);
}

CONFORMS(readiness, of_a_listener_is_a_connection_to_accept)
{
	struct fixture f = begin(p);
	int listener = tcp_listener(8);
	int client[2], accepted;

	IS(&f, plx_selector_register(f.s, listener, PLX_READ, NULL), 0);
	expect_quiet(&f);
	client[0] = tcp_connecting_to(listener);
	client[1] = tcp_connecting_to(listener);
	expect_ready(&f, listener, PLX_READ);
	for (int i = 0; i < 2; i++) {
		expect_ready(&f, listener, PLX_READ);
		accepted = accept(listener, NULL, NULL);
		CHECK(&f, accepted >= 0);
		close(accepted);
	}
	expect_quiet(&f);
	close_pair(client);
	close(listener);
	end(&f);
}

CONFORMS(readiness, of_writing_tells_that_a_connect_is_through)
{
	struct fixture f = begin(p);
	int listener = tcp_listener(8);
	int client = tcp_connecting_to(listener);
	int error = -1;
	socklen_t len = sizeof(error);

	IS(&f, plx_selector_register(f.s, client, PLX_WRITE, NULL), 0);
	expect_ready(&f, client, PLX_WRITE);
	CHECK(&f, getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &len) == 0);
	CHECK(&f, error == 0);
	close(client);
	close(listener);
	end(&f);
}

/* A connect that the listener's full queue holds up, or -1. */
static int
stuck_connect(int listener, int *clients, int cap, int *count)
{
	for (*count = 0; *count < cap;) {
		int fd = tcp_connecting_to(listener);
		struct pollfd look_at = {.fd = fd, .events = POLLOUT};

		clients[(*count)++] = fd;
		if (poll(&look_at, 1, 20) == 0) {
			return fd;
		}
	}
	return -1;
}

CONFORMS(readiness, is_absent_while_a_connect_is_in_progress)
{
	struct fixture f = begin(p);
	int listener = tcp_listener(0);
	int clients[16], n;
	int stuck = stuck_connect(listener, clients, 16, &n);

	if (stuck >= 0) {
		IS(&f, plx_selector_register(f.s, stuck, BOTH, NULL), 0);
		expect_quiet(&f);
		IS(&f, plx_selector_unregister(f.s, stuck), 0);
	}
	while (n > 0) {
		close(clients[--n]);
	}
	close(listener);
	end(&f);
}

/*
 * Asked for POLLIN alone, poll(2) does not wake for an urgent byte: that is
 * POLLPRI, which this library has no bit for.
 */
CONFORMS(readiness, of_reading_does_not_mean_an_urgent_byte)
{
	struct fixture f = begin(p);
	struct pollfd urgent;
	int fd[2];

	support_tcp_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	CHECK(&f, send(fd[1], "!", 1, MSG_OOB) == 1);
	urgent = (struct pollfd){.fd = fd[0], .events = POLLPRI};
	CHECK(&f, poll(&urgent, 1, 10000) == 1);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	close_pair(fd);
	end(&f);
}

CONFORMS(readiness, of_many_comes_in_one_call)
{
	struct fixture f = begin(p);
	struct plx_ready ready[32];
	int fd[20][2];

	for (int i = 0; i < 20; i++) {
		support_unix_pair(fd[i]);
		IS(&f, plx_selector_register(f.s, fd[i][0], PLX_READ, fd[i]),
		   0);
	}
	expect_quiet(&f);
	for (int i = 0; i < 20; i++) {
		put_byte(fd[i][1]);
	}
	IS(&f, plx_selector_select(f.s, ready, 32, 0), 20);
	check_entries(&f, ready, 20);
	for (int i = 0; i < 20; i++) {
		close_pair(fd[i]);
	}
	end(&f);
}

CONFORMS(readiness, is_counted)
{
	struct fixture f = begin(p);
	struct plx_selector_stats before, after;
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
	before = stats_of(&f);
	look(&f, fd[0]);
	look(&f, fd[0]);
	after = stats_of(&f);
	CHECK(&f, after.waits == before.waits + 2);
	CHECK(&f, after.events == before.events + 2);
	CHECK(&f, after.stale == 0 && after.rebuilt == 0);
	close_pair(fd);
	end(&f);
}
