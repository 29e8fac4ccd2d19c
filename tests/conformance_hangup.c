/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_hangup.c: ends of streams, resets and refusals.
 *
 * An error or a hang-up wakes every direction that was asked for, so that a
 * task waiting to write to a dead connection learns of it.  One thing cannot
 * be told by select(2) and is not asked for here: a hang-up that poll(2)
 * reports as POLLHUP alone while the descriptor is asked for writing only
 * (the reading end of a pipe; a stream that is full and shut down).
 */
#include <config.h>

#include "conformance.h"

#include <sys/socket.h>
#include <unistd.h>

CONFORMS(hangup, of_the_peers_writing_half_is_readable)
{
	struct fixture f = begin(p);
	char byte;

	for (size_t i = 0; i < 2; i++) { /* tcp and unix streams */
		int fd[2];

		kinds[i].pair(fd);
		IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
		expect_quiet(&f);
		CHECK(&f, shutdown(fd[1], SHUT_WR) == 0);
		expect_ready(&f, fd[0], PLX_READ);
		CHECK(&f, read(fd[0], &byte, 1) == 0);
		expect_ready(&f, fd[0], PLX_READ);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		close_pair(fd);
	}
	end(&f);
}

CONFORMS(hangup, of_one_half_leaves_writing_as_it_is)
{
	struct fixture f = begin(p);

	for (size_t i = 0; i < 2; i++) {
		int fd[2];

		kinds[i].pair(fd);
		stuff(fd[0]);
		IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
		expect_quiet(&f);
		CHECK(&f, shutdown(fd[1], SHUT_WR) == 0);
		expect_quiet(&f);
		IS(&f, plx_selector_modify(f.s, fd[0], BOTH, NULL), 0);
		expect_ready(&f, fd[0], PLX_READ);
		while (look(&f, fd[0]) == PLX_READ) {
			support_drain(fd[1]);
		}
		expect_ready(&f, fd[0], BOTH);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		close_pair(fd);
	}
	end(&f);
}

CONFORMS(hangup, comes_beside_the_bytes_before_it)
{
	struct fixture f = begin(p);
	char byte;

	for (size_t i = 0; i < kinds_count; i++) {
		int fd[2];

		if (kinds[i].pair == support_udp_pair ||
		    kinds[i].pair == unix_datagram_pair ||
		    kinds[i].pair == pty_pair) {
			continue; /* no end of file, or not behind bytes */
		}
		kinds[i].pair(fd);
		IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
		put_byte(fd[1]);
		close(fd[1]);
		expect_ready(&f, fd[0], PLX_READ);
		CHECK(&f, read(fd[0], &byte, 1) == 1);
		expect_ready(&f, fd[0], PLX_READ);
		CHECK(&f, read(fd[0], &byte, 1) == 0);
		expect_ready(&f, fd[0], PLX_READ);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		close(fd[0]);
	}
	end(&f);
}

CONFORMS(hangup, of_a_stream_wakes_what_was_asked_for)
{
	struct fixture f = begin(p);

	for (size_t i = 0; i < 2; i++) {
		for (unsigned want = PLX_READ; want <= BOTH; want++) {
			int fd[2];

			kinds[i].pair(fd);
			close(fd[1]);
			IS(&f, plx_selector_register(f.s, fd[0], want, NULL),
			   0);
			expect_ready(&f, fd[0], want);
			IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
			close(fd[0]);
		}
	}
	end(&f);
}

