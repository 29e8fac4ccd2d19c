#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every public header is enough by itself, twice included, in C and in C++.
set -u
include=${srcdir:-.}/include
strict="-fsyntax-only -pedantic -Wall -Wextra -Werror"
n=0

# check NAME COMMAND...: one line of TAP; the command's words when it fails.
check() {
	name=$1
	shift
	n=$((n + 1))
	if words=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		echo "$words" | sed 's/^/# /'
	fi
}

# compile COMPILER LANGUAGE STANDARD HEADER
compile() {
	printf '#include <%s>\n#include <%s>\nint there;\n' "$4" "$4" |
		$1 -x "$2" -std="$3" $strict -I"$include" -
}

headers=$(cd "$include" && ls -- *.h */*.h)
for header in $headers; do
	check "$header in C11" compile "${CC:-cc}" c c11 "$header"
	if test -n "${CXX:-}"; then
		check "$header in C++11" compile "$CXX" c++ c++11 "$header"
	else
		n=$((n + 1))
		echo "ok $n - $header in C++11 # SKIP no C++ compiler"
	fi
done
echo "1..$n"
