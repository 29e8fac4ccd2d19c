/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_register.c: what may be registered, and what the map says.
 *
 * Refusals are looked at twice: the answer, and that nothing was stored.
 */
#include <config.h>

#include "conformance.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

CONFORMS(registering, without_a_direction_is_refused)
{
	struct fixture f = begin(p);
	const unsigned bad[] = {0, PLX_EDGE, PLX_ONESHOT,
				PLX_EXCLUSIVE | PLX_EDGE};
	struct plx_key key;
	int fd[2];

	support_unix_pair(fd);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		IS(&f, plx_selector_register(f.s, fd[0], bad[i], NULL),
		   -EINVAL);
		IS(&f, plx_selector_get_key(f.s, fd[0], &key), -ENOENT);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(registering, with_unknown_bits_is_refused)
{
	struct fixture f = begin(p);
	const unsigned bad[] = {PLX_READ | PLX_EOF, PLX_WRITE | PLX_ERROR,
				PLX_READ | 0x80u, BOTH | 0x80000000u, ~0u};
	struct plx_key key;
	int fd[2];

	support_unix_pair(fd);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		IS(&f, plx_selector_register(f.s, fd[0], bad[i], NULL),
		   -EINVAL);
		IS(&f, plx_selector_get_key(f.s, fd[0], &key), -ENOENT);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(registering, a_descriptor_that_is_not_open_is_refused)
{
	struct fixture f = begin(p);
	const int bad[] = {-1, -2, INT_MIN, 900, 1023, 1024, 5000};
	struct plx_key key;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		IS(&f, plx_selector_register(f.s, bad[i], PLX_READ, NULL),
		   -EBADF);
		IS(&f, plx_selector_register(f.s, bad[i], BOTH, NULL), -EBADF);
		IS(&f, plx_selector_get_key(f.s, bad[i], &key), -ENOENT);
	}
	expect_quiet(&f);
	end(&f);
}

CONFORMS(registering, the_largest_number_there_is_is_refused)
{
	struct fixture f = begin(p);
	int rc = plx_selector_register(f.s, INT_MAX, PLX_READ, NULL);

	CHECK(&f, rc == -EBADF || rc == -ERANGE || rc == -ENOMEM);
	expect_quiet(&f);
	end(&f);
}

CONFORMS(registering, a_closed_descriptor_is_refused)
{
	struct fixture f = begin(p);
	int fd[2];

	support_pipe(fd);
	close_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), -EBADF);
	IS(&f, plx_selector_register(f.s, fd[1], PLX_WRITE, NULL), -EBADF);
	IS(&f, plx_selector_unregister(f.s, fd[0]), -ENOENT);
	expect_quiet(&f);
	end(&f);
}

#ifdef O_PATH
/* There is a number, but nothing that can be read, written or waited for. */
CONFORMS(registering, a_mere_path_is_refused)
{
	struct fixture f = begin(p);
	/* The last of these valgrind opens in its own way. */
	const char *const path[] = {"/", "/dev/null", "/proc/self/exe"};
	size_t paths = RUNNING_ON_VALGRIND ? 2 : 3;
	int fd;

	for (size_t i = 0; i < paths; i++) {
		fd = open(path[i], O_PATH | O_CLOEXEC);
		cr_assert_geq(fd, 0);
		IS(&f, plx_selector_register(f.s, fd, PLX_READ, NULL), -EBADF);
		IS(&f, plx_selector_register(f.s, fd, BOTH, NULL), -EBADF);
		IS(&f, plx_selector_unregister(f.s, fd), -ENOENT);
		close(fd);
	}
	expect_quiet(&f);
	end(&f);
}
#endif

CONFORMS(registering, twice_leaves_the_first_untouched)
{
	struct fixture f = begin(p);
	struct plx_key key;
	int fd[2], mine, other;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, &mine), 0);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, &other), -EEXIST);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, &other), -EEXIST);
	IS(&f, plx_selector_get_key(f.s, fd[0], &key), 0);
	CHECK(&f, key.data == &mine && key.events == PLX_READ);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	CHECK(&f, stats_of(&f).stale == 0);
	close_pair(fd);
	end(&f);
}

CONFORMS(registering, stores_what_get_key_gives_back)
{
	struct fixture f = begin(p);
	struct plx_key key = {.fd = -1};
	int fd[2], mine;

	support_pipe(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, &mine), 0);
	IS(&f, plx_selector_register(f.s, fd[1], PLX_WRITE, NULL), 0);
	IS(&f, plx_selector_get_key(f.s, fd[0], &key), 0);
	CHECK(&f, key.fd == fd[0] && key.data == &mine);
	CHECK(&f, key.events == PLX_READ);
	IS(&f, plx_selector_get_key(f.s, fd[1], &key), 0);
	CHECK(&f, key.fd == fd[1] && !key.data);
	CHECK(&f, key.events == PLX_WRITE);
	close_pair(fd);
	end(&f);
}

