#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What the shared library exports, what src/pollux.map lists and what the
# headers declare are the same names; and nothing in it prints or exits.
set -u
LC_ALL=C
export LC_ALL
top=${srcdir:-.}
nm=${NM:-nm}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

# same NUMBER NAME FILE FILE: one line of TAP, and the differing names.
same() {
	if diff "$3" "$4" >"$work/diff"; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		sed -n 's/^[<>]/# &/p' "$work/diff"
	fi
}

library=
for file in .libs/libpollux.so .libs/libpollux.dylib; do
	test -e "$file" && library=$file
done
test -n "$library" || skip "no shared library was built"
$nm -D --defined-only "$library" >"$work/nm" 2>/dev/null ||
	skip "$nm cannot list dynamic symbols"

awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' "$work/nm" | sort >"$work/so"
"$top"/build-aux/names "$top/include" >"$work/headers"
"$top"/build-aux/names --map "$top/src/pollux.map" >"$work/map"
$nm -D --undefined-only "$library" | awk '{ sub(/@.*/, "", $2); print $2 }' |
	grep -E '^(abort|_?exit|(__)?v?printf(_chk)?|puts|putchar|perror)$' \
		>"$work/rude"

# What counts the lines that run brings an abort of its own.
case ${COMPILER-} in *--coverage*) : >"$work/rude" ;; esac

echo 1..3
same 1 "pollux.map lists what the headers declare" \
	"$work/map" "$work/headers"
same 2 "the library exports what the headers declare" \
	"$work/so" "$work/headers"
same 3 "the library never prints, exits or aborts" "$work/rude" /dev/null
