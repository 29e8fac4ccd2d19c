/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * differential_ops.c: the operations of the differential test.
 *
 * Each is done once to the descriptors and told to every selector, and every
 * selector must give the answer that the model expects.  Two things are left
 * out on purpose: a closed descriptor that is still registered while its
 * file lives on (epoll may report it a bounded number of times; the
 * conformance suite looks at that), and, unless asked for, waiting on the
 * wrong end of a pipe (select(2) cannot tell its hang-up from silence).
 */
#include <config.h>

#include "differential.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int (*call)(plx_selector *s, int fd, unsigned events, void *data);

static int
call_unregister(plx_selector *s, int fd, unsigned events, void *data)
{
	(void)events;
	(void)data;
	return plx_selector_unregister(s, fd);
}

static void
tell_all(struct world *w, call fn, int fd, unsigned events, void *data,
	 int want)
{
	for (int i = 0; i < w->count; i++) {
		int rc = fn(w->selectors[i].s, fd, events, data);

		if (rc != want) {
			differential_fail(w, "%s: answers %d, not %d",
					  w->selectors[i].name, rc, want);
		}
	}
}

static void *
next_data(struct world *w)
{
	return (void *)++w->serial;
}

static unsigned
random_mask(struct world *w, int pair, int e)
{
	enum differential_kind kind = w->pairs[pair].kind;

	if ((kind == KIND_PIPE || kind == KIND_FIFO) && !w->wrong_ends) {
		return e ? PLX_WRITE : PLX_READ;
	}
	return 1 + differential_random(w, 3);
}

static void
op_register(struct world *w, int pair, int e)
{
	struct differential_end *end = &w->pairs[pair].end[e];
	unsigned mask = random_mask(w, pair, e);
	void *data = next_data(w);

	differential_log(w, "register %d for %u", end->fd, mask);
	if (end->mask) {
		tell_all(w, plx_selector_register, end->fd, mask, data,
			 -EEXIST);
		return;
	}
	tell_all(w, plx_selector_register, end->fd, mask, data, 0);
	end->mask = mask;
	end->data = data;
}

static void
op_modify(struct world *w, int pair, int e)
{
	struct differential_end *end = &w->pairs[pair].end[e];
	unsigned mask = random_mask(w, pair, e);
	void *data = next_data(w);

	differential_log(w, "modify %d to %u", end->fd, mask);
	if (!end->mask) {
		tell_all(w, plx_selector_modify, end->fd, mask, data, -ENOENT);
		return;
	}
	tell_all(w, plx_selector_modify, end->fd, mask, data, 0);
	end->mask = mask;
	end->data = data;
}

static void
op_unregister(struct world *w, int pair, int e)
{
	struct differential_end *end = &w->pairs[pair].end[e];

	differential_log(w, "unregister %d", end->fd);
	tell_all(w, call_unregister, end->fd, 0, NULL, end->mask ? 0 : -ENOENT);
	end->mask = 0;
}

/* A number that comes back while a dead key of it is in the maps. */
static void
bury(struct world *w, int fd)
{
	if (fd < 0 || !w->stale[fd]) {
		return;
	}
	differential_log(w, "unregister stale %d", fd);
	tell_all(w, call_unregister, fd, 0, NULL, 0);
	w->stale[fd] = 0;
}

static void
make_pair(struct world *w, int pair, int e)
{
	enum differential_kind kind = differential_kind(w);
	int fd[2] = {-1, -1};

	(void)e;
	if (kind == KIND_FILE) {
		fd[0] = regular_file();
	} else {
		kinds[kind].pair(fd);
	}
	differential_log(w, "make %s %d %d",
			 kind == KIND_FILE ? "file" : kinds[kind].name, fd[0],
			 fd[1]);
	w->pairs[pair].kind = kind;
	for (int i = 0; i < 2; i++) {
		bury(w, fd[i]);
		w->pairs[pair].end[i] = (struct differential_end){.fd = fd[i]};
	}
}

static void
op_write(struct world *w, int pair, int e)
{
	static const char bytes[64];
	size_t n = 1 + differential_random(w, sizeof(bytes));
	int fd = w->pairs[pair].end[e].fd;
	ssize_t rc = write(fd, bytes, n);

	differential_log(w, "write %zu to %d: %zd", n, fd, rc);
}

static void
op_read(struct world *w, int pair, int e)
{
	char bytes[64];
	size_t n = 1 + differential_random(w, sizeof(bytes));
	int fd = w->pairs[pair].end[e].fd;
	ssize_t rc = read(fd, bytes, n);

	differential_log(w, "read %zu of %d: %zd", n, fd, rc);
}

/*
 * Not for what never fills, nor for terminals: Linux makes room in them later
 * without telling epoll, which then stays silent while poll(2) does not.
 */
static void
op_fill(struct world *w, int pair, int e)
{
	enum differential_kind kind = w->pairs[pair].kind;
	int fd = w->pairs[pair].end[e].fd;

	if (kind == KIND_FILE || kind == KIND_UDP || kind == KIND_PTY) {
		return;
	}
	differential_log(w, "fill %d: %zu", fd, support_fill(fd));
}

