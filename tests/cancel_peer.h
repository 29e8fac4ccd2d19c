/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_peer.h: what is around a program that is cancelled everywhere: the
 * socket it listens on, clients, and its allocations.
 */
#ifndef PLX_CANCEL_PEER_H
#define PLX_CANCEL_PEER_H

#include <stddef.h>

/*
 * Clients of whoever has called plx_listen or plx_server_open last, without a
 * task or thread: each step goes on a little, and tells whether it could.  One
 * talks, leaves its answers lying until the other side has to wait, takes them
 * and ends; one sends and vanishes; one comes and says nothing.
 */
int peer_step(void);

/* The same, and a signal to end at last. */
int peer_step_then_stop(void);

/* What the talking client says over and over instead of lines; 20000 bytes are
   a multiple of N.  N 0: lines again. */
void peer_text(const void *text, size_t n);

/* Closes all; the next step begins anew. */
void peer_stop(void);

/* Allocations of the program that it has not freed. */
long peer_blocks(void);

#endif
