/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help.c: the text of --help, one screen of it.
 */
#include <config.h>

#include <stdio.h>
#include "options.h"

void
options_help(void)
{
	fputs("Usage: echod [OPTION]...\n"
	      "Sends every client's bytes back to it.\n\n"
	      "  --listen=HOST:PORT    serve TCP there; HOST may be * for any,"
	      " PORT 0 for a\n"
	      "                        free one "
	      "(default: " OPTIONS_DEFAULT_TARGET ")\n"
	      "  --unix=PATH           serve a Unix socket; both may be given"
	      " several times\n"
	      "  --udp                 echo datagrams on the addresses of"
	      " --listen, too\n"
	      "  --backend=NAME        wait with this mechanism instead of the"
	      " best one\n"
	      "  --list-backends       list the mechanisms and leave\n"
	      "  --mode=raw|line       echo bytes as they come (default), or"
	      " whole lines\n"
	      "  --prefix=TEXT         put TEXT before each line\n"
	      "  --max-line=BYTES      close on a longer line (default:"
	      " 65536)\n"
	      "  --workers=N           serve with N threads (default: 1)\n"
	      "  --max-connections=N   accept no more than N at a time"
	      " (default: 0, no limit)\n"
	      "  --idle-timeout=SECONDS\n"
	      "                        close what is silent for so long"
	      " (default: 0, never)\n"
	      "  -q                    say nothing but errors\n"
	      "  -v                    log each connection on standard error\n"
	      "  --help, --version     print this, or the version, and "
	      "leave\n\n"
	      "SIGTERM and SIGINT stop it when what was received is answered;"
	      " SIGUSR1 lists\n"
	      "its tasks on standard error.  Sockets may be handed over as"
	      " systemd does.  More\nin echod(1).\n",
	      stdout);
}
