/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_stale.c: keys that outlive their file.
 *
 * A descriptor should be unregistered before it is closed.  When it is not,
 * nothing may be reported for ever, nothing may spin, and the number must be
 * good for another file.  The hard case is a closed descriptor whose file
 * lives on in a duplicate: epoll goes on reporting it, under the token of a
 * key that looks alive, and only asking tells.
 */
#include <config.h>

#include "conformance.h"

#include <unistd.h>

/* How often an event may be reported before it is found to be false. */
#define FALSE_REPORTS 2048

CONFORMS(stale, closed_descriptors_are_silent)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	unsigned long before;
	int fd[2];

	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	close(fd[0]);
	for (int i = 0; i < 3; i++) {
		int64_t deadline = plx_after(10 * PLX_MILLISECOND);

		before = support_calls(&support_sys, SUPPORT_WAIT);
		IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
		CHECK(&f,
		      support_calls(&support_sys, SUPPORT_WAIT) <= before + 4);
	}
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	close(fd[1]);
	end(&f);
}

CONFORMS(stale, closed_descriptors_leave_the_others_working)
{
	struct fixture f = begin(p);
	int fd[5][2];

	for (int i = 0; i < 5; i++) {
		support_unix_pair(fd[i]);
		IS(&f, plx_selector_register(f.s, fd[i][0], PLX_READ, fd[i]),
		   0);
	}
	close(fd[0][0]);
	close(fd[3][0]);
	for (int i = 0; i < 5; i++) {
		if (i != 0 && i != 3) {
			put_byte(fd[i][1]);
			expect_ready(&f, fd[i][0], PLX_READ);
			support_drain(fd[i][0]);
		}
	}
	expect_quiet(&f);
	IS(&f, plx_selector_unregister(f.s, fd[0][0]), 0);
	IS(&f, plx_selector_unregister(f.s, fd[3][0]), 0);
	for (int i = 0; i < 5; i++) {
		close(fd[i][1]);
		if (i != 0 && i != 3) {
			close(fd[i][0]);
		}
	}
	end(&f);
}

CONFORMS(stale, many_closed_descriptors_are_found_by_narrow_waits)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int fd[9][2], n = 0;

	for (int i = 0; i < 9; i++) {
		support_unix_pair(fd[i]);
		put_byte(fd[i][1]);
		IS(&f, plx_selector_register(f.s, fd[i][0], PLX_READ, NULL), 0);
	}
	for (int i = 0; i < 8; i++)
		close_pair(fd[i]);
	for (int i = 0; i < 9 && n == 0; i++) {
		n = plx_selector_select(f.s, &ready, 1, 0);
		CHECK(&f, stats_of(&f).stale <= (unsigned)i + 1);
	}
	CHECK(&f, n == 1 && ready.fd == fd[8][0]);
	for (int i = 0; i < 8; i++)
		IS(&f, plx_selector_unregister(f.s, fd[i][0]), 0);
	IS(&f, plx_selector_select(f.s, &ready, 1, 0), 1);
	close_pair(fd[8]);
	end(&f);
}

CONFORMS(stale, unregistered_ghosts_are_silent)
{
	struct fixture f = begin(p);
	int fd[2], other[2], alive;
	unsigned long before;

	support_unix_pair(other);
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, other[0], PLX_READ, NULL), 0);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	alive = dup(fd[0]);
	close(fd[0]);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	put_byte(fd[1]);
	before = support_calls(&support_sys, SUPPORT_WAIT);
	expect_quiet(&f);
	expect_quiet(&f);
	CHECK(&f, support_calls(&support_sys, SUPPORT_WAIT) <= before + 12);
	put_byte(other[1]);
	expect_ready(&f, other[0], PLX_READ);
	close(alive);
	close(fd[1]);
	close_pair(other);
	end(&f);
}