static void
op_drain(struct world *w, int pair, int e)
{
	int fd = w->pairs[pair].end[e].fd;

	differential_log(w, "drain %d: %zu", fd, support_drain(fd));
}

static void
op_shutdown(struct world *w, int pair, int e)
{
	const int hows[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
	struct differential_end *end = &w->pairs[pair].end[e];
	int how = hows[differential_random(w, 3)];
	int rc = shutdown(end->fd, how);

	differential_log(w, "shutdown %d how %d: %d", end->fd, how, rc);
	end->shut |= rc == 0 && how != SHUT_RD;
	w->pairs[pair].end[1 - e].shut |= rc == 0 && how != SHUT_WR;
}

/*
 * Lets everybody notice that a number was closed before it can come back, be
 * it as the descriptor of another selector: those that watch numbers first.
 */
static void
let_notice(struct world *w)
{
	struct plx_ready ready[2 * PAIRS];

	for (int i = w->count - 1; i >= 0; i--)
		differential_select(w, i, ready, 2 * PAIRS);
}

/* Half of them registered, but not files: the selector answers for those, and
   finds out only after some false reports. */
static void
op_close(struct world *w, int pair, int e)
{
	struct differential_end *end = &w->pairs[pair].end[e];

	if (end->mask &&
	    (w->pairs[pair].kind == KIND_FILE || differential_random(w, 2))) {
		op_unregister(w, pair, e);
	}
	differential_log(w, "close %d%s", end->fd,
			 end->mask ? " registered" : "");
	close(end->fd);
	w->stale[end->fd] = end->mask != 0;
	if (end->mask) {
		let_notice(w);
	}
	*end = (struct differential_end){.fd = -1};
}

static void
op_reset(struct world *w, int pair, int e)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (w->pairs[pair].kind == KIND_TCP) {
		differential_log(w, "reset %d", w->pairs[pair].end[e].fd);
		setsockopt(w->pairs[pair].end[e].fd, SOL_SOCKET, SO_LINGER,
			   &at_once, sizeof(at_once));
		op_close(w, pair, e);
	}
}

/* The end moves to another number; the old one was closed before it was
   unregistered, so that epoll keeps a ghost of it. */
static void
op_ghost(struct world *w, int pair, int e)
{
	struct differential_end *end = &w->pairs[pair].end[e];
	int moved = dup(end->fd);

	differential_log(w, "move %d to %d", end->fd, moved);
	bury(w, moved);
	close(end->fd);
	tell_all(w, call_unregister, end->fd, 0, NULL, end->mask ? 0 : -ENOENT);
	*end = (struct differential_end){.fd = moved, .shut = end->shut};
}

/* The end moves, and its number becomes another file, registered at once. */
static void
op_reuse(struct world *w, int pair, int e)
{
	struct differential_end *end = &w->pairs[pair].end[e];
	int number = end->fd, moved = dup(number), other;

	bury(w, moved);
	end->fd = moved;
	end->mask = 0;
	other = pair == 0 ? PAIRS - 1 : pair - 1;
	for (int i = 0; i < 2; i++) {
		if (w->pairs[other].end[i].fd >= 0) {
			op_close(w, other, i);
		}
	}
	make_pair(w, other, 0);
	end = &w->pairs[other].end[0];
	differential_log(w, "%d moved to %d; %d becomes %d", number, moved,
			 end->fd, number);
	cr_assert_eq(dup2(end->fd, number), number);
	close(end->fd);
	end->fd = number;
	op_register(w, other, 0);
}

typedef void (*operation)(struct world *w, int pair, int e);

/* How often each comes is how often it stands here. */
static const operation operations[] = {
	op_register, op_register, op_register, op_register,   op_modify,
	op_modify,   op_modify,	  op_modify,   op_unregister, op_unregister,
	op_write,    op_write,	  op_write,    op_write,      op_read,
	op_read,     op_fill,	  op_fill,     op_drain,      op_drain,
	op_drain,    op_drain,	  op_shutdown, op_close,      op_close,
	op_reset,    op_ghost,	  op_reuse,
};

void
differential_step(struct world *w)
{
	const unsigned count = sizeof(operations) / sizeof(operations[0]);
	int pair = (int)differential_random(w, PAIRS);
	int e = (int)differential_random(w, 2);

	if (w->pairs[pair].end[0].fd < 0 && w->pairs[pair].end[1].fd < 0) {
		make_pair(w, pair, e);
		return;
	}
	if (w->pairs[pair].end[e].fd < 0) {
		e = 1 - e;
	}
	operations[differential_random(w, count)](w, pair, e);
}

void
differential_tear_down(struct world *w)
{
	for (int i = 0; i < 2 * PAIRS; i++) {
		if (w->pairs[i / 2].end[i % 2].fd >= 0) {
			op_close(w, i / 2, i % 2);
		}
	}
	for (int fd = 0; fd < NUMBERS; fd++) {
		bury(w, fd);
	}
}
