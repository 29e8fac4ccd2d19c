#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The units of systemd are ones to systemd, and shut echod in as far as they
# say; what echod asks the system for while it serves is among what they allow.
set -u
top=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. "$top/tests/tap.sh"

if ! systemd-analyze --version >"$work/log" 2>&1; then
	echo '1..0 # SKIP no systemd-analyze'
	exit
fi

# A place that is there to be executed, as the installed one will be.
${MAKE:-make} -s "bindir=$PWD" systemd/echod.service >/dev/null 2>&1
cp systemd/echod.service "$work" && rm systemd/echod.service
cp "$top/systemd/echod.socket" "$work"

# Man pages are looked for by verify, and not installed yet.
systemd-analyze verify --man=no "$work/echod.service" "$work/echod.socket" \
	>"$work/log" 2>&1 && ! test -s "$work/log"
result $? 'systemd-analyze verify has nothing to say of the units'

# The threshold is of its scale from 0 to 100, where 100 is no protection.
systemd-analyze security --offline=yes --threshold=15 --no-pager \
	"$work/echod.service" >"$work/log" 2>&1
result $? 'systemd-analyze security takes echod.service for safe'

# members SET...: the system calls in them, one a line.
members() {
	for set; do
		systemd-analyze syscall-filter "$set" | sed 1d |
			sed 's/ //g; /^#/d; /^$/d' >"$work/$set"
		grep -v '^@' "$work/$set"
		# shellcheck disable=SC2046
		members $(grep '^@' "$work/$set")
	done
}

# serve: echod under strace, from its start to its stop, with a client.
serve() {
	strace -f -o "$work/trace" ./echod --workers=2 --idle-timeout=60 \
		--listen=127.0.0.1:0 >"$work/ready" 2>"$work/log" &
	tracer=$!
	i=0
	until test -s "$work/ready" || test $((i += 1)) -gt 500; do
		sleep 0.02
	done
	address=$(sed 's/.* on //; s/ .*//' "$work/ready")
	python3 -c 'if True:
		import socket, sys
		host, port = sys.argv[1].rsplit(":", 1)
		s = socket.create_connection((host, int(port)), 10)
		s.sendall(b"hello")
		sys.exit(s.recv(9) != b"hello")' "$address"
	served=$?
	kill -TERM "$(sed 's/ .*//; q' "$work/trace")"
	wait $tracer && return $served
}

if ! { strace -o "$work/trace" python3 -c ""; } >/dev/null 2>&1; then
	echo "ok $((n += 1)) # SKIP strace does not work here, or no python3"
elif case ${COMPILER-} in *-fsanitize*) ;; *) false ;; esac; then
	echo "ok $((n += 1)) # SKIP a sanitizer makes calls of its own"
else
	serve
	result $? 'echod serves under strace'
	members @privileged | sort -u >"$work/privileged"
	members @system-service | sort -u | comm -23 - "$work/privileged" \
		>"$work/allowed"
	sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$work/trace" | sort -u |
		comm -23 - "$work/allowed" >"$work/log"
	test -s "$work/trace" && ! test -s "$work/log"
	result $? 'all that it asks the system for is allowed'
fi
echo "1..$n"
