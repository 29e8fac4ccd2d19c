#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The echo servers among the examples, on each backend, against a client that
# is none of ours: what it sends comes back byte by byte, then the end.
set -u
work=$(mktemp -d) || exit 1
server=
trap 'test -z "$server" || kill $server; rm -rf "$work"' EXIT
. "${srcdir:-.}/tests/tap.sh"

# refuses COMMAND...: one line that says why, nothing else, and status 2.
refuses() {
	"./examples/$@" >"$work/got" 2>"$work/log"
	test $? = 2 && ! test -s "$work/got" &&
		test "$(wc -l <"$work/log")" -eq 1
	result $? "$* is refused"
}

cat >"$work/client" <<'END'
import socket, sys, threading

port = int(sys.argv[1])

def connect():
    return socket.create_connection(("127.0.0.1", port), 20)

def pattern(seed, n):
    return bytes((seed + i * 7 + i // 251) & 255 for i in range(n))

def read_all(s):
    got = bytearray()
    while True:
        piece = s.recv(65536)
        if not piece:
            return bytes(got)
        got += piece

def say(s, data):
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)

def echoes(s, data):
    talk = threading.Thread(target=say, args=(s, data))
    talk.start()
    got = read_all(s)
    talk.join()
    s.close()
    return got == data

def one_line():
    s = connect()
    s.sendall(b"hello\n")
    got = b""
    while len(got) < 6:
        got += s.recv(6)
    s.close()
    return got == b"hello\n"

def nothing():
    return echoes(connect(), b"")

def many_bytes():
    return echoes(connect(), pattern(1, 3000000))

def deaf():
    """Fills both buffers before it reads anything."""
    s = connect()
    data = pattern(2, 8000000)
    s.settimeout(0.3)
    sent = 0
    try:
        while sent < len(data):
            sent += s.send(data[sent:sent + 65536])
    except socket.timeout:
        pass
    s.settimeout(20)
    return one_line() and echoes_rest(s, data, sent)

def echoes_rest(s, data, sent):
    talk = threading.Thread(target=say, args=(s, data[sent:]))
    talk.start()
    got = read_all(s)
    talk.join()
    s.close()
    return got == data

def at_once():
    all = [connect() for _ in range(50)]
    for i, s in enumerate(all):
        say(s, pattern(i, 1000 + i))
    return all_came(all)

def all_came(all):
    ok = True
    for i, s in enumerate(all):
        ok = read_all(s) == pattern(i, 1000 + i) and ok
        s.close()
    return ok

def reset():
    s = connect()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                 b"\1\0\0\0\0\0\0\0")
    s.sendall(pattern(3, 100000))
    s.close()
    return one_line()

for test in one_line, nothing, many_bytes, deaf, at_once, reset, one_line:
    if not test():
        sys.exit("failed: " + test.__name__)
END

# start EXAMPLE BACKEND: $port is where it listens, $server who it is.
start() {
	: >"$work/ready" # else the last one's may still be there
	PLX_BACKEND=$2 "./examples/$1" 127.0.0.1:0 >"$work/ready" \
		2>"$work/log" &
	server=$!
	port=
	tries=0
	while test -z "$port" && test $tries -lt 100; do
		port=$(sed -n "s/^$1: listening on 127.0.0.1:\([1-9]\)/\1/p" \
			"$work/ready")
		test -n "$port" || sleep 0.1
		tries=$((tries + 1))
	done
	test -n "$port"
}

refuses dispatcher_echo
refuses dispatcher_echo nowhere
refuses dispatcher_echo 127.0.0.1:0 more
refuses selector_echo
refuses selector_echo nowhere
refuses selector_echo 127.0.0.1:0 more
for example in dispatcher_echo selector_echo; do
	for backend in epoll kqueue poll select; do
		name="$example over $backend echoes what Python says"
		if ! command -v python3 >/dev/null; then
			n=$((n + 1))
			echo "ok $n - $name # SKIP no python3"
		elif ! ./echod --list-backends | grep "^$backend " |
			grep -q ' yes '; then
			n=$((n + 1))
			echo "ok $n - $name # SKIP no $backend here"
		else
			start $example $backend &&
				python3 "$work/client" "$port" >>"$work/log" 2>&1 &&
				kill -0 $server 2>>"$work/log"
			result $? "$name"
			{ kill $server && wait $server; } 2>/dev/null
			server=
		fi
	done
done
echo "1..$n"
