#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A short session: a server starts, echoes some messages to `load', and is told
# to end.  Whole, so that hyperfine can time it.
# Usage: session.sh LOAD SERVER [OPTION]...     in a directory to write to
set -u
load=$1
shift
fifo=session.$$
mkfifo "$fifo" || exit 1
"$@" >"$fifo" &
server=$!
read -r line <"$fifo" || line=
rm -f "$fifo"
line=${line##*listening on }
"$load" --connect="${line%% *}" --connections=10 --messages=100 >&2
status=$?
kill $server
wait $server
# Written by hand is: ended by the signal.
case $? in
0 | 143) exit $status ;;
esac
exit 1
