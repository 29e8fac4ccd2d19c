/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_flags.c: edge, one-shot and exclusive, where a backend has them.
 *
 * A backend that lacks a flag refuses it with -ENOTSUP and keeps what was
 * there; one that has it (a feature bit says so) must do what it means.
 */
#include <config.h>

#include "conformance.h"

#include <unistd.h>

static const struct {
	unsigned flag, feature;
} flags[] = {
	{PLX_EDGE, PLX_FEATURE_EDGE},
	{PLX_ONESHOT, PLX_FEATURE_ONESHOT},
	{PLX_EXCLUSIVE, PLX_FEATURE_EXCLUSIVE},
};

CONFORMS(flags, that_a_backend_lacks_are_refused)
{
	struct fixture f = begin(p);
	struct plx_key key;
	int fd[2];

	support_unix_pair(fd);
	for (int i = 0; i < 3; i++) {
		unsigned events = PLX_READ | flags[i].flag;
		int want = f.features & flags[i].feature ? 0 : -ENOTSUP;

		IS(&f, plx_selector_register(f.s, fd[0], events, NULL), want);
		IS(&f, plx_selector_unregister(f.s, fd[0]), want ? -ENOENT : 0);
		IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
		IS(&f, plx_selector_modify(f.s, fd[0], events, NULL), want);
		IS(&f, plx_selector_get_key(f.s, fd[0], &key), 0);
		CHECK(&f, key.events == (want ? PLX_READ : events));
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	}
	close_pair(fd);
	end(&f);
}

/* Skips, leaving nothing behind, where FEATURE is missing. */
static void
need(struct fixture *f, unsigned feature)
{
	if ((f->features & feature) == 0) {
		plx_selector_close(&f->s);
		cr_skip_test("%s: has no such flag", f->name);
	}
}

CONFORMS(edge, reports_news_once)
{
	struct fixture f = begin(p);
	int fd[2];
	char byte;

	need(&f, PLX_FEATURE_EDGE);
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ | PLX_EDGE, NULL), 0);
	expect_quiet(&f);
	put_byte(fd[1]);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	expect_quiet(&f);
	CHECK(&f, read(fd[0], &byte, 1) == 1);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	expect_quiet(&f);
	close_pair(fd);
	end(&f);
}

CONFORMS(edge, reports_what_was_ready_before)
{
	struct fixture f = begin(p);
	int fd[2];

	need(&f, PLX_FEATURE_EDGE);
	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH | PLX_EDGE, NULL), 0);
	expect_ready(&f, fd[0], BOTH);
	expect_quiet(&f);
	close_pair(fd);
	end(&f);
}

CONFORMS(edge, reports_the_end_of_a_stream)
{
	struct fixture f = begin(p);
	int fd[2];

	need(&f, PLX_FEATURE_EDGE);
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ | PLX_EDGE, NULL), 0);
	expect_quiet(&f);
	close(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	expect_quiet(&f);
	close(fd[0]);
	end(&f);
}

CONFORMS(edge, comes_and_goes_by_modify)
{
	struct fixture f = begin(p);
	int fd[2];

	need(&f, PLX_FEATURE_EDGE);
	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	expect_ready(&f, fd[0], PLX_READ);
	expect_ready(&f, fd[0], PLX_READ);
	IS(&f, plx_selector_modify(f.s, fd[0], PLX_READ | PLX_EDGE, NULL), 0);
	expect_ready(&f, fd[0], PLX_READ);
	expect_quiet(&f);
	IS(&f, plx_selector_modify(f.s, fd[0], PLX_READ, NULL), 0);
	expect_ready(&f, fd[0], PLX_READ);
	expect_ready(&f, fd[0], PLX_READ);
	close_pair(fd);
	end(&f);
}

CONFORMS(oneshot, reports_once_until_armed_again)
{
	struct fixture f = begin(p);
	const unsigned events = PLX_READ | PLX_ONESHOT;
	struct plx_key key;
	int fd[2], data;

	need(&f, PLX_FEATURE_ONESHOT);
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], events, NULL), 0);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_quiet(&f);
	IS(&f, plx_selector_get_key(f.s, fd[0], &key), 0);
	CHECK(&f, key.events == events);
	IS(&f, plx_selector_modify(f.s, fd[0], events, &data), 0);
	expect_ready(&f, fd[0], PLX_READ);
	expect_quiet(&f);
	close_pair(fd);
	end(&f);
}

