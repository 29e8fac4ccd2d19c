/* SPDX-License-Identifier: BSD-2-Clause */
/* line_echo ADDRESS: answers each line with GOT: and the line. */
#include <pollux.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
converse(struct plx_stream *s, void *arg)
{
	char line[4 + 4096] = "GOT:", peer[PLX_ADDRESS_TEXT] = "somebody";
	struct plx_address at;
	ssize_t n;

	(void)arg;
	if (plx_peer_address(plx_stream_fileno(s), &at) == 0)
		plx_address_format(&at, peer, sizeof(peer));
	fprintf(stderr, "%s came\n", peer);
	while ((n = plx_stream_readline(s, line + 4, 4096, PLX_NEVER)) > 0)
		if (plx_stream_write(s, line, (size_t)n + 4, PLX_NEVER) < n + 4)
			break;
	fprintf(stderr, "%s went\n", peer);
	return n < 0 ? (int)n : 0;
}

static int
serve(void *at)
{
	const struct plx_server_options o = {
		.handler = converse,
		.addresses = at,
		.naddresses = 1,
		.eager = 1,
	};

	return plx_serve(&o, NULL);
}

int
main(int argc, char **argv)
{
	struct plx_address at;
	int fd, r = plx_address_parse(argv[argc - 1], &at);

	signal(SIGPIPE, SIG_IGN);
	do /* else a client gets our log, where standard error is closed */
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
	if (r == 0)
		r = plx_run(NULL, serve, &at);
	return fprintf(stderr, "line_echo ADDRESS: %s\n", strerror(-r)) > 0;
}
