/* SPDX-License-Identifier: BSD-2-Clause */
/* line_echo ADDRESS: answers each line with GOT: and the line. */
#include <pollux.h>
#include <stdio.h>
#include <string.h>

static int
answer(int fd, const char *line, size_t n)
{
	char all[4 + 4096] = "GOT:";

	memcpy(all + 4, line, n);
	return plx_send(fd, all, n + 4, PLX_NEVER) == (ssize_t)n + 4;
}

static int
converse(void *arg)
{
	char buf[4096], *end, peer[PLX_ADDRESS_TEXT] = "somebody";
	int fd = (int)(intptr_t)arg, ok = 1;
	struct plx_address at;
	size_t n = 0;
	ssize_t got;

	if (plx_peer_address(fd, &at) == 0)
		plx_address_format(&at, peer, sizeof(peer));
	fprintf(stderr, "%s came\n", peer);
	while ((got = plx_recv(fd, buf + n, sizeof(buf) - n, PLX_NEVER)) > 0)
		for (n += (size_t)got; ok && (end = memchr(buf, '\n', n));) {
			ok = answer(fd, buf, (size_t)(++end - buf));
			memmove(buf, end, n -= (size_t)(end - buf));
		}
	if (ok && got == 0 && n > 0) /* the end, or a line too long */
		answer(fd, buf, n);
	fprintf(stderr, "%s went\n", peer);
	return plx_close(fd);
}

static int
serve(void *l)
{
	for (int fd; (fd = plx_accept(*(int *)l, NULL, NULL, PLX_NEVER)) >= 0 ||
		     plx_sleep(10 * PLX_MILLISECOND) == 0;)
		if (fd >= 0 &&
		    plx_spawn(NULL, converse, (void *)(intptr_t)fd, NULL) < 0)
			plx_close(fd);
	return plx_close(*(int *)l);
}

int
main(int argc, char **argv)
{
	struct plx_address at;
	int l, r = plx_address_parse(argv[argc - 1], &at);

	if (r == 0 && (r = plx_listen(&at, NULL, &l)) == 0)
		r = plx_run(NULL, serve, &l);
	return fprintf(stderr, "line_echo ADDRESS: %s\n", strerror(-r)) > 0;
}