CONFORMS(stale, ghosts_do_not_shorten_a_wait)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	int64_t deadline;
	int fd[2], alive;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	alive = dup(fd[0]);
	close(fd[0]);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	put_byte(fd[1]);
	deadline = plx_after(20 * PLX_MILLISECOND);
	IS(&f, plx_selector_select(f.s, &ready, 1, deadline), 0);
	CHECK(&f, plx_now() >= deadline);
	close(alive);
	close(fd[1]);
	end(&f);
}

CONFORMS(stale, numbers_may_get_their_old_file_back)
{
	struct fixture f = begin(p);
	int fd[2], alive;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	alive = dup(fd[0]);
	close(fd[0]);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	CHECK(&f, dup2(alive, fd[0]) == fd[0]);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	expect_ready(&f, fd[0], PLX_WRITE);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], BOTH);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	expect_quiet(&f);
	close(alive);
	close_pair(fd);
	end(&f);
}

CONFORMS(stale, ghosts_are_healed_and_counted_on_epoll)
{
	struct fixture f = begin(p);
	int fd[2], alive;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	alive = dup(fd[0]);
	close(fd[0]);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	put_byte(fd[1]);
	expect_quiet(&f);
	if (is_backend(&f, "epoll")) {
		CHECK(&f, stats_of(&f).rebuilt == 1);
		CHECK(&f, stats_of(&f).stale >= 1);
	} else {
		CHECK(&f, stats_of(&f).rebuilt == 0);
	}
	close(alive);
	close(fd[1]);
	end(&f);
}

/* Looks until FD has been silent for long; how often it was not. */
static int
count_false_reports(struct fixture *f, int fd)
{
	int reports = 0, quiet = 0;

	while (quiet < 4 && reports <= FALSE_REPORTS) {
		if (look(f, fd)) {
			reports++;
			quiet = 0;
		} else {
			quiet++;
		}
	}
	return reports;
}

CONFORMS(stale, keys_of_files_that_live_on_are_found_out)
{
	struct fixture f = begin(p);
	int fd[2], other[2], alive, reports;

	support_unix_pair(other);
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, other[0], PLX_READ, NULL), 0);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	alive = dup(fd[0]);
	close(fd[0]);
	put_byte(fd[1]);
	reports = count_false_reports(&f, fd[0]);
	cr_assert(reports <= (is_backend(&f, "epoll") ? FALSE_REPORTS : 0),
		  "%s: %d false reports", f.name, reports);
	expect_quiet(&f);
	CHECK(&f, stats_of(&f).stale >= 1 || !is_backend(&f, "epoll"));
	put_byte(other[1]);
	expect_ready(&f, other[0], PLX_READ);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	close(alive);
	close(fd[1]);
	close_pair(other);
	end(&f);
}

CONFORMS(stale, numbers_taken_by_another_file_are_found_out)
{
	struct fixture f = begin(p);
	int fd[2], next[2], reports;

	support_unix_pair(fd);
	support_unix_pair(next);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	CHECK(&f, dup2(next[0], fd[0]) == fd[0]);
	put_byte(next[1]);
	reports = count_false_reports(&f, fd[0]);
	cr_assert(reports <= FALSE_REPORTS, "%s: reported for ever", f.name);
	expect_quiet(&f);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	close_pair(fd);
	close_pair(next);
	end(&f);
}

CONFORMS(stale, numbers_can_be_registered_for_their_next_file)
{
	struct fixture f = begin(p);
	struct plx_ready ready[4];
	int fd[2], next[2], old, fresh;

	support_unix_pair(fd);
	support_unix_pair(next);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, &old), 0);
	CHECK(&f, dup2(next[0], fd[0]) == fd[0]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, &fresh), 0);
	CHECK(&f, stats_of(&f).stale == 1);
	expect_quiet(&f);
	put_byte(next[1]);
	IS(&f, plx_selector_select(f.s, ready, 4, 0), 1);
	CHECK(&f, ready[0].data == &fresh);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, &old), -EEXIST);
	close_pair(fd);
	close_pair(next);
	end(&f);
}