CONFORMS(oneshot, silences_both_directions_at_once)
{
	struct fixture f = begin(p);
	int fd[2];

	need(&f, PLX_FEATURE_ONESHOT);
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH | PLX_ONESHOT, NULL), 0);
	expect_ready(&f, fd[0], PLX_WRITE);
	put_byte(fd[1]);
	expect_quiet(&f);
	IS(&f, plx_selector_modify(f.s, fd[0], BOTH | PLX_ONESHOT, NULL), 0);
	expect_ready(&f, fd[0], BOTH);
	expect_quiet(&f);
	close_pair(fd);
	end(&f);
}

CONFORMS(oneshot, is_silent_about_a_hangup_too)
{
	struct fixture f = begin(p);
	int fd[2];

	need(&f, PLX_FEATURE_ONESHOT);
	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH | PLX_ONESHOT, NULL), 0);
	expect_ready(&f, fd[0], BOTH);
	close(fd[1]);
	expect_quiet(&f);
	IS(&f, plx_selector_modify(f.s, fd[0], BOTH, NULL), 0);
	expect_ready(&f, fd[0], BOTH);
	expect_ready(&f, fd[0], BOTH);
	close(fd[0]);
	end(&f);
}

CONFORMS(oneshot, that_fired_can_be_unregistered_or_changed)
{
	struct fixture f = begin(p);
	int fd[2];

	need(&f, PLX_FEATURE_ONESHOT);
	support_unix_pair(fd);
	put_byte(fd[1]);
	for (int i = 0; i < 3; i++) {
		IS(&f,
		   plx_selector_register(f.s, fd[0], PLX_READ | PLX_ONESHOT,
					 NULL),
		   0);
		expect_ready(&f, fd[0], PLX_READ);
		IS(&f,
		   plx_selector_modify(f.s, fd[0], PLX_WRITE | PLX_ONESHOT,
				       NULL),
		   0);
		expect_ready(&f, fd[0], PLX_WRITE);
		expect_quiet(&f);
		IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(oneshot, and_edge_hold_for_files_as_well)
{
	struct fixture f = begin(p);
	int file = regular_file();

	need(&f, PLX_FEATURE_ONESHOT | PLX_FEATURE_EDGE);
	for (int i = 0; i < 2; i++) {
		unsigned flag = i ? PLX_EDGE : PLX_ONESHOT;

		if ((f.features & flags[i ? 0 : 1].feature) == 0) {
			continue;
		}
		IS(&f, plx_selector_register(f.s, file, PLX_READ | flag, NULL),
		   0);
		IS(&f, plx_selector_modify(f.s, file, PLX_READ | flag, NULL),
		   0);
		expect_ready(&f, file, PLX_READ);
		expect_quiet(&f);
		IS(&f, plx_selector_modify(f.s, file, BOTH | flag, NULL), 0);
		expect_ready(&f, file, BOTH);
		expect_quiet(&f);
		IS(&f, plx_selector_modify(f.s, file, BOTH | flag, &f), 0);
		if (flag == PLX_ONESHOT)
			expect_ready(&f, file, BOTH);
		expect_quiet(&f);
		IS(&f, plx_selector_unregister(f.s, file), 0);
	}
	close(file);
	end(&f);
}

CONFORMS(edge, tells_of_both_directions_in_a_narrow_wait)
{
	struct fixture f = begin(p);
	unsigned told[2] = {0, 0};
	struct plx_ready ready;
	int fd[2];

	need(&f, PLX_FEATURE_EDGE);
	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH | PLX_EDGE, NULL), 0);
	while (plx_selector_select(f.s, &ready, 1, 0) == 1) {
		told[0] += (ready.events & PLX_READ) != 0;
		told[1] += (ready.events & PLX_WRITE) != 0;
		CHECK(&f, told[0] <= 1 && told[1] <= 1);
	}
	CHECK(&f, told[0] == 1 && told[1] == 1);
	close_pair(fd);
	end(&f);
}

