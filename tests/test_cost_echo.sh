#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What one echoed message costs echod itself: instructions of the program,
# counted by valgrind, and system calls, counted by strace; beside a server
# written by hand.  Both are what few and many messages differ by, so that
# starting, connecting and ending do not count.  A machine that is busy changes
# them little, and only upwards: when the load is kept waiting, the server asks
# for less at a time.  So what is too much is counted again, twice at most.
#
# PLX_COUNTS=FILE: the figures go there, too, as lines of bench/harness.h.
set -u
LC_ALL=C
export LC_ALL

# The most that a message may cost, with 50 connections.
INSTRUCTIONS=258
CALLS=2.03

CONNECTIONS=50
FEW=2000
MANY=12000

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

test "$(uname -s)" = Linux || skip 'counted on Linux'
case ${COMPILER-} in
*-fsanitize*) skip 'a sanitizer works, too' ;;
*-O[123s]*-fstack-protector*) INSTRUCTIONS=275 ;; # 262 were seen
*-O[123s]*) ;;
*) skip 'built without optimisation' ;;
esac
! grep -q '^#define PLX_CORO_UCONTEXT' config.h ||
	skip 'ucontext(3) calls the system at each switch'

work=$(mktemp -d) || exit 1
server=
trap 'stop; rm -rf "$work"' EXIT
mkfifo "$work/ready"
. "${srcdir:-.}/tests/tap.sh"

# strace counts what it started, and is not to be asked to end itself.
stop() {
	test -n "$server" || return 0
	child=$(cat "/proc/$server/task/$server/children" 2>/dev/null)
	kill ${child:-$server}
	wait $server
	server=
} 2>/dev/null

# The server COMMAND echoes so many MESSAGES, under what counts, and ends.
serve() {
	messages=$1
	shift
	rm -f "$work/count"
	"$@" >"$work/ready" 2>"$work/log" &
	server=$!
	exec 3<"$work/ready"
	read -r line <&3 || line=
	address=$(echo "$line" | sed -n 's/.*listening on \([^ ]*\).*/\1/p')
	test -n "$address" && bench/load --connect="$address" --size=64 \
		--connections=$CONNECTIONS --messages="$messages" \
		>>"$work/log" 2>&1
	served=$?
	stop
	exec 3<&-
	return $served
}

# instructions MESSAGES COMMAND...: of a server, in $count.
instructions() {
	messages=$1
	shift
	serve "$messages" valgrind --tool=callgrind \
		--callgrind-out-file="$work/count" "$@" || return
	count=$(sed -n 's/^totals: *//p' "$work/count")
}

# calls MESSAGES COMMAND...: the same of system calls.
calls() {
	messages=$1
	shift
	serve "$messages" strace -f -c -o "$work/count" "$@" || return
	count=$(awk '$1 ~ /^[0-9.]+$/ && $NF != "total" { n += $4 }
		END { print n }' "$work/count")
}

# is EXPRESSION, as awk has them?
is() {
	awk "BEGIN { exit !($1) }"
}

# each WHAT COMMAND...: of one message, in $cost; fails if it was not counted.
each() {
	what=$1
	cost=
	shift
	"$what" $FEW "$@" || return
	few=$count
	"$what" $MANY "$@" && test -n "$few" && test -n "$count" || return
	cost=$(awk "BEGIN { printf \"%.3f\", ($count - $few) / ($MANY - $FEW) }")
}

# say WHAT WHO: for who reads, and for the report.
say() {
	echo "# $1 of a message, $2: $cost"
	test -z "${PLX_COUNTS-}" ||
		printf 'sample\tcounts\t%s\t%d\t%s\t1\t%s\n' "$1" \
			$CONNECTIONS "$2" "$cost" >>"$PLX_COUNTS"
}

# series WHAT: what the samples that follow are.
series() {
	test -z "${PLX_COUNTS-}" ||
		printf 'series\tcounts\t%s\t%s\tconnections\n' "$1" "$1" \
			>>"$PLX_COUNTS"
}

# within LIMIT WHAT WHO COMMAND...: one test.
within() {
	limit=$1 what=$2 who=$3 tries=3
	shift 3
	while each "$what" "$@" && is "$cost > $limit" && test $tries -gt 1; do
		echo "# counted again: $cost"
		tries=$((tries - 1))
	done
	test -z "$cost" || say "$what" "$who"
	test -n "$cost" && is "$cost <= $limit"
	result $? "$what of a message, $who: at most $limit"
}

missing() {
	echo "ok $((n += 1)) - $1 # SKIP no $2 that works here"
}

has() {
	./echod --list-backends | grep -q "^$1 .*yes"
}

test -z "${PLX_COUNTS-}" || : >"$PLX_COUNTS"
series instructions
if ! has epoll || ! grep -q '^#define PLX_CORO_X86_64' config.h; then
	echo "ok $((n += 1)) - instructions # SKIP no epoll, or not x86-64"
elif ! valgrind -q --tool=none ./echod --version >/dev/null 2>&1; then
	# An old valgrind cannot read what a new compiler writes for debuggers.
	missing instructions valgrind
else
	within $INSTRUCTIONS instructions 'echod epoll' \
		./echod --listen=127.0.0.1:0 --backend=epoll
	each instructions bench/floor_epoll --port=0 &&
		say instructions 'raw epoll'
fi
series calls
if ! strace -o "$work/log" true >/dev/null 2>&1; then
	missing calls strace
else
	for backend in epoll poll select; do
		has $backend || continue
		within $CALLS calls "echod $backend" \
			./echod --listen=127.0.0.1:0 --backend=$backend
	done
fi
echo "1..$n"
