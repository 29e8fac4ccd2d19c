#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What build-aux/uncovered says of branches and explanations that are made up;
# and that this tree has all that its list explains.
set -u
LC_ALL=C
PYTHONDONTWRITEBYTECODE=1
export LC_ALL PYTHONDONTWRITEBYTECODE
top=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. "${srcdir:-.}/tests/tap.sh"

if ! python3 -c '' 2>/dev/null; then
	echo "1..0 # SKIP no python3"
	exit 0
fi

# uncovered [LIST ROOT]: with the coverage that was made last.
uncovered() {
	python3 "$top/build-aux/uncovered" "${1:-$work/list}" "$work/json" \
		"${2:-$work}" >"$work/log" 2>&1
}

# says TEXT: the beginning of a line.
says() {
	awk -v text="$1" 'index($0, text) == 1 { found = 1 }
		END { exit !found }' "$work/log"
}

# lines LINE:COUNT,COUNT...: the branches of a.c.
lines() {
	echo '{"gcovr/format_version": "0.4", "files": [{"file": "a.c", "lines": ['
	comma=
	for line; do
		echo "$comma{\"line_number\": ${line%:*}, \"count\": 1,"
		echo "${line#*:}" | sed 's/[0-9][0-9]*/{"count": &}/g
			s/.*/"branches": [&]}/'
		comma=,
	done
	echo ']}]}'
} >"$work/json"

cat >"$work/a.c" <<'END'
int
open_it(int fd)
{
	if (fd < 0)
		return fd;
	return fd ? 1 : 2;
}

static int
close_it(int fd)
{
	if (fd < 0)
		return fd;
	while (fd & 1)
		fd--;
	return 0;
}
END

# The legend, and what a test has added.
list() {
	cat - "$@" >"$work/list" <<-'END'
		# Made up.
		reason never: by the
			invariant
		reason race, at times: two threads
		a.c
	END
}

printf '\topen_it: if (fd\n\t\tnever: it is open\n' >"$work/one"
list "$work/one"
lines 4:0,7 12:3,4 14:1,1
uncovered
result $? "a branch that the list explains is all right"
says 'uncovered: 1 branches, 0 not explained; 1 entries (1 never)'
result $? "it is counted"

lines 4:0,7 12:3,0 14:0,0
! uncovered && says 'a.c:12: 1 of 2 not taken, and not explained: close_it: if '
result $? "the same text in another function is not, and is shown"
says 'a.c:14: 2 of 2 not taken, and not explained: close_it: while (fd & 1)'
result $? "so is another line"
test "$(wc -l <"$work/log")" = 3 && says 'uncovered: 4 branches, 3 not '
result $? "a line each, and the count"

printf '\tclose_it\n\t\trace: whoever comes\n\t\tfirst\n' >"$work/two"
list "$work/one" "$work/two"
uncovered && says 'uncovered: 4 branches, 0 not explained; 2 entries'
result $? "one entry explains a whole function"

lines 4:6,7 12:3,4
uncovered && says "$work/list:6: not needed any more: a.c: open_it: if (fd"
result $? "an explanation that is not needed is told of, no more"
! says "$work/list:8: "
result $? "one of what happens at times is not"

printf '\tclose_it: if (fd < 1)\n\tfree_it\n\t\trace\nb.c\n\tf\n\t\tnever\n' \
	>"$work/two"
list "$work/one" "$work/two"
lines 4:0,7
uncovered && says "$work/list:8: is not there: a.c: close_it: if (fd < 1)" &&
	says "$work/list:9: is not there: a.c: free_it" &&
	says "$work/list:12: is not there: b.c: f"
result $? "what the sources do not have, of any reason, is told of"

printf '\tclose_it\n\topen_it: if (fd\n\t\tnever: both\n' >"$work/two"
list "$work/two"
lines 4:0,7 12:0,1
uncovered && says 'uncovered: 2 branches, 0 not explained; 2 entries (2 never)'
result $? "entries below each other share a reason"

printf '\topen_it\n\t\trace: all\n\topen_it: if (fd\n\t\tnever: one\n' \
	>"$work/two"
list "$work/two"
lines 4:0,7 6:0,1
uncovered && says 'uncovered: 2 branches, 0 not explained; 2 entries (1 never,'
result $? "what is said of a line goes before what is said of its function"

printf '\tclose_it\n\t\tmagic\n' >"$work/two"
list "$work/two"
! uncovered && says "$work/list:7: no reason 'magic'"
result $? "a reason that the legend does not have is refused"
printf '\tclose_it\nb.c\n' >"$work/two"
list "$work/two"
! uncovered && says "$work/list:6: no reason for a.c: close_it"
result $? "so is an entry without one"

lines
uncovered "$top/tests/uncovered" "$top" && ! grep 'is not there' "$work/log"
result $? "of the list of this tree, all is in the sources"
echo "1..$n"
