/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_faults.c: a system that refuses.
 *
 * Through the injected table the k-th call of a kind is made to fail, for
 * every k that matters: the error comes back where it belongs, nothing is
 * left half done, and the next try works.
 */
#include <config.h>

#include "conformance.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "selector_int.h"

static void
fail(unsigned entries, long at, int with)
{
	support_sys.fails = entries;
	support_sys.fail_at = at;
	support_sys.fail_with = with;
}

/* Whether the failure asked for has happened by now. */
static int
has_failed(void)
{
	return support_sys.fails && support_sys.fail_at <= 0;
}

static void
refuse_register(struct fixture *f, unsigned entries, int with)
{
	int fd[2];

	for (long at = 1; at <= 3; at++) {
		struct plx_key key;
		int rc;

		support_unix_pair(fd);
		fail(entries, at, with);
		rc = plx_selector_register(f->s, fd[0], BOTH, NULL);
		if (!has_failed() || rc == 0) {
			fail(0, 0, 0);
			IS(f, rc, 0);
			IS(f, plx_selector_unregister(f->s, fd[0]), 0);
			close_pair(fd);
			break;
		}
		fail(0, 0, 0);
		IS(f, rc, -with);
		IS(f, plx_selector_get_key(f->s, fd[0], &key), -ENOENT);
		put_byte(fd[1]);
		expect_quiet(f);
		IS(f, plx_selector_register(f->s, fd[0], BOTH, NULL), 0);
		expect_ready(f, fd[0], BOTH);
		IS(f, plx_selector_unregister(f->s, fd[0]), 0);
		close_pair(fd);
	}
}

CONFORMS(faults, of_the_kernel_leave_nothing_registered)
{
	struct fixture f = begin(p);

	refuse_register(&f, SUPPORT_CHANGE, ENOMEM);
	refuse_register(&f, SUPPORT_CHANGE, ENOSPC);
	end(&f);
}

CONFORMS(faults, of_memory_leave_nothing_registered)
{
	struct fixture f = begin(p);
	struct plx_key key;
	const int high = 800;
	int fd[2], rc;

	support_unix_pair(fd);
	CHECK(&f, dup2(fd[0], high) == high);
	for (long at = 1; at <= 10; at++) {
		fail(SUPPORT_RESIZE, at, ENOMEM);
		rc = plx_selector_register(f.s, high, PLX_READ, NULL);
		if (rc == 0) {
			break;
		}
		IS(&f, rc, -ENOMEM);
		IS(&f, plx_selector_get_key(f.s, high, &key), -ENOENT);
	}
	fail(0, 0, 0);
	IS(&f, rc, 0);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, high, PLX_READ);
	close(high);
	close_pair(fd);
	end(&f);
}

CONFORMS(faults, of_modifying_leave_the_old_registration)
{
	struct fixture f = begin(p);
	struct plx_key key;
	int fd[2], mine, other, rc = -1;

	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, &mine), 0);
	for (long at = 1; at <= 3 && rc != 0; at++) {
		fail(SUPPORT_CHANGE, at, ENOMEM);
		rc = plx_selector_modify(f.s, fd[0], PLX_WRITE, &other);
		fail(0, 0, 0);
		CHECK(&f, rc == 0 || rc == -ENOMEM);
		IS(&f, plx_selector_get_key(f.s, fd[0], &key), 0);
		CHECK(&f, key.data == (rc ? &mine : &other));
		expect_ready(&f, fd[0], rc ? PLX_READ : PLX_WRITE);
	}
	IS(&f, rc, 0);
	close_pair(fd);
	end(&f);
}

CONFORMS(faults, of_the_kernel_do_not_stop_unregistering)
{
	struct fixture f = begin(p);
	int fd[2];

	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	fail(SUPPORT_CHANGE, 1, ENOENT);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	fail(0, 0, 0);
	IS(&f, plx_selector_unregister(f.s, fd[0]), -ENOENT);
	close_pair(fd);
	end(&f);
}

