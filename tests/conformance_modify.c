/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_modify.c: changing a registration, and ending it.
 *
 * That a change of nothing costs nothing is counted, on the injected table,
 * over every entry that it has.
 */
#include <config.h>

#include "conformance.h"

#include <unistd.h>

CONFORMS(modifying, changes_what_is_reported)
{
	struct fixture f = begin(p);
	const unsigned steps[] = {PLX_WRITE, PLX_READ, BOTH,
				  PLX_READ,  BOTH,     PLX_WRITE};
	int fd[2];

	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		IS(&f, plx_selector_modify(f.s, fd[0], steps[i], NULL), 0);
		CHECK(&f, look(&f, fd[0]) == steps[i]);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(modifying, silences_the_direction_taken_away)
{
	struct fixture f = begin(p);
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	CHECK(&f, look(&f, fd[0]) == PLX_WRITE);
	IS(&f, plx_selector_modify(f.s, fd[0], PLX_READ, NULL), 0);
	expect_quiet(&f);
	put_byte(fd[1]);
	expect_ready(&f, fd[0], PLX_READ);
	close_pair(fd);
	end(&f);
}

CONFORMS(modifying, hands_out_the_new_data)
{
	struct fixture f = begin(p);
	struct plx_ready ready[2];
	int fd[2], data[4];

	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, &data[0]), 0);
	for (int i = 1; i < 4; i++) {
		unsigned events = i % 2 ? PLX_READ : BOTH;

		IS(&f, plx_selector_modify(f.s, fd[0], events, &data[i]), 0);
		IS(&f, plx_selector_select(f.s, ready, 2, 0), 1);
		CHECK(&f, ready[0].data == &data[i]);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(modifying, only_the_data_makes_no_system_call)
{
	struct fixture f = begin(p);
	unsigned long before;
	struct plx_key key;
	int fd[2], data;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	CHECK(&f, look(&f, fd[0]) == PLX_WRITE);
	before = support_calls(&support_sys, ~0u);
	IS(&f, plx_selector_modify(f.s, fd[0], BOTH, &data), 0);
	IS(&f, plx_selector_modify(f.s, fd[0], BOTH, &data), 0);
	CHECK(&f, support_calls(&support_sys, ~0u) == before);
	IS(&f, plx_selector_get_key(f.s, fd[0], &key), 0);
	CHECK(&f, key.data == &data && key.events == BOTH);
	close_pair(fd);
	end(&f);
}

CONFORMS(modifying, looking_at_keys_makes_no_system_call)
{
	struct fixture f = begin(p);
	unsigned long before;
	struct plx_key key;
	int fd[2], cursor = 0;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	before = support_calls(&support_sys, ~0u);
	IS(&f, plx_selector_get_key(f.s, fd[0], &key), 0);
	IS(&f, plx_selector_next_key(f.s, &cursor, &key), 1);
	stats_of(&f);
	CHECK(&f, support_calls(&support_sys, ~0u) == before);
	close_pair(fd);
	end(&f);
}

CONFORMS(modifying, to_nonsense_leaves_the_old_registration)
{
	struct fixture f = begin(p);
	const unsigned bad[] = {0, PLX_EDGE, PLX_EOF, BOTH | 0x80u};
	struct plx_key key;
	int fd[2], mine;

	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, &mine), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		IS(&f, plx_selector_modify(f.s, fd[0], bad[i], NULL), -EINVAL);
		IS(&f, plx_selector_get_key(f.s, fd[0], &key), 0);
		CHECK(&f, key.events == PLX_READ && key.data == &mine);
		CHECK(&f, look(&f, fd[0]) == PLX_READ);
	}
	close_pair(fd);
	end(&f);
}

CONFORMS(modifying, a_closed_descriptor_answers_enoent)
{
	struct fixture f = begin(p);
	int fd[2];

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	close(fd[0]);
	IS(&f, plx_selector_modify(f.s, fd[0], BOTH, NULL), -ENOENT);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	IS(&f, plx_selector_unregister(f.s, fd[0]), -ENOENT);
	close(fd[1]);
	end(&f);
}

CONFORMS(modifying, a_reused_number_answers_enoent)
{
	struct fixture f = begin(p);
	int fd[2], file;

	support_unix_pair(fd);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	file = regular_file();
	CHECK(&f, dup2(file, fd[0]) == fd[0]);
	IS(&f, plx_selector_modify(f.s, fd[0], BOTH, NULL), -ENOENT);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	close(file);
	close_pair(fd);
	end(&f);
}

CONFORMS(modifying, a_number_reused_by_the_same_kind_answers_enoent)
{
	struct fixture f = begin(p);
	int fd[2], next[2];

	support_unix_pair(fd);
	support_unix_pair(next);
	IS(&f, plx_selector_register(f.s, fd[0], PLX_READ, NULL), 0);
	CHECK(&f, dup2(next[0], fd[0]) == fd[0]);
	IS(&f, plx_selector_modify(f.s, fd[0], PLX_WRITE, NULL), -ENOENT);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	close_pair(fd);
	close_pair(next);
	end(&f);
}

CONFORMS(unregistering, silences_a_ready_descriptor)
{
	struct fixture f = begin(p);
	int fd[2];

	support_unix_pair(fd);
	put_byte(fd[1]);
	IS(&f, plx_selector_register(f.s, fd[0], BOTH, NULL), 0);
	CHECK(&f, look(&f, fd[0]) == BOTH);
	IS(&f, plx_selector_unregister(f.s, fd[0]), 0);
	expect_quiet(&f);
	close_pair(fd);
	end(&f);
}

CONFORMS(unregistering, during_a_batch_leaves_the_others)
{
	struct fixture f = begin(p);
	struct plx_ready ready[8];
	int fd[3][2];

	for (int i = 0; i < 3; i++) {
		support_unix_pair(fd[i]);
		put_byte(fd[i][1]);
		IS(&f, plx_selector_register(f.s, fd[i][0], PLX_READ, NULL), 0);
	}
	IS(&f, plx_selector_select(f.s, ready, 8, 0), 3);
	IS(&f, plx_selector_unregister(f.s, ready[1].fd), 0);
	IS(&f, plx_selector_select(f.s, ready, 8, 0), 2);
	check_entries(&f, ready, 2);
	for (int i = 0; i < 3; i++) {
		close_pair(fd[i]);
	}
	end(&f);
}

CONFORMS(unregistering, in_the_middle_keeps_the_others_apart)
{
	struct fixture f = begin(p);
	int fd[9][2];

	for (int i = 0; i < 9; i++) {
		support_unix_pair(fd[i]);
		IS(&f, plx_selector_register(f.s, fd[i][0], PLX_READ, fd[i]),
		   0);
	}
	for (int i = 0; i < 9; i += 2) {
		IS(&f, plx_selector_unregister(f.s, fd[i][0]), 0);
	}
	for (int i = 0; i < 9; i++) {
		put_byte(fd[i][1]);
		CHECK(&f, look(&f, fd[i][0]) == (i % 2 ? PLX_READ : 0));
	}
	for (int i = 0; i < 9; i++) {
		close_pair(fd[i]);
	}
	end(&f);
}