CONFORMS(registering, get_key_writes_nothing_on_failure)
{
	struct fixture f = begin(p);
	struct plx_key key = {.data = &f, .fd = 77, .events = 99};

	IS(&f, plx_selector_get_key(f.s, 77, &key), -ENOENT);
	CHECK(&f, key.data == &f && key.fd == 77 && key.events == 99);
	end(&f);
}

CONFORMS(registering, is_needed_before_anything_else)
{
	struct fixture f = begin(p);
	const int unknown[] = {-1, INT_MIN, 0, 63, 4096, INT_MAX};
	struct plx_key key;

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		int fd = unknown[i];

		IS(&f, plx_selector_modify(f.s, fd, PLX_READ, NULL), -ENOENT);
		IS(&f, plx_selector_unregister(f.s, fd), -ENOENT);
		IS(&f, plx_selector_get_key(f.s, fd, &key), -ENOENT);
	}
	end(&f);
}

CONFORMS(registering, again_after_unregistering_works)
{
	struct fixture f = begin(p);
	int fd[2];

	support_unix_pair(fd);
	put_byte(fd[1]);
	for (int i = 0; i < 100; i++) {
		unsigned want = i % 3 ? BOTH : PLX_READ;

		IS(&f, plx_selector_register(f.s, fd[0], want, NULL), 0);
		CHECK(&f, look(&f, fd[0]) == want);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		IS(&f, plx_selector_unregister(f.s, fd[0]), -ENOENT);
		CHECK(&f, look(&f, fd[0]) == 0);
	}
	CHECK(&f, stats_of(&f).stale == 0 && stats_of(&f).rebuilt == 0);
	close_pair(fd);
	end(&f);
}

CONFORMS(registering, fills_a_map_in_the_order_of_descriptors)
{
	struct fixture f = begin(p);
	struct plx_key key;
	int fd[4][2], cursor = 0, last = -1, seen = 0, more;

	for (int i = 0; i < 4; i++) {
		support_pipe(fd[i]);
	}
	for (int i = 3; i >= 0; i--) {
		IS(&f, plx_selector_register(f.s, fd[i][i % 2], BOTH, fd[i]),
		   0);
	}
	while ((more = plx_selector_next_key(f.s, &cursor, &key)) == 1) {
		CHECK(&f, key.fd > last && key.events == BOTH);
		CHECK(&f, key.data == fd[seen]);
		last = key.fd;
		seen++;
	}
	CHECK(&f, more == 0 && seen == 4);
	IS(&f, plx_selector_next_key(f.s, &cursor, &key), 0);
	for (int i = 0; i < 4; i++) {
		close_pair(fd[i]);
	}
	end(&f);
}

CONFORMS(registering, may_change_while_the_map_is_walked)
{
	struct fixture f = begin(p);
	struct plx_key key;
	int fd[3][2], cursor = 0, seen = 0;

	for (int i = 0; i < 3; i++) {
		support_pipe(fd[i]);
		IS(&f, plx_selector_register(f.s, fd[i][0], PLX_READ, NULL), 0);
	}
	while (plx_selector_next_key(f.s, &cursor, &key) == 1) {
		IS(&f, plx_selector_unregister(f.s, key.fd), 0);
		seen++;
	}
	CHECK(&f, seen == 3);
	cursor = 0;
	IS(&f, plx_selector_next_key(f.s, &cursor, &key), 0);
	for (int i = 0; i < 3; i++) {
		close_pair(fd[i]);
	}
	end(&f);
}

CONFORMS(registering, in_one_selector_says_nothing_to_another)
{
	struct fixture f = begin(p);
	plx_selector *other;
	struct plx_ready ready[4];
	int fd[2], mine;

	open_selector(&f, &other);
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	IS(&f, plx_selector_unregister(other, fd[0]), -ENOENT);
	IS(&f, plx_selector_register(other, fd[0], BOTH, &mine), 0);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	IS(&f, plx_selector_select(other, ready, 4, 0), 1);
	CHECK(&f, ready[0].data == &mine);
	CHECK(&f, (ready[0].events & BOTH) == BOTH);
	IS(&f, plx_selector_unregister(other, fd[0]), 0);
	plx_selector_close(&other);
	CHECK(&f, look(&f, fd[0]) == PLX_READ);
	close_pair(fd);
	end(&f);
}
