/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/connect.h: connections made by address, by name or by words.
 *
 * All suspend the task, as in io.h; -ETIMEDOUT, -ECANCELED and -EPERM as every
 * wait.  A connection that was made keeps its result; whatever else was opened
 * on the way is closed when they return, and no task is left.  *OUT is a stream
 * socket, non-blocking and close-on-exec, to be closed by plx_close.
 */
#ifndef PLX_CONNECT_H
#define PLX_CONNECT_H

#include <pollux/net.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_connect_options {
	int family;	       /* AF_INET or AF_INET6 only; 0: either */
	int no_delay;	       /* TCP_NODELAY; nothing for Unix sockets */
	int64_t attempt_delay; /* nanoseconds; 0: 250 milliseconds */
	const struct plx_address *local; /* where from; NULL: as it comes.  Only
					    peers of its family are tried.  The
					    path of a Unix socket is left to the
					    caller, after an error it is gone */
};

/*
 * Connects to ADDRESS; OPTIONS may be NULL.  -EADDRNOTAVAIL: ADDRESS is of
 * another family than OPTIONS want; else the errors of socket(2),
 * setsockopt(2), bind(2) and plx_connect.
 */
PLX_API int plx_connect_address(const struct plx_address *address,
				const struct plx_connect_options *options,
				int *out, int64_t deadline);

/*
 * Connects to a SERVICE ("7007", "http") of HOST, by number or by name, and
 * OPTIONS may be NULL.  A host and a port that are numbers are not looked up; a
 * name is, by plx_getaddrinfo, with its threads and its errors.
 *
 * Of several addresses one after the other is tried, the families in turns
 * (RFC 8305): the next one when an attempt fails, or when attempt_delay has
 * gone by without an outcome.  The first that connects wins.  When none
 * does, the error is that of the attempt that failed first, but -ETIMEDOUT if
 * one timed out; that there is no way (-ENETUNREACH, -EHOSTUNREACH,
 * -EAFNOSUPPORT, -EADDRNOTAVAIL) is told when there is no other.
 * -EINVAL: HOST or SERVICE is NULL, SERVICE is empty or begins with a sign or a
 * space, or attempt_delay is below 0; -ERANGE: a port above 65535;
 * -EADDRNOTAVAIL: HOST has no address that OPTIONS want, but for a name that
 * has none of FAMILY the resolver may say -ENOENT or -ENODATA; -ENOMEM;
 * -EAGAIN: the system refuses a stack.
 */
PLX_API int plx_connect_host(const char *host, const char *service,
			     const struct plx_connect_options *options,
			     int *out, int64_t deadline);

/*
 * Connects to what TEXT says: one that plx_address_parse reads, "unix:PATH"
 * among them, or "HOST:SERVICE" as above, where HOST may be in brackets.
 * -EINVAL: neither.
 */
PLX_API int plx_connect_text(const char *text,
			     const struct plx_connect_options *options,
			     int *out, int64_t deadline);

PLX_END_DECLS

#endif
