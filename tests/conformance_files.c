/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_files.c: descriptors that never block.
 *
 * poll(2) calls regular files, directories and /dev/null always ready; epoll
 * refuses them and kqueue has ideas of its own.  Here they are always ready,
 * whatever the backend.
 */
#include <config.h>

#include "conformance.h"

#include <fcntl.h>
#include <unistd.h>

static void
check_always_ready(struct fixture *f, int fd, unsigned want)
{
	struct plx_ready ready[2];
	int mine;

	CHECK(f, fd >= 0);
	IS(f, plx_selector_register(f->s, fd, want, &mine), 0);
	for (int i = 0; i < 3; i++) {
		CHECK(f, look(f, fd) == want);
	}
	IS(f, plx_selector_select(f->s, ready, 2, PLX_NEVER), 1);
	CHECK(f, ready[0].data == &mine);
	IS(f, plx_selector_register(f->s, fd, want, NULL), -EEXIST);
	IS(f, plx_selector_unregister(f->s, fd), 0);
	expect_quiet(f);
}

CONFORMS(files, on_disk_are_always_ready)
{
	struct fixture f = begin(p);
	int file = regular_file();

	for (unsigned want = PLX_READ; want <= BOTH; want++) {
		check_always_ready(&f, file, want);
	}
	support_drain(file);
	check_always_ready(&f, file, PLX_READ); /* at its end as well */
	close(file);
	end(&f);
}

CONFORMS(files, that_are_directories_are_always_ready)
{
	struct fixture f = begin(p);
	int dir = open("/", O_RDONLY | O_DIRECTORY);

	check_always_ready(&f, dir, PLX_READ);
	close(dir);
	end(&f);
}

CONFORMS(files, like_dev_null_are_always_ready)
{
	struct fixture f = begin(p);
	int null = open("/dev/null", O_RDWR);

	for (unsigned want = PLX_READ; want <= BOTH; want++) {
		check_always_ready(&f, null, want);
	}
	close(null);
	end(&f);
}

CONFORMS(files, can_be_modified)
{
	struct fixture f = begin(p);
	struct plx_ready ready[2];
	int file = regular_file(), data;

	IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL), 0);
	CHECK(&f, look(&f, file) == PLX_READ);
	IS(&f, plx_selector_modify(f.s, file, PLX_WRITE, &data), 0);
	CHECK(&f, look(&f, file) == PLX_WRITE);
	IS(&f, plx_selector_modify(f.s, file, BOTH, &data), 0);
	IS(&f, plx_selector_select(f.s, ready, 2, 0), 1);
	CHECK(&f, ready[0].data == &data && ready[0].events == BOTH);
	close(file);
	end(&f);
}

CONFORMS(files, do_not_hide_sockets)
{
	struct fixture f = begin(p);
	struct plx_ready ready[8];
	int file[2] = {regular_file(), regular_file()}, fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, file[0], PLX_READ, NULL), 0);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	IS(&f, plx_selector_register(f.s, file[1], BOTH, NULL), 0);
	IS(&f, plx_selector_select(f.s, ready, 8, PLX_NEVER), 2);
	put_byte(fd[1]);
	IS(&f, plx_selector_select(f.s, ready, 8, PLX_NEVER), 3);
	check_entries(&f, ready, 3);
	close_pair(file);
	close_pair(fd);
	end(&f);
}

CONFORMS(files, do_not_spoil_waking)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int64_t deadline;
	int file = regular_file();

	IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL), 0);
	IS(&f, plx_selector_wake(f.s), 0);
	look(&f, file);
	look(&f, file);
	IS(&f, plx_selector_unregister(f.s, file), 0);
	deadline = plx_after(5 * PLX_MILLISECOND);
	IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
	CHECK(&f, plx_now() >= deadline);
	close(file);
	end(&f);
}

CONFORMS(files, make_no_wait_sleep)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int file = regular_file();
	int64_t began;

	support_sys.fake_clock = 1;
	began = support_sys.now;
	IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL), 0);
	IS(&f, plx_selector_select(f.s, &ready, 1, began + PLX_SECOND), 1);
	CHECK(&f, support_sys.now == began);
	close(file);
	end(&f);
}

CONFORMS(files, that_are_fifos_wait_for_bytes)
{
	struct fixture f = begin(p);
	int fd[2];

	fifo_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	close_pair(fd);
	end(&f);
}
