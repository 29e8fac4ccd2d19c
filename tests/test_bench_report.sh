#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What bench/report.py makes of samples that are made up, and what bench/run.py
# does with questions: nothing is measured here.
set -u
LC_ALL=C
PYTHONDONTWRITEBYTECODE=1
export LC_ALL PYTHONDONTWRITEBYTECODE
top=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. "${srcdir:-.}/tests/tap.sh"

# Not what a search finds, which may need PATH to find the real one.
if ! python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null); then
	echo "1..0 # SKIP no python3"
	exit 0
fi

# line WORD...: one of bench/harness.h.
line() {
	(
		IFS='	'
		echo "$*"
	)
}

# samples QUESTION SERIES X CONTENDER VALUE...: a round each.
samples() {
	where="$1	$2	$3	$4"
	shift 4
	round=0
	for value; do
		round=$((round + 1))
		line sample "$where" "$round" "$value"
	done
}

# report [OPTION]...: of $work/samples.tsv.
report() {
	rm -f "$work/report.md"
	"$python" "$top/bench/report.py" --output="$work" "$@" \
		"$work/samples.tsv" >"$work/log" 2>&1
}

# row TEXT NAME: is TEXT in the report, a line of it or the beginning of one?
row() {
	grep -qF -- "$1" "$work/report.md"
	result $? "$2"
}

{
	line series turn one-ready ns descriptors
	for x in 100 1000 10000; do
		samples turn one-ready $x 'raw epoll' 100 100 100
		# Exactly as N.
		samples turn one-ready $x 'raw poll' $((x * 2)) $((x * 2)) $((x * 2))
		# Of the three rounds one is busy, for this one only.
		samples turn one-ready $x 'pollux poll' $((x * 2)) $((x * 3)) \
			$((x * 2))
	done
	samples turn one-ready 100 'pollux epoll' 104 96 104 300 100
	samples turn one-ready 1000 'pollux epoll' 103 104 102
	samples turn one-ready 10000 'pollux epoll' 120 121 122
	samples turn one-ready 10 libev 1 2
	line skip turn one-ready 10000 libev 'Too many open files'
	line series echo cpu-64B ns connections
	samples echo cpu-64B 50 'raw epoll' 1000 2000 4000 1000 1000
	samples echo cpu-64B 50 'echod epoll' 1020 2040 4080 1020 1020
	samples echo cpu-64B 50 libev 700 2000 4000 1000 1300
	line note echo load 'somewhat busy'
	line series timers insert ns timers
	samples timers insert 1000000 pollux 20 21 22
	samples timers insert 1000000 libev 30 30 30
	line series memory slept B connections
	samples memory slept 10000 'echod epoll' 310
	line median memory slept 10000 'echod epoll' 1 0
	line note machine processor 'Made Up 9000'
} >"$work/samples.tsv"

report --no-plots
result $? "samples make a report"
row '| processor | Made Up 9000 |' "the machine is named"
row '| raw poll | – | 200 (0 %) | 2,000 (0 %) | 20,000 (0 %) | N^1.00 |' \
	"medians; what grows as N has the exponent 1.00"
row '| raw epoll | – | 100 (0 %) | 100 (0 %) | 100 (0 %) | N^0.00 |' \
	"what does not grow has 0.00; what was not measured has a dash"
row '| pollux epoll | – | 104 (4 %) | 103 (1 %) | 121 (1 %) | N^' \
	"the spread is the quartiles' distance over the median"
row '| pollux epoll / raw epoll | – | 1.04 | 1.03 | 1.21 |' \
	"a ratio is the median of the rounds' ratios, of common rounds"
row '| pollux poll / raw poll | – | rounds disagree (1.00–1.50) |' \
	"no ratio when the quartiles are too far apart"
row '| echod epoll / raw epoll | 1.02 |' \
	"rounds that a busy machine slowed for both agree"
row '| libev / raw epoll | rounds disagree (0.70–1.30) |' \
	"no ratio when the extremes are too far apart"
row '**Ratios that are not printed: 3.**' "it says so below, for each question"
row '**Ratios that are not printed: 1.**' "for another one, too"
row '- libev at 10,000: left out: Too many open files' "who is left out, and why"
row '- load: somewhat busy' "notes"
row '| echod epoll 310 B (10,000 connections) | – | missed |' \
	"a row of the table of costs that is missed; medians are not believed"
row '| insert 21.0 ns, of libev 0.70 | insert: libev 30.0 | met as' \
	"one that is met, where it was measured"
row '| raw epoll 2.02 | – | – | not measured in this run |' \
	"and one that was not measured"

# Without gnuplot; and with it, if it is here.
mkdir "$work/empty"
(
	PATH=$work/empty
	export PATH
	"$python" "$top/bench/report.py" --output="$work" "$work/samples.tsv"
) >"$work/log" 2>&1
result $? "a report is made without gnuplot"
row '**Gnuplot is not installed, so there are no pictures.**' "which it says"
if command -v gnuplot >/dev/null; then
	report && for kind in svg png; do
		test -s "$work/plots/turn-one-ready.$kind" &&
			test -s "$work/plots/timers-operations.$kind" || break
	done
	result $? "curves and bars, SVG and PNG"
	row '](plots/turn-one-ready.png)' "the report shows them"
fi

line sample turn one-ready 10 libev 1 fast >>"$work/samples.tsv"
! report && test ! -e "$work/report.md" &&
	grep -q "samples.tsv:$(($(wc -l <"$work/samples.tsv"))): " "$work/log"
result $? "a line that cannot be read is named, and no report is made"

# run QUESTION...: bench/run.py with programs that are made up.
run() {
	"$python" "$top/bench/run.py" --build="$work" "$@" >"$work/log" 2>&1
}

mkdir -p "$work/bench"
for question in turn timers; do
	cat >"$work/bench/bench_$question" <<-END
		#!/bin/sh
		printf 'note\t$question\tgiven\t%s\n' "\$*"
		test $question = turn
	END
	chmod +x "$work/bench/bench_$question"
done

run fastest
test $? = 2 && test "$(wc -l <"$work/log")" = 1 &&
	grep -q "no question 'fastest'; there are: turn echo" "$work/log"
result $? "a question that is none is refused in one line, with status 2"

run --rounds=7 --seed=9 --full turn
result $? "one question is asked alone"
mv "$work/bench/report.md" "$work"
row '- given: --rounds=7 --seed=9 --full' "rounds and seed go to it"
! grep -q '^## timers' "$work/report.md"
result $? "the others are not in the report"

run turn timers tasks
test $? = 1
result $? "a question that fails makes the run fail"
mv "$work/bench/report.md" "$work"
row 'given: ' "the others are asked all the same"
row '**Not measured in full: status 1' "the report tells of it"
row '**Not measured in full: there is no program for it' \
	"and of one that has no program"
echo "1..$n"
