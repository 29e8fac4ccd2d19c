/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_limits.c: more than there is room for, and many.
 *
 * Fairness is put as a number of calls within which every ready descriptor
 * has been handed out; the bound is twice the number of calls that a perfect
 * rotation would need.
 */
#include <config.h>

#include "conformance.h"

#include <stdlib.h>
#include <unistd.h>

#define MANY 24

/* Selects with CAP until all of the N descriptors were seen; the calls. */
static int
calls_until_all_seen(struct fixture *f, const int *fd, int n, int cap)
{
	char seen[MANY] = {0};
	int missing = n, calls = 0;

	while (missing > 0 && calls < 1000) {
		struct plx_ready ready[MANY];
		int got = plx_selector_select(f->s, ready, cap, 0);

		CHECK(f, got > 0 && got <= cap);
		check_entries(f, ready, got);
		for (int i = 0; i < got * n; i++) {
			if (fd[i % n] == ready[i / n].fd && !seen[i % n]) {
				seen[i % n] = 1;
				missing--;
			}
		}
		calls++;
	}
	return calls;
}

CONFORMS(limits, of_the_array_starve_nobody)
{
	struct fixture f = begin(p);
	const int caps[] = {1, 2, 5, MANY - 1};
	int fd[MANY], peer[MANY];

	for (int i = 0; i < MANY; i++) {
		int pair[2];

		support_unix_pair(pair);
		fd[i] = pair[0];
		peer[i] = pair[1];
		put_byte(peer[i]);
		IS(&f, plx_selector_register(f.s, fd[i], BOTH, NULL), 0);
	}
	for (int i = 0; i < 12; i++) {
		int cap = caps[i % 4];
		int calls = calls_until_all_seen(&f, fd, MANY, cap);

		cr_assert(calls <= 2 * (MANY / cap + 1),
			  "%s: %d calls for all with room for %d", f.name,
			  calls, cap);
	}
	for (int i = 0; i < MANY; i++) {
		close(fd[i]);
		close(peer[i]);
	}
	end(&f);
}

CONFORMS(limits, are_shared_with_files_that_are_always_ready)
{
	struct fixture f = begin(p);
	int fd[9], peer[9], pair[2];

	for (int i = 0; i < 9; i++) {
		support_unix_pair(pair);
		fd[i] = i < 4 ? regular_file() : pair[0];
		peer[i] = i < 4 ? pair[0] : -1;
		put_byte(pair[1]);
		IS(&f, plx_selector_register(f.s, fd[i], PLX_READ, NULL), 0);
		close(pair[1]);
	}
	for (int cap = 1; cap <= 9; cap++) {
		for (int round = 0; round < 5; round++) {
			int calls = calls_until_all_seen(&f, fd, 9, cap);

			cr_assert(calls <= 4 * (9 / cap + 1),
				  "%s: %d calls for all with room for %d",
				  f.name, calls, cap);
		}
	}
	for (int i = 0; i < 9; i++) {
		close(fd[i]);
		if (peer[i] >= 0) {
			close(peer[i]);
		}
	}
	end(&f);
}

CONFORMS(limits, on_the_number_of_a_descriptor_lie_past_fd_setsize)
{
	struct fixture f = begin(p);
	int fd[2];
	const int high = 1500;

	if (!support_want_fds(high + 100)) {
		cr_skip_test("%s: no descriptor %d here", f.name, high);
	}
	support_unix_pair(fd);
	CHECK(&f, dup2(fd[0], high) == high);
	close(fd[0]);
	IS(&f, plx_selector_register(f.s, high, PLX_READ, NULL), 0);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, high, PLX_READ);
	IS(&f, plx_selector_modify(f.s, high, BOTH, NULL), 0);
	expect_ready(&f, high, BOTH);
	IS(&f, plx_selector_unregister(f.s, high), 0);
	expect_quiet(&f);
	close(high);
	close(fd[1]);
	end(&f);
}

/* One byte for each STEP-th of N pairs, and just those are reported. */
static void
ring_some(struct fixture *f, int (*fd)[2], int n, int step)
{
	struct plx_ready *ready = calloc((size_t)n, sizeof(*ready));
	int got, want = (n + step - 1) / step;

	CHECK(f, ready);
	for (int i = 0; i < n; i += step) {
		put_byte(fd[i][1]);
	}
	got = plx_selector_select(f->s, ready, n, plx_after(PLX_SECOND));
	cr_assert(got == want, "%s: %d ready, not %d", f->name, got, want);
	for (int i = 0; i < got; i++) {
		int(*pair)[2] = (int(*)[2])ready[i].data;

		CHECK(f, (*pair)[0] == ready[i].fd);
		CHECK(f, (pair - fd) % step == 0);
		CHECK(f, support_drain(ready[i].fd) == 1);
	}
	expect_quiet(f);
	free(ready);
}

static void
watch_many(struct fixture *f, int n)
{
	int(*fd)[2] = (int(*)[2])calloc((size_t)n, sizeof(*fd));

	if (!support_want_fds(2 * n + 100)) {
		free(fd);
		cr_skip_test("%s: no %d descriptors here", f->name, 2 * n);
	}
	for (int i = 0; i < n; i++) {
		support_pipe(fd[i]);
		IS(f, plx_selector_register(f->s, fd[i][0], PLX_READ, fd[i]),
		   0);
	}
	expect_quiet(f);
	ring_some(f, fd, n, n);
	ring_some(f, fd, n, 7);
	ring_some(f, fd, n, 1);
	for (int i = 0; i < n; i++) {
		IS(f, plx_selector_unregister(f->s, fd[i][0]), 0);
		close_pair(fd[i]);
	}
	free(fd);
}

CONFORMS(limits, allow_a_thousand_descriptors)
{
	struct fixture f = begin(p);

	watch_many(&f, 1000);
	end(&f);
}

CONFORMS(limits, allow_five_thousand_descriptors)
{
	struct fixture f = begin(p);

	watch_many(&f, 5000);
	end(&f);
}

CONFORMS(limits, of_the_array_may_be_wider_than_the_map)
{
	struct fixture f = begin(p);
	struct plx_ready *ready = calloc(100000, sizeof(*ready));
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_select(f.s, ready, 100000, 0), 0);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_WRITE, NULL), 0);
	IS(&f, plx_selector_select(f.s, ready, 100000, 0), 1);
	check_entries(&f, ready, 1);
	free(ready);
	close_pair(fd);
	end(&f);
}

CONFORMS(limits, of_the_array_merge_both_directions)
{
	struct fixture f = begin(p);
	struct plx_ready ready[2];
	int fd[6][2];

	for (int i = 0; i < 6; i++) {
		support_unix_pair(fd[i]);
		put_byte(fd[i][1]);
		IS(&f, plx_selector_register(f.s, fd[i][0], BOTH, NULL), 0);
	}
	for (int round = 0; round < 12; round++) {
		int n = plx_selector_select(f.s, ready, 1 + round % 2, 0);

		CHECK(&f, n == 1 + round % 2);
		for (int i = 0; i < n; i++) {
			CHECK(&f, (ready[i].events & BOTH) == BOTH);
		}
	}
	for (int i = 0; i < 6; i++) {
		close_pair(fd[i]);
	}
	end(&f);
}
