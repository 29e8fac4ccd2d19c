#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The examples that talk to others, on every backend that works here, with
# foreign clients and servers: tests/clients/*.py, which tell of each test in a
# line of TAP without a number.
set -u
top=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0

if ! python3 -c '' 2>/dev/null; then
	echo "1..0 # SKIP no python3"
	exit
fi

# numbered BACKEND PROGRAM: the lines of its tests, with numbers.
numbered() {
	python3 -B "$top/tests/clients/$2.py" "$1" >"$work/out" 2>"$work/err" ||
		echo "not ok - $1: $2.py: $(tail -n 1 "$work/err")" >>"$work/out"
	while IFS= read -r line; do
		case $line in
		"ok - "*) echo "ok $((n += 1)) - ${line#ok - }" ;;
		"not ok - "*) echo "not ok $((n += 1)) - ${line#not ok - }" ;;
		*) echo "$line" ;;
		esac
	done <"$work/out"
}

# same BACKEND: asyncio_style prints just this, whatever waits for it.
same() {
	n=$((n + 1))
	if PLX_BACKEND=$1 ./examples/asyncio_style >"$work/got" &&
		cmp -s "$work/expected" "$work/got"; then
		echo "ok $n - $1: asyncio_style prints its transcript"
	else
		echo "not ok $n - $1: asyncio_style prints its transcript"
		diff "$work/expected" "$work/got" | sed 's/^/# /'
	fi
}

# blames WORDS COMMAND...: where no loop can be had a line says WORDS.
blames() {
	n=$((n + 1))
	words=$1
	shift
	PLX_BACKEND=nonsense "./examples/$@" >"$work/got" 2>"$work/err"
	if test $? = 1 && ! test -s "$work/got" &&
		test "$(cat "$work/err")" = "$words: Invalid argument"; then
		echo "ok $n - $1 says that it has no loop"
	else
		echo "not ok $n - $1 says that it has no loop"
		sed 's/^/# /' "$work/got" "$work/err"
	fi
}

blames asyncio_style asyncio_style
blames 'chatd: no loop' chatd 127.0.0.1:0
cat >"$work/expected" <<'END'
nothing was called yet
call_soon: first
call_soon: second
call_at: after 10 ms
call_later: after 20 ms
sleep: 30 ms are over
server: read 5 bytes
client: hello became HELLO
server: read 8 bytes
client: good bye became GOOD BYE
server: the client has closed
server: closed
run until complete: done
END
for backend in $(${ECHOD:-./echod} --list-backends | awk '$2 == "yes" { print $1 }'); do
	same "$backend"
	for program in cat_any chatd forward rpcd; do
		if test -x examples/$program; then
			numbered "$backend" $program
		else
			echo "ok $((n += 1)) # SKIP $program was not built"
		fi
	done
done
echo "1..$n"
