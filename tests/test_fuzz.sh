#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every fuzz target holds on every input of its corpus, each of which once was
# new to it or made it fail.
set -u
top=${srcdir:-.}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. "$top/tests/tap.sh"

for corpus in "$top"/fuzz/corpus/*; do
	target=$(basename "$corpus")
	if test -x "fuzz/$target"; then
		"fuzz/$target" "$corpus"/* >"$work/log" 2>&1 </dev/null
		result $? "$target: $(ls "$corpus" | wc -l) inputs"
	else
		result 0 "$target # SKIP not built"
	fi
done
echo "1..$n"