CONFORMS(stale, events_of_a_duplicate_do_not_reach_the_next_file)
{
	struct fixture f = begin(p);
	int fd[2], next[2], alive;

	support_unix_pair(fd);
	support_unix_pair(next);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	alive = dup(fd[0]);
	CHECK(&f, dup2(next[0], fd[0]) == fd[0]);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	expect_quiet(&f);
	put_byte(next[1]);
	expect_ready(&f, fd[0], PLX_READ);
	support_drain(fd[0]);
	expect_quiet(&f);
	close(alive);
	close_pair(fd);
	close_pair(next);
	end(&f);
}

CONFORMS(stale, numbers_may_come_back_as_another_kind)
{
	struct fixture f = begin(p);

	for (size_t i = 0; i < kinds_count; i++) {
		const struct kind *k = &kinds[(i + 1) % kinds_count];
		int fd[2], next[2];

		kinds[i].pair(fd);
		k->pair(next);
		put_byte(fd[1]);
		IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
		CHECK(&f, dup2(next[0], fd[0]) == fd[0]);
		IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
		expect_quiet(&f);
		put_byte(next[1]);
		expect_ready(&f, fd[0], PLX_READ);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
		close_pair(fd);
		close_pair(next);
	}
	end(&f);
}

CONFORMS(stale, numbers_may_change_between_file_and_socket)
{
	struct fixture f = begin(p);
	int fd[2], file = regular_file();

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	CHECK(&f, dup2(file, fd[0]) == fd[0]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	expect_ready(&f, fd[0], PLX_READ);
	close_pair(fd);
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	close_pair(fd);
	close(file);
	end(&f);
}

CONFORMS(stale, numbers_may_change_between_files)
{
	struct fixture f = begin(p);
	int old = regular_file(), next = regular_file(), kept = dup(old);
	struct plx_ready ready[2];
	int fresh;

	IS(&f, plx_selector_register(f.s, old, PLX_READ, NULL), 0);
	CHECK(&f, dup2(next, old) == old);
	IS(&f, plx_selector_modify(f.s, old, BOTH, NULL), -ENOENT);
	IS(&f, plx_selector_register(f.s, old, PLX_READ, &fresh), 0);
	IS(&f, plx_selector_select(f.s, ready, 2, 0), 1);
	CHECK(&f, ready[0].data == &fresh);
	close(old);
	close(next);
	close(kept);
	end(&f);
}

CONFORMS(stale, unregistering_a_reused_number_hurts_nobody)
{
	struct fixture f = begin(p);
	int fd[2], next[2];

	support_unix_pair(fd);
	support_unix_pair(next);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	CHECK(&f, dup2(next[0], fd[0]) == fd[0]);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	IS(&f, plx_selector_unregister(f.s, fd[0]), -ENOENT);
	expect_quiet(&f);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
	expect_ready(&f, fd[0], PLX_WRITE);
	close_pair(fd);
	close_pair(next);
	end(&f);
}

CONFORMS(stale, files_are_found_closed_too)
{
	struct fixture f = begin(p);
	int file = regular_file();

	IS(&f, plx_selector_register(f.s, file, PLX_READ, NULL), 0);
	expect_ready(&f, file, PLX_READ);
	close(file);
	CHECK(&f, count_false_reports(&f, file) <= FALSE_REPORTS);
	expect_quiet(&f);
	IS(&f, plx_selector_unregister(f.s, file), 0);
	end(&f);
}

CONFORMS(stale, numbers_may_change_hands_within_a_batch)
{
	struct fixture f = begin(p);
	struct plx_ready ready[4];
	int fd[2][2];

	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 2; i++) {
			support_unix_pair(fd[i]);
			put_byte(fd[i][1]);
			IS(&f,
			   plx_selector_register(f.s, fd[i][0], PLX_READ, NULL),
			   0);
		}
		IS(&f, plx_selector_select(f.s, ready, 4, 0), 2);
		close_pair(fd[0]);
		close_pair(fd[1]);
		support_unix_pair(fd[0]);
		IS(&f, plx_selector_register(f.s, fd[0][0], PLX_READ, NULL), 0);
		expect_quiet(&f);
		close_pair(fd[0]);
	}
	end(&f);
}
