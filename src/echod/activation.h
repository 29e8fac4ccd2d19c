/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * activation.h: sockets that a service manager has opened for echod.
 */
#ifndef ECHOD_ACTIVATION_H
#define ECHOD_ACTIVATION_H

/* The first descriptor that is handed over, by systemd's convention. */
#define ACTIVATION_FIRST 3

/*
 * How many descriptors are handed over, from ACTIVATION_FIRST on: they are
 * close-on-exec then, and the environment does not speak of them any more.
 * Negative after a report: LISTEN_FDS makes no sense.
 */
int activation_take(void);

/* What FD is: 1 a socket of datagrams, 0 one that listens for connections; or
   -errno: something else. */
int activation_kind(int fd);

#endif
