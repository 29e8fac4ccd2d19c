#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The soak, for two seconds; `make soak' has it for longer.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. "${srcdir:-.}/tests/tap.sh"

./tests/soak 2 >"$work/log" 2>&1
result $? 'mixed load leaves nothing behind'
sed 's/^/# /' "$work/log"
echo "1..$n"
