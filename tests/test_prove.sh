#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What build-aux/prove makes of goals that are made up: their figures, their
# failures and their silence.
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

# A make whose goals say what their like say, as far as prove reads it.
cat >"$work/make" <<'END'
#!/bin/sh
echo "$*, $FUZZ_SECONDS" >>made
case $2 in
check) echo noise; echo '7 passed, 0 failed, 2 skipped' ;;
check-clang) echo '6 passed, 1 failed'; exit 2 ;;
check-asan) echo '77 passed, 0 failed of nothing' ;;
check-long) echo '1 passed, 0 failed'; echo '20 passed, 0 failed, 3 skipped'
	echo 'storm: poll: 12 forks' ;;
check-faults) echo '2 passed, 0 failed'
	echo 'faults: loop epoll: 50 calls, 2000 runs, 0 findings, 1 not reached'
	echo 'faults: loop poll: 51 calls, 300 runs, 4 findings, 0 not reached' ;;
check-hostile) echo '1 passed, 0 failed'
	printf %s 'hostile: poll: silent, for ever: 9 deeds, 8 honest rounds, '
	echo 'memory 10 KiB before, 30 at most, 11 after' ;;
check-static) echo 'static: 3 files, 0 findings of clang-tidy, 0 of cppcheck' ;;
coverage) echo 'lines: 99.0% (99 out of 100)'
	echo 'branches: 96.0% (96 out of 100)' ;;
fuzz) for twice in 1 2; do
		echo 'fuzz: buf: 1000 runs, 10 s, 0 findings'
	done
	echo 'fuzz: line: 2000 runs, 10 s, 0 findings' ;;
soak) echo "round 1: 5 messages"; echo "soak: 9 s, 5 messages" ;;
check-arch) echo 'O3: gcc 12, -O3 -g: 5 passed, 0 failed'
	echo 'musl: not run: no musl-gcc'; echo '5 passed, 0 failed' ;;
check-tsan) timeout 60 sh -c 'exec sleep 60 >held' & wait ;;
esac
END
chmod +x "$work/make"

# prove GOAL...: with that.
prove() {
	rm -f "$work/made"
	(cd "$work" && MAKE=./make python3 "$top/build-aux/prove" 10 9 "$@") \
		>"$work/log" 2>&1
}

# says TEXT: is it a line, or the beginning of one?
says() {
	awk -v text="$1" 'index($0, text) == 1 { found = 1 }
		END { exit !found }' "$work/log"
}

all='check check-long check-faults check-hostile check-static coverage fuzz
	soak check-arch'
# shellcheck disable=SC2086
prove $all
result $? 'goals that go well prove it'

while read -r line; do
	says "$line"
	result $? "it says: $line"
done <<'END'
| make check | 7 passed, 0 failed, 2 skipped |
| make check-long | 21 passed, 0 failed, 3 skipped |
| make check-faults | 101 calls, 2,300 runs, 4 findings |
| make check-hostile | 1 passed, 0 failed |
| make check-static | static: 3 files, 0 findings of clang-tidy, 0 of cppcheck |
| make coverage | lines: 99.0% (99 out of 100); branches: 96.0% (96 out of 100) |
| make fuzz | 3,000 runs, 0 findings |
| make soak | soak: 9 s, 5 messages |
| make check-arch | 5 passed, 0 failed |
| loop | poll | 51 | 300 | 4 | 0 |
| buf | 1000 | 10 | 0 |
| poll | silent, for ever | 9 | 8 | 10 | 30 | 11 |
| poll | 12 forks |
| O3 | gcc 12, -O3 -g: 5 passed, 0 failed |
| musl | not run: no musl-gcc |
END

tail -n 12 "$work/build-proof/report.md" >"$work/end"
tail -n 12 "$work/log" | cmp - "$work/end"
result $? 'the report is what was printed'

grep -qx -e '--no-print-directory soak SECONDS=9, 10' "$work/made"
result $? 'the goals are told for how long'

prove check-clang check
status=$?
test $status = 1 && grep -q 'check, 10' "$work/made" &&
	says '| make check-clang | **failed**, 6 passed, 1 failed; see build-p' &&
	says '| make check | 7 passed'
result $? 'one that fails keeps none from being tried'

prove check-asan
status=$?
test $status = 1 &&
	says '| make check-asan | said nothing of what it saw |'
result $? 'silence proves nothing'

# The sleeper holds the pipe open for as long as it lives.
mkfifo "$work/held"
(cd "$work" && exec env MAKE=./make python3 "$top/build-aux/prove" 10 9 \
	check-tsan check) >"$work/log" 2>&1 &
proof=$!
exec 3<"$work/held"
kill -TERM $proof
wait $proof
status=$?
test $status = 143 && timeout 10 cat <&3
result $? 'interrupted, it leaves nothing running'
echo "1..$n"