/* Opens with the AT-th call of ENTRIES failing; 0 when all went well. */
static int
open_with(struct fixture *f, unsigned entries, long at, int with)
{
	plx_selector *s = NULL;
	int fds = support_count_fds();
	long blocks = support_sys.blocks;
	int rc;

	fail(entries, at, with);
	rc = plx__selector_open(f->name, &support_sys.sys, &s);
	if (rc < 0) {
		CHECK(f, !s);
		CHECK(f, support_count_fds() == fds);
		CHECK(f, support_sys.blocks == blocks);
	}
	fail(0, 0, 0);
	plx_selector_close(&s);
	CHECK(f, support_count_fds() == fds);
	CHECK(f, support_sys.blocks == blocks);
	return rc;
}

CONFORMS(faults, of_opening_leave_nothing_behind)
{
	struct fixture f = begin(p);
	const unsigned kinds_of_calls[] = {
		SUPPORT_OPEN, SUPPORT_RESIZE, SUPPORT_CHANGE, SUPPORT_MAP,
		SUPPORT_WAIT, SUPPORT_ADVISE, SUPPORT_FSTAT};

	for (size_t i = 0; i < 7; i++) {
		for (long at = 1; at <= 12; at++) {
			open_with(&f, kinds_of_calls[i], at, EMFILE);
			open_with(&f, kinds_of_calls[i], at, ENOMEM);
			open_with(&f, kinds_of_calls[i], at, ENOSYS);
		}
	}
	IS(&f, open_with(&f, 0, 0, 0), 0);
	end(&f);
}

CONFORMS(faults, of_memory_make_opening_fail)
{
	struct fixture f = begin(p);

	IS(&f, open_with(&f, SUPPORT_RESIZE, 1, ENOMEM), -ENOMEM);
	end(&f);
}

CONFORMS(faults, of_waiting_are_passed_on)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
	look(&f, fd[0]);
	fail(SUPPORT_WAIT, 1, ENOMEM);
	IS(&f, plx_selector_select(f.s, &ready, 1, 0), -ENOMEM);
	fail(0, 0, 0);
	expect_ready(&f, fd[0], PLX_WRITE);
	close_pair(fd);
	end(&f);
}

CONFORMS(faults, of_memory_in_a_wide_wait_are_passed_on_or_avoided)
{
	struct fixture f = begin(p);
	static struct plx_ready ready[5000];
	int fd[2], rc;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
	for (long at = 1; at <= 3; at++) {
		fail(SUPPORT_RESIZE, at, ENOMEM);
		rc = plx_selector_select(f.s, ready, 5000, 0);
		CHECK(&f, rc == 1 || rc == -ENOMEM);
		fail(0, 0, 0);
	}
	IS(&f, plx_selector_select(f.s, ready, 5000, 0), 1);
	close_pair(fd);
	end(&f);
}

CONFORMS(faults, of_healing_do_not_hurt_the_others)
{
	struct fixture f = begin(p);
	const unsigned entries =
		SUPPORT_OPEN | SUPPORT_CHANGE | SUPPORT_RESIZE | SUPPORT_OTHER;
	int fd[2], other[2], alive;

	for (long at = 1; at <= 8; at++) {
		support_unix_pair(other);
		support_unix_pair(fd);
		IS(&f, plx_selector_register(f.s, other[0], PLX_READ, NULL), 0);
		IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
		alive = dup(fd[0]);
		close(fd[0]);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		put_byte(fd[1]);
		fail(entries, at, ENOMEM);
		for (int i = 0; i < 3; i++) {
			struct plx_ready ready;
			int rc = plx_selector_select(f.s, &ready, 1, 0);

			CHECK(&f, rc == 0 || rc == -ENOMEM);
		}
		fail(0, 0, 0);
		expect_quiet(&f);
		put_byte(other[1]);
		expect_ready(&f, other[0], PLX_READ);
		IS(&f, plx_selector_unregister(f.s, other[0]), 0);
		close(alive);
		close(fd[1]);
		close_pair(other);
	}
	end(&f);
}

