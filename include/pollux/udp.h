/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/udp.h: datagrams, one or many at a time.
 *
 * Of UDP, and of Unix sockets.  The operations suspend the task, as in io.h:
 * who tries and who waits, who gives way, the errors of every wait, -EBUSY and
 * -ESHUTDOWN are the same, and they take blocking sockets too.  They share
 * their waits with those of io.h: one reader and one writer per descriptor.
 *
 * An error that a socket has heard of an earlier datagram (-ECONNREFUSED above
 * all: nobody was there) is told once, by the next operation of either kind,
 * and the socket is as good as before: a server goes on.  Linux tells it to a
 * connected socket only.  Errors such as -EHOSTUNREACH, -ENETUNREACH,
 * -EACCES, -EMSGSIZE, -ENOBUFS and, of Unix sockets, -ENOENT and
 * -ECONNREFUSED mean the one datagram that is being sent.
 */
#ifndef PLX_UDP_H
#define PLX_UDP_H

#include <stddef.h>
#include <sys/types.h>
#include <pollux/net.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_udp_options {
	const struct plx_address *peer; /* connected to it: receives from it
					   alone and sends to it */
	int reuse_port;			/* as in struct plx_listen_options */
	int broadcast;			/* may send to broadcast addresses */
	const struct plx_sys *sys; /* NULL; the library's tests use another */
};

/*
 * A socket of datagrams bound to LOCAL, in *OUT, non-blocking and
 * close-on-exec.  LOCAL may be NULL: the system picks the port when PEER is
 * connected or the first datagram goes (with neither there is no family:
 * -EINVAL).  The any address serves IPv4 too, as with plx_listen: an IPv4 peer
 * then has the form in which receiving tells it.  A Unix
 * socket's path is taken over and left to the caller as there; one without
 * LOCAL has no name and gets no answers.  OPTIONS may be NULL.  -ENOTSUP:
 * reuse_port of a Unix socket; else the errors of socket(2), setsockopt(2),
 * bind(2) and connect(2).  Any thread, inside a task or not.
 */
PLX_API int plx_udp_open(const struct plx_address *local,
			 const struct plx_udp_options *options, int *out);

#define PLX_DATAGRAM_CUT 0x1u /* it was longer than ROOM: the rest is lost */

struct plx_datagram {
	void *data;    /* the caller's; only read when it is sent */
	size_t room;   /* of DATA, to receive; not looked at to send */
	size_t length; /* of what was received, or is to be sent; 0 is a
			  datagram, too */
	struct plx_address peer; /* who sent it, or whom it is for; its length
				    is 0: without a name; the connected one */
	unsigned flags;		 /* of what was received; else not looked at */
};

/*
 * Waits for one datagram and receives those that are there, N at most and 64
 * at most, in one system call where there is recvmmsg(2): how many.  DATA and
 * ROOM are the caller's to set, once; the rest is written, of those that
 * came.  An error comes alone: what was received before it is returned first.
 * -EINVAL: N is below 0; 0 for N 0.
 */
PLX_API int plx_recv_datagrams(int fd, struct plx_datagram *list, int n,
			       int64_t deadline);

/*
 * Sends N datagrams in order, in as few system calls as the system has, 64 in
 * each, waiting for room as often as needed, and returns how many went: fewer
 * than N when the deadline, a cancel or an error came in between, -errno when
 * none did.  The next call tells which, but for an error that the socket has
 * heard of an earlier datagram: that is lost then.  An error is about the first
 * of LIST, or an earlier one: whoever has many peers skips it and sends the
 * rest.  -ESHUTDOWN comes at once, as from plx_send.
 */
PLX_API int plx_send_datagrams(int fd, struct plx_datagram *list, int n,
			       int64_t deadline);

/*
 * Receives one datagram into BUF, and its sender into *PEER, unless that is
 * NULL: its length, 0 being one as well.  Bytes beyond N are lost untold; who
 * has to know asks plx_recv_datagrams for one.
 */
PLX_API ssize_t plx_recvfrom(int fd, void *buf, size_t n,
			     struct plx_address *peer, int64_t deadline);

/* Sends the N bytes in BUF to PEER, or the connected one for NULL, as one
   datagram: N. */
PLX_API ssize_t plx_sendto(int fd, const void *buf, size_t n,
			   const struct plx_address *peer, int64_t deadline);

PLX_END_DECLS

#endif
