/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_peer.h: the clients of an echo server that has faults.
 *
 * They are outside of it: bare sockets, moved on before each wait.  Two send
 * lines in pieces and look at every byte that comes back; one sends and
 * vanishes.  When all have ended, FINISH is called once.
 */
#ifndef PLX_FAULTS_PEER_H
#define PLX_FAULTS_PEER_H

#include <sys/socket.h>

/* Where to connect from now on; LEN 0: nowhere yet. */
void faults_peer_begin(void (*finish)(void));
void faults_peer_address(const void *sa, socklen_t len);

/* For struct fault_scenario. */
int faults_peer_step(void);
void faults_peer_stop(void);

/* How many clients have been hung up on in order. */
int faults_peer_served(void);

/* The clients that did not get all back; a finding, when R, the result of the
   server, is 0 and it is more than the fault explains. */
int faults_peer_end(int r);

#endif
