#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The examples print exactly what they are said to.
set -u
work=$(mktemp -d) || exit 1
server=
trap 'test -z "$server" || kill $server; rm -rf "$work"' EXIT
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

# refuses COMMAND...: one line that says why, nothing else, and status 2.
refuses() {
	n=$((n + 1))
	"./examples/$@" >"$work/got" 2>"$work/errors"
	status=$?
	if test $status = 2 && ! test -s "$work/got" &&
		test "$(wc -l <"$work/errors")" -eq 1; then
		echo "ok $n - $* is refused"
	else
		echo "not ok $n - $* is refused"
		echo "# status $status"
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
prints actors 3 <<'END'
Got: 3
Got: 2
Got: 1
END
prints actors --trace 3 <<'END'
Sending None to printer
Sending None to counter
Sending 3 to counter
Got: 3
Sending 3 to printer
Sending 2 to counter
Got: 2
Sending 2 to printer
Sending 1 to counter
Got: 1
Sending 1 to printer
END
cp "$work/got" "$work/trace"
prints actors 3 --trace <"$work/trace"
prints actors 0 </dev/null
refuses actors x
refuses actors -1
refuses actors 99999999999
refuses actors --trase 3
prints context <<'END'
  enter outer
  enter inner
  exit inner
  exit outer
done
  enter outer
  enter inner
  exit inner
  exit outer
failed
  enter outer
  enter inner
  exit inner
  exit outer
cancelled
  enter outer
  enter inner
  exit inner
  exit outer
timed out
END
prints own_scheduler <<'END'
counted 1
ping 3
counted 2
pong 2
counted 3
ping 1
pong 0
END
prints timeouts <<'END'
a wait: timed out
inner scope: cancelled
outer scope: timed out
inner scope: timed out
outer scope: in time
the work: cancelled
clean-up in a shield: in time
the scope: timed out
END
prints pipeline 6 <<'END'
2
3
5
7
11
13
END

# says PORT TEXT ANSWER: TEXT and the end of it get just ANSWER.
says() {
	n=$((n + 1))
	got=$(printf "$2" | tests/say "$1" && echo .)
	if test "$got" = "$(printf "$3" && echo .)"; then
		echo "ok $n - line_echo answers $2"
	else
		echo "not ok $n - line_echo answers $2"
		echo "# got $got"
	fi
}

port=$(tests/say)
./examples/line_echo 127.0.0.1:$port 2>"$work/log" &
server=$!
says $port 'Hello\n' 'GOT:Hello\n'
says $port 'a\nb\n' 'GOT:a\nGOT:b\n'
says $port 'tail' 'GOT:tail'
says $port '' ''
prints nursery 127.0.0.1:$(tests/say) 127.0.0.1:$port <<END
connected to 127.0.0.1:$port
END
kill $server
wait $server 2>/dev/null
n=$((n + 1))
if test "$(grep -c came "$work/log")" = "$(grep -c went "$work/log")"; then
	echo "ok $n - line_echo tells of each client, coming and going"
else
	echo "not ok $n - line_echo tells of each client, coming and going"
	sed 's/^/# /' "$work/log"
fi
port=$(tests/say)
PLX_BACKEND=poll ./examples/line_echo 127.0.0.1:$port <&- >&- 2>&- &
server=$!
says $port 'no log\n' 'GOT:no log\n'
kill $server
wait $server 2>/dev/null
server=
echo "1..$n"