CONFORMS(hangup, of_a_terminal_is_readable)
{
	struct fixture f = begin(p);
	int fd[2];

	pty_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	expect_quiet(&f);
	close(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	close(fd[0]);
	end(&f);
}

CONFORMS(hangup, by_a_reset_wakes_what_was_asked_for)
{
	struct fixture f = begin(p);

	for (unsigned want = PLX_READ; want <= BOTH; want++) {
		int fd[2];

		support_tcp_pair(fd);
		stuff(fd[0]);
		IS(&f, plx_selector_register(f.s, fd[0], want, NULL), 0);
		expect_quiet(&f);
		reset_and_close(fd[1]);
		expect_ready(&f, fd[0], want);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		close(fd[0]);
	}
	end(&f);
}

CONFORMS(hangup, by_a_reset_leaves_the_error_to_be_read)
{
	struct fixture f = begin(p);
	int fd[2], error = 0;
	socklen_t len = sizeof(error);

	support_tcp_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	reset_and_close(fd[1]);
	expect_ready(&f, fd[0], BOTH);
	look(&f, fd[0]);
	CHECK(&f, getsockopt(fd[0], SOL_SOCKET, SO_ERROR, &error, &len) == 0);
	CHECK(&f, error == ECONNRESET);
	expect_ready(&f, fd[0], BOTH);
	close(fd[0]);
	end(&f);
}

CONFORMS(hangup, by_a_refused_connect_wakes_what_was_asked_for)
{
	struct fixture f = begin(p);

	for (unsigned want = PLX_READ; want <= BOTH; want++) {
		int fd = tcp_connecting_to_nobody();
		int error = 0;
		socklen_t len = sizeof(error);

		IS(&f, plx_selector_register(f.s, fd, want, NULL), 0);
		expect_ready(&f, fd, want);
		CHECK(&f,
		      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0);
		CHECK(&f, error == ECONNREFUSED);
		IS(&f, plx_selector_unregister(f.s, fd), 0);
		close(fd);
	}
	end(&f);
}

CONFORMS(hangup, by_an_unheard_datagram_wakes_both)
{
	struct fixture f = begin(p);
	int fd[2], error = 0;
	socklen_t len = sizeof(error);

	support_udp_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	expect_ready(&f, fd[0], PLX_WRITE);
	close(fd[1]);
	put_byte(fd[0]);
	expect_ready(&f, fd[0], BOTH);
	CHECK(&f, getsockopt(fd[0], SOL_SOCKET, SO_ERROR, &error, &len) == 0);
	CHECK(&f, error == ECONNREFUSED);
	expect_ready(&f, fd[0], PLX_WRITE);
	close(fd[0]);
	end(&f);
}

CONFORMS(hangup, of_a_pipes_writer_is_readable)
{
	struct fixture f = begin(p);
	int fd[2];

	support_pipe(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	expect_quiet(&f);
	close(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	expect_ready(&f, fd[0], PLX_READ);
	close(fd[0]);
	end(&f);
}

CONFORMS(hangup, of_a_pipes_reader_is_writable_even_when_full)
{
	struct fixture f = begin(p);
	int fd[2];

	support_pipe(fd);
	stuff(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[1], PLX_WRITE, NULL), 0);
	expect_quiet(&f);
	close(fd[0]);
	expect_ready(&f, fd[1], PLX_WRITE);
	expect_ready(&f, fd[1], PLX_WRITE);
	close(fd[1]);
	end(&f);
}

CONFORMS(hangup, before_registering_is_noticed)
{
	struct fixture f = begin(p);
	int fd[2];

	support_pipe(fd);
	close(fd[0]);
	IS(&f, plx_selector_register(f.s, fd[1], PLX_WRITE, NULL), 0);
	expect_ready(&f, fd[1], PLX_WRITE);
	expect_ready(&f, fd[1], PLX_WRITE);
	IS(&f, plx_selector_unregister(f.s, fd[1]), 0);
	expect_quiet(&f);
	close(fd[1]);
	end(&f);
}

CONFORMS(hangup, of_a_closed_descriptor_is_forgotten)
{
	struct fixture f = begin(p);
	int fd[2];

	support_pipe(fd);
	IS(&f, plx_selector_register(f.s, fd[1], PLX_WRITE, NULL), 0);
	close(fd[0]);
	expect_ready(&f, fd[1], PLX_WRITE);
	close(fd[1]);
	expect_quiet(&f);
	IS(&f, plx_selector_unregister(f.s, fd[1]), 0);
	end(&f);
}

CONFORMS(hangup, by_an_own_shutdown_is_seen)
{
	struct fixture f = begin(p);

	for (size_t i = 0; i < 2; i++) {
		int fd[2];

		kinds[i].pair(fd);
		IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
		CHECK(&f, shutdown(fd[0], SHUT_RDWR) == 0);
		expect_ready(&f, fd[0], BOTH);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		close_pair(fd);
	}
	end(&f);
}

CONFORMS(hangup, does_not_wake_who_asked_for_the_other_half)
{
	struct fixture f = begin(p);
	int fd[2];

	support_unix_pair(fd);
	stuff(fd[0]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
	put_byte(fd[1]);
	CHECK(&f, shutdown(fd[1], SHUT_WR) == 0);
	expect_quiet(&f);
	close_pair(fd);
	end(&f);
}

/* What has hung up for good may be known without asking the system. */
CONFORMS(hangup, is_not_lost_in_a_wait_that_fails)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int edge = f.features & PLX_FEATURE_EDGE ? PLX_EDGE : 0;
	int fd[2], rc;

	support_pipe(fd);
	close(fd[0]);
	IS(&f,
	   plx_selector_register(f.s, fd[1], PLX_WRITE | (unsigned)edge, NULL),
	   0);
	support_sys.fails = SUPPORT_WAIT;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	rc = plx_selector_select(f.s, &ready, 1, 0);
	support_sys.fail_at = 0;
	CHECK(&f, rc == 1 || rc == -ENOMEM);
	if (rc == 1)
		CHECK(&f, ready.fd == fd[1] && ready.events & PLX_WRITE);
	else
		expect_ready(&f, fd[1], PLX_WRITE);
	close(fd[1]);
	end(&f);
}
