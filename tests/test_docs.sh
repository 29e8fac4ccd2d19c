#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The code of docs/*.md compiles as it stands; the programs among it, those with
# a main, print what the block after them says.
set -u
top=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0

# result STATUS NAME: one line of TAP.
result() {
	n=$((n + 1))
	if test "$1" = 0; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$work/log"
	fi
}

# split FILE: its blocks of C go to NUMBER.c, their output to NUMBER.text.
split() {
	awk -v dir="$work" '
		$0 == "```c" { file = dir "/" ++n ".c"; print "#include <pollux.h>" >file
			printf "#line %d \"%s\"\n", NR + 1, FILENAME >file; next }
		$0 == "```text" && n { file = dir "/" n ".text"; printf "" >file; next }
		/^```/ { if (file) close(file); file = ""; next }
		file { print >file }
	' "$1"
}

compile() {
	${COMPILER:-cc} -std=gnu11 -Wall -Wextra -Werror -Wno-unused-function \
		-Wno-missing-prototypes \
		-I"$top/include" "$@" >"$work/log" 2>&1
}

for doc in "$top"/docs/*.md; do
	rm -f "$work"/*
	split "$doc"
	for block in $(cd "$work" && ls *.c 2>/dev/null | sort -n); do
		name="$(basename "$doc") block ${block%.c}"
		source=$work/$block
		if ! grep -q '^main(' "$source"; then
			compile -c "$source" -o "$work/object"
			result $? "$name compiles"
			continue
		fi
		compile "$source" -o "$work/program" .libs/libpollux.a -lpthread &&
			"$work/program" >"$work/got" 2>"$work/log" &&
			diff "$work/${block%.c}.text" "$work/got" >"$work/log"
		result $? "$name prints what it says"
	done
done
echo "1..$n"
