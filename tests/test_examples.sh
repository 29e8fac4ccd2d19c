#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The examples print exactly what they are said to.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0

# prints COMMAND...: its standard output is standard input, byte by byte.
prints() {
	n=$((n + 1))
	cat >"$work/expected"
	"./examples/$@" >"$work/got" 2>"$work/errors"
	status=$?
	if test $status = 0 && cmp -s "$work/expected" "$work/got"; then
		echo "ok $n - $*"
	else
		echo "not ok $n - $*"
		echo "# status $status"
		diff "$work/expected" "$work/got" | sed 's/^/# /'
		sed 's/^/# /' "$work/errors"
	fi
}

prints countdown 5 6 <<'END'
T-minus 5
Counting up 0
T-minus 4
Counting up 1
T-minus 3
Counting up 2
T-minus 2
Counting up 3
T-minus 1
Counting up 4
Blastoff!
Counting up 5
END
cp "$work/got" "$work/five-six"
prints countdown <"$work/five-six"
prints countdown 0 2 <<'END'
Blastoff!
Counting up 0
Counting up 1
END
prints countdown 2 0 <<'END'
T-minus 2
T-minus 1
Blastoff!
END
echo "1..$n"
