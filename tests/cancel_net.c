/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_net.c: cancels at every wait of clients and of datagrams.
 */
#include <config.h>
#include <stdlib.h>
#include "cancel_everywhere.h"
#include "connect_stage.h"
#include "udp_common.h"

/* One refuses, one is silent, there is no way to one, one answers.  If that
   attempt is cancelled the silent one remains, for ever. */
static int
connect_by_name(void *arg)
{
	static const char *const answers[] = {"127.0.0.20", "::30",
					      "127.0.0.40", "127.0.0.10", NULL};
	int fd, r;

	(void)arg;
	cleans_up();
	stage_open(answers);
	r = plx_connect_host("name", "7007", NULL, &fd, PLX_NEVER);
	if (r == 0) {
		closes(fd);
		r = plx_sleep(PLX_MILLISECOND);
	}
	stage_close();
	return r;
}
CANCEL_EVERYWHERE(connections_by_name, .fn = connect_by_name, .serves = 1,
		  .patience = 400)

/* All are silent. */
static int
connect_in_vain(void *arg)
{
	static const char *const answers[] = {"127.0.0.30", "::31",
					      "127.0.0.32", NULL};
	int fd, r;

	(void)arg;
	cleans_up();
	stage_open(answers);
	r = plx_connect_host("name", "7007", NULL, &fd, PLX_NEVER);
	if (r == 0)
		closes(fd);
	stage_close();
	return r;
}
CANCEL_EVERYWHERE(connections_in_vain, .fn = connect_in_vain, .serves = 1,
		  .patience = 30)

/* More than there is room for. */
static int
send_numbers(void *arg)
{
	struct udp_list l = udp_list(600);
	int r;

	cleans_up();
	udp_number(&l, 0, NULL);
	r = plx_send_datagrams(*(int *)arg, l.d, l.n, in(PLX_SECOND));
	udp_list_free(&l);
	return r < 0 ? r : 0;
}

static int
exchange_datagrams(void *arg)
{
	struct plx_datagram d[32] = {{.data = NULL}};
	plx_nursery *n;
	int fd[2], got = 0, r;

	(void)arg;
	cleans_up();
	support_datagram_pair(fd);
	closes(fd[0]);
	closes(fd[1]);
	r = plx_nursery_open(NULL, &n);
	if (r < 0)
		return r;
	r = plx_spawn(n, send_numbers, &fd[0], NULL);
	while (r >= 0 && got < 600) {
		r = plx_recv_datagrams(fd[1], d, 32, in(PLX_SECOND));
		if (r > 0)
			got += r;
	}
	return plx_nursery_close(&n, r < 0 ? r : 0);
}
CANCEL_EVERYWHERE(batches_of_datagrams, .fn = exchange_datagrams)
