/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.c: is a knote's condition true now, and what is there to say of it?
 *
 * The answers are FreeBSD 13's, found out with calls that change nothing:
 * - a socket in error is told by POLLERR, since reading SO_ERROR would clear
 *   it.  Its number in fflags is inferred: ECONNREFUSED when TCP has measured
 *   no round trip, so was never connected, else ECONNRESET;
 * - a socket that cannot send any more has hung up, or is in a TCP state past
 *   an own shutdown, or (AF_UNIX) answers EPIPE to sending nothing;
 * - POLLHUP without POLLRDHUP is a socket that was never connected: silent;
 * - a UDP error makes both filters true without EV_EOF;
 * - EVFILT_WRITE of a pipe whose other end has gone is told once, with
 *   EV_EOF and EV_ONESHOT, and cannot be added again: EPIPE.
 * Where Linux itself differs, Linux is told: a pipe goes one way only, so its
 * reading end is not writable; nor is an AF_UNIX stream that is full, though
 * it was shut down and a write would fail at once.  Regular files are refused,
 * and so is a device that poll does not work on: ENODEV, as of a FreeBSD driver
 * without a filter.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/sockios.h>
#include "knote.h"

static int
option(int fd, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	getsockopt(fd, SOL_SOCKET, name, &value, &len);
	return value;
}

enum kind
standin_kind(int fd, int *error)
{
	struct stat st;

	*error = fstat(fd, &st) < 0 ? EBADF : 0;
	if (*error)
		return KIND_OTHER;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		*error = EINVAL;
	if (S_ISFIFO(st.st_mode))
		return KIND_PIPE;
	if (!S_ISSOCK(st.st_mode))
		return KIND_OTHER;
	return option(fd, SO_TYPE) == SOCK_DGRAM ? KIND_SOCKET : KIND_STREAM;
}

static short
look(const struct knote *kn)
{
	struct pollfd p = {
		.fd = (int)kn->event.ident,
		.events = POLLIN | POLLOUT | POLLRDHUP,
	};

	poll(&p, 1, 0);
	return p.revents;
}

/* 0 when FD is no TCP socket. */
static bool
tcp_info(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0;
}

static unsigned
socket_error(int fd, short revents)
{
	struct tcp_info info;

	if (!(revents & POLLERR))
		return 0;
	if (tcp_info(fd, &info) && info.tcpi_rtt == 0)
		return ECONNREFUSED;
	return ECONNRESET;
}

static bool
cannot_send(int fd, short revents)
{
	struct tcp_info info;

	if (revents & POLLHUP)
		return true;
	if (option(fd, SO_DOMAIN) == AF_UNIX)
		return option(fd, SO_TYPE) == SOCK_STREAM &&
		       send(fd, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
		       errno == EPIPE;
	return tcp_info(fd, &info) && info.tcpi_state != TCP_ESTABLISHED &&
	       info.tcpi_state != TCP_CLOSE_WAIT &&
	       info.tcpi_state != TCP_SYN_SENT &&
	       info.tcpi_state != TCP_SYN_RECV &&
	       info.tcpi_state != TCP_CLOSE && info.tcpi_state != TCP_LISTEN;
}

static int64_t
count(int fd, unsigned long request)
{
	int n = 0;

	return ioctl(fd, request, &n) < 0 ? 0 : n;
}

static int64_t
backlog(int fd)
{
	struct tcp_info info;

	return tcp_info(fd, &info) ? info.tcpi_unacked : 1;
}

static bool
read_socket(int fd, short revents, struct kevent *event)
{
	if (option(fd, SO_ACCEPTCONN)) {
		event->data = revents & POLLIN ? backlog(fd) : 0;
		return revents & POLLIN;
	}
	event->data = count(fd, FIONREAD);
	if (revents & POLLRDHUP) {
		event->flags |= EV_EOF;
		event->fflags = socket_error(fd, revents);
		return true;
	}
	return revents & (POLLIN | POLLERR);
}

static bool
write_socket(int fd, short revents, struct kevent *event)
{
	if (option(fd, SO_ACCEPTCONN))
		return false;
	event->data = option(fd, SO_SNDBUF) - count(fd, SIOCOUTQ);
	if (!(revents & (POLLOUT | POLLHUP | POLLERR)))
		return false;
	if (cannot_send(fd, revents)) {
		event->flags |= EV_EOF;
		event->fflags = socket_error(fd, revents);
	}
	return true;
}

static bool
end_of_pipe(int fd, short revents, struct kevent *event)
{
	bool read = event->filter == EVFILT_READ;

	event->data = count(fd, FIONREAD);
	if (!read)
		event->data = fcntl(fd, F_GETPIPE_SZ) - event->data;
	if (!(revents & (POLLHUP | POLLERR)))
		return revents & (read ? POLLIN : POLLOUT);
	event->flags |= EV_EOF;
	if (!read) {
		event->data = 0;
		event->flags |= EV_ONESHOT;
	}
	return true;
}

static bool
other(short revents, struct kevent *event)
{
	if (revents & POLLHUP)
		event->flags |= EV_EOF;
	return revents & (POLLHUP | POLLERR |
			  (event->filter == EVFILT_READ ? POLLIN : POLLOUT));
}

static bool
user(struct knote *kn, struct kevent *event)
{
	if (!kn->triggered)
		return false;
	if (kn->event.flags & EV_CLEAR) {
		kn->triggered = false;
		kn->event.fflags = 0;
		kn->event.data = 0;
	}
	event->fflags &= NOTE_FFLAGSMASK;
	return true;
}

bool
standin_evaluate(struct knote *kn, struct kevent *event)
{
	int fd = (int)kn->event.ident;
	short revents;

	*event = kn->event;
	if (kn->kind == KIND_USER)
		return user(kn, event);
	event->fflags = 0;
	event->data = 0;
	revents = look(kn);
	if (kn->kind == KIND_PIPE)
		return end_of_pipe(fd, revents, event);
	if (kn->kind == KIND_OTHER)
		return other(revents, event);
	if (kn->kind == KIND_STREAM &&
	    (revents & (POLLHUP | POLLRDHUP | POLLERR)) == POLLHUP)
		return false;
	if (event->filter == EVFILT_READ)
		return read_socket(fd, revents, event);
	return write_socket(fd, revents, event);
}

int
standin_refusal(const struct knote *kn)
{
	if (kn->kind != KIND_PIPE || kn->event.filter != EVFILT_WRITE)
		return 0;
	return look(kn) & (POLLHUP | POLLERR) ? EPIPE : 0;
}

void
standin_touch(struct knote *kn, const struct kevent *change)
{
	unsigned given = change->fflags & NOTE_FFLAGSMASK & ~NOTE_TRIGGER;
	unsigned *flags = &kn->event.fflags;

	if (change->fflags & NOTE_TRIGGER)
		kn->triggered = true;
	switch (change->fflags & NOTE_FFCTRLMASK) {
	case NOTE_FFAND:
		*flags &= given;
		break;
	case NOTE_FFOR:
		*flags |= given;
		break;
	case NOTE_FFCOPY:
		*flags = given;
		break;
	default:
		break;
	}
	kn->event.data = change->data;
	if (change->flags & EV_CLEAR) {
		kn->triggered = false;
		kn->event.data = 0;
		kn->event.fflags = 0;
	}
}
