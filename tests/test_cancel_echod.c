/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cancel_echod.c: cancels echod at every wait.
 *
 * Nothing cancels its tasks in real life but a loop that fails; then it has to
 * end all the same, and in order.  Signals that come when nobody catches them
 * are ignored, and those held back by an earlier run forgotten.
 */
#include <config.h>
#include <signal.h>
#include "cancel_everywhere.h"
#include "cancel_peer.h"
#include "echod_inside.h"

static void
check_blocks(const char *where)
{
	cr_expect_eq(peer_blocks(), 0, "%s: %ld blocks", where, peer_blocks());
}

#define CANCEL_ECHOD(NAME, PEER, ...)                                       \
	static int NAME(void)                                               \
	{                                                                   \
		char argv[][24] = {"echod", "--listen=127.0.0.1:0",         \
				   __VA_ARGS__};                            \
		char *list[8] = {NULL};                                     \
		int n = (int)(sizeof(argv) / sizeof(argv[0]));              \
                                                                            \
		for (int i = 0; i < n; i++)                                 \
			list[i] = argv[i];                                  \
		return echod_inside(n, list);                               \
	}                                                                   \
	CANCEL_EVERYWHERE(NAME, .program = NAME, .serves = 1, .peer = PEER, \
			  .stop = peer_stop, .check = check_blocks)

CANCEL_ECHOD(echod_raw, peer_step, "-q")
CANCEL_ECHOD(echod_stopped, peer_step_then_stop, "-v")
CANCEL_ECHOD(echod_lines, peer_step_then_stop, "-q", "--mode=line",
	     "--prefix=GOT:")
CANCEL_ECHOD(echod_long_lines, peer_step, "-v", "--mode=line", "--max-line=50")
CANCEL_ECHOD(echod_one_at_a_time, peer_step_then_stop, "-q",
	     "--max-connections=1", "--idle-timeout=1")