/* A pipe without a reader may have nothing to be asked about. */
CONFORMS(oneshot, of_what_had_hung_up_is_known_by_its_file)
{
	struct fixture f = begin(p);
	const unsigned once = PLX_WRITE | PLX_ONESHOT;
	int fd[2], other[2];

	need(&f, PLX_FEATURE_ONESHOT);
	support_pipe(fd);
	close(fd[0]);
	IS(&f, plx_selector_register(f.s, fd[1], once, NULL), 0);
	expect_ready(&f, fd[1], PLX_WRITE);
	expect_quiet(&f);
	IS(&f, plx_selector_register(f.s, fd[1], once, NULL), -EEXIST);
	support_unix_pair(other);
	CHECK(&f, dup2(other[0], fd[1]) == fd[1]);
	IS(&f, plx_selector_modify(f.s, fd[1], once, NULL), -ENOENT);
	expect_quiet(&f);
	close(fd[1]);
	close_pair(other);
	end(&f);
}

CONFORMS(exclusive, wakes_at_least_one_of_two)
{
	struct fixture f = begin(p);
	struct plx_ready ready;
	plx_selector *other;
	int fd[2], woken;

	need(&f, PLX_FEATURE_EXCLUSIVE);
	open_selector(&f, &other);
	support_unix_pair(fd);
	IS(&f,
	   plx_selector_register(f.s, fd[0], PLX_READ | PLX_EXCLUSIVE, NULL),
	   0);
	IS(&f,
	   plx_selector_register(other, fd[0], PLX_READ | PLX_EXCLUSIVE, NULL),
	   0);
	expect_quiet(&f);
	put_byte(fd[1]);
	woken = plx_selector_select(f.s, &ready, 1, 0);
	woken += plx_selector_select(other, &ready, 1, 0);
	CHECK(&f, woken >= 1);
	plx_selector_close(&other);
	close_pair(fd);
	end(&f);
}

CONFORMS(exclusive, can_be_modified)
{
	struct fixture f = begin(p);
	int fd[2], data;

	need(&f, PLX_FEATURE_EXCLUSIVE);
	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f,
	   plx_selector_register(f.s, fd[0], PLX_READ | PLX_EXCLUSIVE, NULL),
	   0);
	expect_ready(&f, fd[0], PLX_READ);
	IS(&f, plx_selector_modify(f.s, fd[0], BOTH | PLX_EXCLUSIVE, &data), 0);
	expect_ready(&f, fd[0], BOTH);
	IS(&f, plx_selector_modify(f.s, fd[0], PLX_WRITE, &data), 0);
	expect_ready(&f, fd[0], PLX_WRITE);
	IS(&f, plx_selector_modify(f.s, fd[0], BOTH | PLX_EXCLUSIVE, NULL), 0);
	expect_ready(&f, fd[0], BOTH);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	expect_quiet(&f);
	close_pair(fd);
	end(&f);
}

CONFORMS(exclusive, stays_as_it_was_when_modifying_fails)
{
	struct fixture f = begin(p);
	const unsigned events = PLX_READ | PLX_EXCLUSIVE;
	struct plx_key key;
	int fd[2];

	need(&f, PLX_FEATURE_EXCLUSIVE);
	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], events, NULL), 0);
	for (long at = 1; at <= 2; at++) {
		support_sys.fails = SUPPORT_CHANGE;
		support_sys.fail_at = at;
		support_sys.fail_with = ENOMEM;
		IS(&f, plx_selector_modify(f.s, fd[0], BOTH, NULL), -ENOMEM);
		support_sys.fail_at = 0;
		IS(&f, plx_selector_get_key(f.s, fd[0], &key), 0);
		CHECK(&f, key.events == events);
		expect_ready(&f, fd[0], PLX_READ);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(exclusive, of_a_number_that_gets_its_old_file_back)
{
	struct fixture f = begin(p);
	int fd[2], alive;

	need(&f, PLX_FEATURE_EXCLUSIVE);
	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	alive = dup(fd[0]);
	close(fd[0]);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	CHECK(&f, dup2(alive, fd[0]) == fd[0]);
	IS(&f,
	   plx_selector_register(f.s, fd[0], PLX_WRITE | PLX_EXCLUSIVE, NULL),
	   0);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_WRITE);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	expect_quiet(&f);
	close(alive);
	close_pair(fd);
	end(&f);
}
