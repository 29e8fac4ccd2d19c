#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The code of docs/*.md compiles as it stands; the programs among it, those with
# a main or a print, say what the next block of text does.  Blocks of another
# library (```c ev, ```c event, ```c uv, ```python) are skipped where that is
# not installed.
set -u
top=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. "${srcdir:-.}/tests/tap.sh"

# split FILE: its blocks go to NUMBER.KIND, and the text that all programs since
# the text before print to NUMBER.text.
split() {
	awk -v dir="$work" '
		/^```/ && kind { if (kind == "text") told = n; kind = ""; next }
		/^```/ { kind = NF > 1 ? $2 : substr($1, 4) }
		/^```(c|python)/ { file = dir "/" ++n "." kind
			if (kind == "c") print "#include <pollux.h>" >file
			if (kind != "python")
				printf "#line %d \"%s\"\n", NR + 1, FILENAME >file }
		/^```/ { next }
		kind == "text" { for (i = told + 1; i <= n; i++)
				print >(dir "/" i ".text") }
		kind && kind != "text" && kind != "sh" { print >file }
	' "$1"
}

# has KIND: is what its blocks need installed?  What pkg-config knows may be
# for another machine than the compiler makes programs for.
# shellcheck disable=SC2046
has() {
	case $1 in
	c) return ;;
	ev) echo '#include <ev.h>' | ${COMPILER:-cc} -E - ;;
	python) python3 -c 'import asyncio; asyncio.timeout' && return ;;
	*) pkg-config --exists "lib$1" ;;
	esac && echo 'int main(void) { return 0; }' | ${COMPILER:-cc} -x c - \
		$(flags --libs "$1") -o "$work/object"
} >/dev/null 2>&1

# flags --cflags|--libs KIND: what it is compiled, or linked, with.  A callback
# of another library may leave arguments alone, and a sanitizer does not see
# what happens within it.
flags() {
	test "$2" = c ||
		echo "-Wno-unused-parameter -Wno-write-strings -fno-sanitize=all"
	case $2$1 in
	c--cflags) echo "-I$top/include" ;;
	c--libs) echo ".libs/libpollux.a -lpthread" ;;
	ev--cflags) ;;
	ev--libs) echo -lev ;;
	*) pkg-config "$1" "lib$2" ;;
	esac
}

# shellcheck disable=SC2046
compile() {
	${COMPILER:-cc} -std=gnu11 -Wall -Wextra -Werror -Wno-unused-function \
		-Wno-missing-prototypes $(flags --cflags "${1##*.}") \
		-c -x c "$1" -o "$work/object" >"$work/log" 2>&1
}

# build SOURCE: makes $work/program.
# shellcheck disable=SC2046
build() {
	case $1 in
	*.python) echo "exec python3 -W error $1" >"$work/program" &&
		chmod +x "$work/program" ;;
	*) compile "$1" &&
		${COMPILER:-cc} "$work/object" $(flags --libs "${1##*.}") \
			-o "$work/program" >"$work/log" 2>&1 ;;
	esac
}

is_program() {
	case $1 in
	*.python) grep -q 'print(' "$1" ;;
	*) grep -q '^main(' "$1" ;;
	esac
}

# attempt SOURCE NAME: one test.
attempt() {
	if ! has "${1##*.}"; then
		result 0 "$2 # SKIP not installed"
	elif is_program "$1"; then
		build "$1" && "$work/program" >"$work/got" 2>"$work/log" &&
			diff "${1%.*}.text" "$work/got" >"$work/log" 2>&1
		result $? "$2 prints what it says"
	elif test "${1##*.}" = python; then
		python3 -m py_compile "$1" >"$work/log" 2>&1
		result $? "$2 compiles"
	else
		compile "$1"
		result $? "$2 compiles"
	fi
}

for doc in "$top"/docs/*.md; do
	rm -rf "$work"/*
	split "$doc"
	for block in $(cd "$work" && ls | grep -v text | sort -n); do
		attempt "$work/$block" \
			"$(basename "$doc") ${block##*.} block ${block%.*}"
	done
done
echo "1..$n"
