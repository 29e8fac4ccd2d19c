/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener.h: the addresses that are served.
 */
#ifndef ECHOD_LISTENER_H
#define ECHOD_LISTENER_H

#include "server.h"

struct listener {
	char text[PLX_ADDRESS_TEXT]; /* the bound address, clean */
	int is_datagram;
	unsigned port;		/* of one for datagrams; 0: it has none */
	char *path;		/* a Unix socket's, to be unlinked */
	uint64_t device, inode; /* of PATH, to unlink no other's */
};

/*
 * Opens a socket per address and worker: 0, or -1 after a report.  What is
 * open by then is closed by listeners_close.
 */
int listeners_open(struct server *s);

/* Takes the paths of Unix sockets away, before the sockets are closed. */
void listeners_unlink(struct server *s);

/* Closes and frees what is left. */
void listeners_close(struct server *s);

#endif
