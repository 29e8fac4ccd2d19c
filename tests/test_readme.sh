#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What README.md says, done: its program is the example, builds against an
# installed pollux with the line it gives, and echoes; its commands exist.
set -u
top=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d) || exit 1
server=
trap 'test -z "$server" || kill $server; rm -rf "$work"' EXIT
. "${srcdir:-.}/tests/tap.sh"

# fenced LANGUAGE: the code in README.md's blocks of that language.
fenced() {
	awk -v fence="\`\`\`$1" '
		/^```/ { on = !on && $0 == fence; next }
		on
	' "$top/README.md"
}

# echoes PORT: does what is said there come back?  With a prefix, if given.
echoes() {
	answer=$(echo hello | tests/say "$1" 2>>"$work/log")
	test "$answer" = "${2-}hello" ||
		{ echo "got '$answer'" >>"$work/log" && false; }
}

install_pollux() {
	MAKEFLAGS= ${MAKE:-make} install DESTDIR="$work/root" \
		>"$work/log" 2>&1 || return
	PKG_CONFIG_SYSROOT_DIR=$work/root
	PKG_CONFIG_PATH=$(dirname "$(find "$work/root" -name pollux.pc)")
	PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
	PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
	LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
	export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH LD_LIBRARY_PATH
	export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS
}

# The line of README.md that calls cc, with the compiler of this build.
build_program() {
	line=$(fenced sh | sed -n "s|^cc |${COMPILER:-cc} |p" |
		sed "s|pkg-config|${PKG_CONFIG:-pkg-config}|")
	test -n "$line" && (cd "$work" && eval "$line") >"$work/log" 2>&1
}

sed 1d "$top/examples/echo.c" >"$work/example"
fenced c >"$work/echo.c"
diff "$work/example" "$work/echo.c" >"$work/log"
result $? "the program in README.md is examples/echo.c"

install_pollux
result $? "make install"

port=$(tests/say)
sed "s/:7007/:$port/" "$work/example" >"$work/echo.c"
build_program
result $? "the program builds against what was installed"

if test -x "$work/echo"; then
	"$work/echo" >"$work/log" 2>&1 &
	server=$!
fi
echoes "$port"
result $? "the program echoes"
test -z "$server" || { kill $server && wait $server; } 2>/dev/null
server=

./echod --list-backends >"$work/list" 2>"$work/log"
result $? "echod --list-backends"
for name in $(sed -n 's/^PLX_BACKEND(\(.*\))/\1/p' \
	"$top/backends/backends.def"); do
	grep -q "^| $name " "$top/README.md" && grep -q "^$name " "$work/list"
	result $? "$name is in README.md and in echod --list-backends"
done

fenced sh | sed -n "s/^make run ARGS='\(.*\)'/\1/p" >"$work/options"
if grep -q '^poll .*yes' "$work/list"; then
	port=$(tests/say)
	./echod $(sed "s/:7008/:$port/" "$work/options") >"$work/log" 2>&1 &
	server=$!
	echoes "$port" GOT:
	result $? "make run with the options that README.md shows"
	kill $server
	wait $server
	result $? "echod ends with 0 when asked to"
	server=
fi

for goal in $(fenced sh | sed -n 's/^make \([a-z-]*\).*/\1/p' | sort -u); do
	grep -q "^$goal:" Makefile
	result $? "make $goal is a goal"
done
echo "1..$n"
