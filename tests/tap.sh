# SPDX-License-Identifier: BSD-2-Clause
# tap.sh: lines of TAP, for the tests in shell that source it.  They have set
# $work, a directory of their own, and let $work/log take what is said.
n=0

# result STATUS NAME: one line, and the log if it failed.
result() {
	n=$((n + 1))
	if test "$1" = 0; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		test ! -s "$work/log" || sed 's/^/# /' "$work/log"
	fi
}
