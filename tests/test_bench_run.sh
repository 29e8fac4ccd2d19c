#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What bench/run.py leaves behind: after a question that is really asked, and
# when there is none to ask, one fails or a run is broken off.  What the report
# makes of it is the matter of test_bench_report.sh.  No figure is looked at.
set -u
LC_ALL=C
PYTHONDONTWRITEBYTECODE=1
export LC_ALL PYTHONDONTWRITEBYTECODE
top=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bench/samples"
. "${srcdir:-.}/tests/tap.sh"

if ! python3 -c '' 2>/dev/null; then
	echo "1..0 # SKIP no python3"
	exit 0
fi

# run [OPTION]... [QUESTION]...
run() {
	python3 "$top/bench/run.py" --build="$work" "$@" >"$work/log" 2>&1
}

# program QUESTION: what asks it is standard input.
program() {
	{
		echo '#!/bin/sh'
		cat
	} >"$work/bench/bench_$1"
	chmod +x "$work/bench/bench_$1"
}

# samples QUESTION PATTERN: is there such a line among what was kept?
samples() {
	grep -q "$2" "$work/bench/samples/$1.tsv" 2>>"$work/log"
}

# nothing_else: no file lies there that was to be renamed or removed.
nothing_else() {
	for file in "$work"/bench/samples/*; do
		case $file in *.tsv) ;; *) return 1 ;; esac
	done
}

run nosuch
test $? = 2 && test "$(wc -l <"$work/log")" = 1
result $? "a question that is none is refused in one line, with status 2"
! test -e "$work/bench/samples/machine.tsv"
result $? "and nothing is written"

run turn
test $? = 1 && grep -q 'turn: there is no program for it' "$work/log"
result $? "a question that was named and has no program makes the run fail"

# One series of one contender, of the program that was built.
program churn <<END
exec "$(pwd)/bench/bench_churn" --series=register --contender='raw poll' \
	"\$@"
END
run --rounds=1 --seed=3 churn
result $? "a real question is asked"
samples churn '^sample	churn	register	[0-9]*	raw poll	1	[0-9.]'
result $? "its samples are kept"
samples churn '^note	churn	command	bench_churn --rounds=1 --seed=3$'
result $? "with the command that asked it"
samples machine '^note	machine	kernel	.' &&
	samples machine '^note	machine	seed	3$' &&
	samples machine '^note	machine	rounds	1$'
result $? "and on what machine, with which seed and rounds"
nothing_else
result $? "nothing else is left"

program churn <<'END'
printf 'note\tchurn\tthis\tas far as it went\n'
echo 'no more of it' >&2
exit 3
END
program timers <<'END'
printf 'note\ttimers\tthis\tasked\n'
END
run churn timers
test $? = 1 && grep -q 'churn: failed with status 3' "$work/log"
result $? "a question that fails makes the run fail"
grep -q '^no more of it$' "$work/log"
result $? "what it says is shown"
samples churn '	as far as it went$' && samples churn '	failed	status 3'
result $? "its lines say that they are not all"
samples timers '	asked$'
result $? "the next is asked all the same"

# The program is the runner's child, and breaks it off as ^C does: before it
# ends, so that the runner cannot take it for done.  Whoever was started in the
# background would ignore that signal.
program timers <<'END'
printf 'note\ttimers\tthis\tbroken off\n'
kill -INT $PPID
END
python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])' \
	"$top/bench/run.py" --build="$work" timers >"$work/log" 2>&1
test $? = 130
result $? "a run that is broken off ends with status 130"
samples timers '	asked$' && ! samples timers '	broken off$'
result $? "it leaves the samples of before"
nothing_else
result $? "and nothing beside them"

# Only the runner is told; the program says how it came to its end.
program timers <<END
trap 'echo ended >"$work/told"; exit 1' TERM
kill -TERM \$PPID
i=0
while test \$((i += 1)) -lt 1000; do sleep 0.01; done
END
run timers
test $? = 130
result $? "a run that is told to end does"
test "$(cat "$work/told" 2>/dev/null)" = ended
result $? "and so has its program by then"
echo "1..$n"