/* On the fake clock: a slow machine would reach the deadline by itself. */
CONFORMS(faults, of_epoll_pwait2_fall_back_to_milliseconds)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	unsigned long before;
	int64_t deadline;

	support_sys.fake_clock = 1;
	fail(SUPPORT_WAIT, 1, ENOSYS);
	deadline = support_sys.now + 1500 * PLX_MICROSECOND;
	IS(&f, plx_selector_select(f.s, &ready, 1, deadline),
	   is_backend(&f, "epoll") ? 0 : -ENOSYS);
	CHECK(&f, !is_backend(&f, "epoll") || support_sys.now >= deadline);
	fail(0, 0, 0);
	before = support_calls(&support_sys, SUPPORT_WAIT);
	deadline = support_sys.now + 300 * PLX_MICROSECOND;
	IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
	CHECK(&f, support_sys.now >= deadline);
	CHECK(&f, support_calls(&support_sys, SUPPORT_WAIT) <= before + 3);
	end(&f);
}

/* Where nobody can tell what a file is it passes for any. */
CONFORMS(faults, of_identity_let_a_file_be_what_it_is)
{
	struct fixture f = begin(p);
	int file = regular_file(), rc;

	for (long at = 1; at <= 4; at++) {
		fail(SUPPORT_FSTAT, at, EIO);
		rc = plx_selector_register(f.s, file, PLX_READ, NULL);
		fail(0, 0, 0);
		CHECK(&f, rc == 0 || rc == -EIO);
		if (rc < 0)
			continue;
		expect_ready(&f, file, PLX_READ);
		for (long ask = 0; ask <= 2; ask++) {
			fail(SUPPORT_FSTAT, ask, EIO);
			IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL),
			   -EEXIST);
		}
		fail(0, 0, 0);
		IS(&f, plx_selector_unregister(f.s, file), 0);
	}
	close(file);
	end(&f);
}

static int
be_nobody(const struct plx_sys *sys, int fd, struct stat *st)
{
	int r = plx__sys_real.fstat(&plx__sys_real, fd, st);

	(void)sys;
	st->st_dev = 0;
	st->st_ino = 0;
	return r;
}

/* That the system calls it by zeros alone is not that it is not known. */
CONFORMS(faults, that_call_a_file_nothing_keep_it_apart_from_others)
{
	int (*was)(const struct plx_sys *sys, int fd, struct stat *st);
	struct fixture f = begin(p);
	int file = regular_file(), other = regular_file();

	was = support_sys.sys.fstat;
	support_sys.sys.fstat = be_nobody;
	IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL), 0);
	IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL), -EEXIST);
	support_sys.sys.fstat = was;
	CHECK(&f, dup2(other, file) == file);
	IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL), 0);
	CHECK(&f, stats_of(&f).stale == 1);
	close(file);
	close(other);
	end(&f);
}

CONFORMS(faults, of_memory_in_the_first_wait_hide_no_file)
{
	struct fixture f = begin(p);
	struct plx_ready ready[8];
	int file = regular_file(), told = 0, rc;

	IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL), 0);
	for (int i = 0; i < 4; i++) {
		fail(SUPPORT_RESIZE, 1, ENOMEM);
		rc = plx_selector_select(f.s, ready, 8, 0);
		CHECK(&f, rc == 1 || (rc == -ENOMEM && has_failed()));
		told += rc == 1;
	}
	fail(0, 0, 0);
	CHECK(&f, told > 0 || !(f.features & PLX_FEATURE_EMBEDDABLE));
	IS(&f, plx_selector_select(f.s, ready, 8, 0), 1);
	close(file);
	end(&f);
}
