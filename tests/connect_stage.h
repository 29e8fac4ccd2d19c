/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connect_stage.h: peers that behave as their addresses say.
 *
 * A name server answers with the addresses of a list, and connect looks at
 * the last byte: .10 to .19 answer at once, .20 to .29 refuse, .30 to .39 are
 * silent until stage_speak, to .40 to .49 there is no way.  What is tried is
 * kept, with the time.  The clock of the test takes over with the first
 * connect, so that it does not run ahead of the name server's thread.
 */
#ifndef PLX_CONNECT_STAGE_H
#define PLX_CONNECT_STAGE_H

#include <netdb.h>
#include <netinet/in.h>
#include <pollux/connect.h>
#include "task_common.h"

enum {
	STAGE_ROOM = 16
};

struct stage {
	const char *const *answers; /* ended by NULL */
	int no_name;		    /* the errno of the name server */
	int listener;
	int full[2]; /* [0] has no room until [1] is read */
	struct plx_address at;
	int tried[STAGE_ROOM]; /* 400 or 600 and the last byte */
	int64_t when[STAGE_ROOM];
	int n;
};

static struct stage stage;

/* Lists of one are joined: freeaddrinfo takes each for itself. */
static inline int
stage_resolve(const struct plx_sys *sys, const char *node, const char *service,
	      const struct addrinfo *hints, struct addrinfo **out)
{
	struct addrinfo numeric = *hints, *list = NULL, **end = &list;
	const char *const *a;

	(void)sys;
	(void)node;
	numeric.ai_flags |= AI_NUMERICHOST;
	if (stage.no_name)
		return -stage.no_name;
	for (a = stage.answers; *a; a++) {
		if (getaddrinfo(*a, service, &numeric, end) == 0)
			end = &(*end)->ai_next;
	}
	*out = list;
	return list ? 0 : -ENOENT;
}

static inline int
stage_peer(const struct sockaddr *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;

	if (sa->sa_family == AF_INET6)
		return 600 + v6->sin6_addr.s6_addr[15] / 16 * 10 +
		       v6->sin6_addr.s6_addr[15] % 16;
	return 400 + (int)(ntohl(v4->sin_addr.s_addr) & 0xff);
}

static inline void
stage_clock(void)
{
	if (support_sys.fake_clock)
		return;
	support_sys.now = in(0);
	support_sys.fake_clock = 1;
}

static inline int
stage_connect(const struct plx_sys *sys, int fd, const struct sockaddr *sa,
	      socklen_t len)
{
	int who = stage_peer(sa);

	(void)sys;
	(void)len;
	stage_clock();
	if (stage.n < STAGE_ROOM) {
		stage.tried[stage.n] = who;
		stage.when[stage.n++] = in(0);
	}
	switch (who % 100 / 10) {
	case 1:
		return plx__sys_real.connect(&plx__sys_real, fd,
					     (void *)&stage.at.storage,
					     stage.at.length);
	case 2:
		return -ECONNREFUSED;
	case 3:
		dup2(stage.full[0], fd);
		return -EINPROGRESS;
	default:
		return -ENETUNREACH;
	}
}

static inline void
stage_open(const char *const *answers)
{
	struct plx_address any;

	memset(&stage, 0, sizeof(stage));
	stage.answers = answers;
	support_unix_pair(stage.full);
	support_fill(stage.full[0]);
	plx_address_parse("127.0.0.1:0", &any);
	cr_expect_eq(plx_listen(&any, NULL, &stage.listener), 0);
	plx_local_address(stage.listener, &stage.at);
	support_sys.sys.getaddrinfo = stage_resolve;
	support_sys.sys.connect = stage_connect;
}

/* Those that were silent answer, all at once. */
static inline void
stage_speak(void)
{
	support_drain(stage.full[1]);
}

static inline void
stage_close(void)
{
	close(stage.full[0]);
	close(stage.full[1]);
	close(stage.listener);
}

#endif
