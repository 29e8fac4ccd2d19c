#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What the objects claim of themselves in .note.gnu.property is true.  The
# kernel believes what the whole program claims, and a program claims what all
# of its objects do: one that switches stacks must not claim shadow stacks (or
# signed return addresses), of which a switch knows nothing, and then neither
# does any program with it, whatever the compiler says of the rest.  That
# indirect jumps land where they may (IBT, BTI) is true, and claimed.  Nothing
# built is run, so this is for emulated machines, too.
set -u
LC_ALL=C
export LC_ALL
readelf=${READELF:-readelf} objdump=${OBJDUMP:-objdump}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. "${srcdir:-.}/tests/tap.sh"

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

# claims FILE: what it does, as IBT or BTI, PAC ...
claims() {
	$readelf -n "$1" 2>>"$work/log" |
		sed -n 's/.*\(x86\|AArch64\) feature: //p'
}

# is WHAT NAME FILE: one test.
is() {
	claimed=$(claims "$3")
	echo "claims '$claimed', not '$1'" >>"$work/log"
	test "$claimed" = "$1"
	result $? "$2"
	: >"$work/log"
}

# The switch of this build, as it is in the static library.
switch=
for machine in x86_64 aarch64; do
	for file in src/task/libtask_la-coro_$machine.o; do
		test ! -f "$file" || switch=$file arch=$machine
	done
done
test -n "$switch" || skip "no assembly that could claim anything"
command -v "$readelf" >/dev/null || skip "no readelf"
command -v "$objdump" >/dev/null || skip "no objdump"
case $arch in
x86_64) protect=-fcf-protection=full all='IBT, SHSTK' true=IBT pad=endbr64 ;;
aarch64) protect=-mbranch-protection=standard all='BTI, PAC' true=BTI pad=bti ;;
esac

is "$true" "the switch claims what is true of it" "$switch"

# Every function is called through a pointer, or might be.
$objdump -d --no-show-raw-insn "$switch" >"$work/code"
awk -v pad="$pad" '/^[0-9a-f]+ </ { name = $2; next }
	name { if ($0 !~ pad) print name " begins with " $0; name = "" }
' "$work/code" >"$work/log"
test -s "$work/code" && test ! -s "$work/log"
result $? "its functions begin with a landing pad"

# A jump to where none is says so itself.
for object in src/task/*.o; do
	$objdump -d "$object"
done 2>/dev/null | grep -E 'jmp +\*0x8\(%rsi\)' | grep -v notrack >"$work/log"
test ! -s "$work/log"
result $? "a switch does not ask for one where it lands"

# ${CC} may be two words.
link() {
	# shellcheck disable=SC2086
	${CC:-cc} -shared -nostdlib "$@" -Wl,--unresolved-symbols=ignore-all \
		>>"$work/log" 2>&1
}
echo 'int answer(void) { return 42; }' >"$work/rest.c"
if ${CC:-cc} $protect -c "$work/rest.c" -o "$work/rest.o" >"$work/log" 2>&1 &&
	link "$work/rest.o" -o "$work/rest.so" &&
	test "$(claims "$work/rest.so")" = "$all"; then
	link "$work/rest.o" "$switch" -o "$work/both.so"
	is "$true" "a program with it does not claim the rest" "$work/both.so"
else
	result 0 "a program with it # SKIP the compiler claims nothing itself"
fi

if test -f .libs/libpollux.so; then
	case $(claims .libs/libpollux.so) in '' | "$true") true ;; *) false ;; esac
	result $? "nor does the shared library"
else
	result 0 "nor does the shared library # SKIP none was built"
fi
echo "1..$n"
