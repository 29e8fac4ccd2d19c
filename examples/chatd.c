/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chatd [--queue=BYTES] ADDRESS: what one client says goes to all, itself
 * included: its address, a newline, the text, CRLF.  A message is a line; the
 * last one may lack its end, and an empty one says nothing.
 *
 * To say something never waits: each stream has a queue with a limit, and who
 * lets it fill up is dropped.  As no other task runs during a loop without a
 * wait, all get the same messages in the same order, each of them whole.
 */
#include "service.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define LINE 4096

struct member {
	struct member *next;
	struct plx_stream *stream;
	int dropped;
	char name[PLX_ADDRESS_TEXT + 24];
};

static struct service chat;
static struct member *members;
static char newline[] = "\n", end[] = "\r\n";

/* A path can hold anything: no client is to write lines by its name. */
static void
clean(char *name)
{
	for (; *name; name++)
		if (*name < ' ' || *name > '~')
			*name = '?';
}

static void
join(struct member *m)
{
	static unsigned long strangers;
	int fd = plx_stream_fileno(m->stream), on = 1;
	struct plx_address at;

	if (plx_peer_address(fd, &at) < 0 ||
	    plx_address_format(&at, m->name, sizeof(m->name)) < 0 ||
	    strcmp(m->name, "unix:") == 0)
		snprintf(m->name, sizeof(m->name), "unix:#%lu", ++strangers);
	clean(m->name);
	/* Who has vanished without a word is found out in the end. */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	m->next = members;
	members = m;
	fprintf(stderr, "%s came\n", m->name);
}

static void
leave(struct member *m, ssize_t why)
{
	struct member **at = &members;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (!m->dropped)
		fprintf(stderr, "%s left%s%s\n", m->name, why < 0 ? ": " : "",
			why < 0 ? strerror((int)-why) : "");
}

/* All of a message of LENGTH bytes, or the end.  Errors of the connection are
   told to the member's own task by its next read. */
static void
deliver(struct member *m, const struct iovec *iov, int n, size_t length)
{
	ssize_t r = -EAGAIN;

	if (plx_stream_queued(m->stream) + length <=
	    chat.options.stream.high_water)
		r = plx_stream_writev(m->stream, iov, n, 0);
	if (r == (ssize_t)length ||
	    (r < 0 && r != -EAGAIN && r != -ETIMEDOUT && r != -ENOMEM))
		return;
	m->dropped = 1;
	fprintf(stderr, "%s dropped: it reads too slowly\n", m->name);
	plx_stream_abort(m->stream);
}

/* Returns how much is queued for the one who is furthest behind. */
static size_t
tell_all(struct member *from, char *text, size_t n)
{
	size_t name = strlen(from->name), queued, most = 0;
	const struct iovec iov[] = {
		{from->name, name},
		{newline, 1},
		{text, n},
		{end, 2},
	};

	for (struct member *m = members; m; m = m->next) {
		if (!m->dropped)
			deliver(m, iov, 4, name + n + 3);
		queued = m->dropped ? 0 : plx_stream_queued(m->stream);
		if (queued > most)
			most = queued;
	}
	return most;
}

static int
converse(struct plx_stream *s, void *arg)
{
	struct member m = {.stream = s};
	char line[LINE];
	ssize_t n;
	int exits = 0;

	(void)arg;
	join(&m);
	while (!exits &&
	       (n = plx_stream_readline(s, line, LINE, PLX_NEVER)) > 0) {
		n -= line[n - 1] == '\n';
		n -= n > 0 && line[n - 1] == '\r';
		exits = n == 5 && memcmp(line, "/exit", 5) == 0;
		/* Whoever talks a lot lets the others catch up. */
		if (!exits && n > 0 && tell_all(&m, line, (size_t)n) > 0)
			plx_checkpoint();
	}
	leave(&m, n);
	if (exits) /* it may have said more, which must not reset it */
		return plx_stream_linger(s, plx_after(PLX_SECOND));
	return (int)n;
}

static struct service chat = {
	.name = "chatd",
	.usage = "[--queue=BYTES] ADDRESS",
	.help = "Sends each line of a client to all of them; /exit leaves.\n"
		"--queue is how far one may fall behind, 256 KiB unless said.\n"
		"SIGTERM and SIGINT end it.\n",
	.words = 1,
	.numbers = {{"--queue=", &chat.options.stream.high_water, 2 * LINE,
		     1 << 30}},
	.options = {.handler = converse,
		    .eager = 1,
		    .stream = {.high_water = 256 * 1024}},
};

int
main(int argc, char **argv)
{
	return service_main(&chat, argc, argv);
}
