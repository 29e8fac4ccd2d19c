#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The echo benchmark: servers, load and driver, without looking at a time.
set -u
top=$(cd "${srcdir:-.}" && pwd)
if ! python3 -c '' 2>/dev/null; then
	echo "1..0 # SKIP no python3"
	exit
fi
if ! test -r /proc/self/schedstat; then
	echo "1..0 # SKIP the CPU time of others cannot be read here"
	exit
fi
exec python3 -B "$top/tests/clients/bench_echo.py" "$top/bench" --build=.
