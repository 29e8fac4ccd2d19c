#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What an idle connection costs a server in resident memory.

A few connections come, talk and go, so that code and pools are there.  Then
what is resident is read, before and after so many connections have come
(`silent'), and once more when each has echoed a message at once and then has
been silent until nothing changes any more (`slept').  What the kernel keeps for
a socket belongs to no process and is not counted."""
import os
import re
import socket
import struct
import sys
import time

from bench_echo import PYTHON_ENV, cannot, contenders
from drive import Bench, Failure, Server, files

CONNECTIONS = 10000
# Descriptors of the program itself.
SPARE = 64
WARM = 20
TOGETHER = 100
MESSAGE = b"x" * 64
# echod sends who is silent for a second to sleep.
QUIET = 1.25
# Servers that go on changing are read all the same.
PATIENCE = 6


def resident(server):
    """Bytes, of one with a single process."""
    try:
        with open(f"/proc/{server.p.pid}/smaps_rollup", encoding="ascii") as f:
            return 1024 * int(re.search(r"^Rss:\s*(\d+)", f.read(), re.M)[1])
    except (OSError, TypeError):
        raise Failure(f"{server.name}: its memory cannot be read") from None


def settled(server, quiet):
    """What is resident when it has not changed for QUIET seconds."""
    last, since = resident(server), time.monotonic()
    until = since + PATIENCE
    while time.monotonic() < min(since + quiet, until):
        time.sleep(0.05)
        now = resident(server)
        if now != last:
            last, since = now, time.monotonic()
    return last


class Crowd:
    """Connections that end by a reset, so that no port is kept from whoever
    comes next."""

    def __init__(self, server, n):
        host, port = server.address.rsplit(":", 1)
        self.name, self.sockets = server.name, []
        try:
            for _ in range(n):
                s = socket.create_connection((host, int(port)), 10)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
                self.sockets.append(s)
        except OSError as e:
            self.close()
            raise Failure(f"{self.name}: connection "
                          f"{len(self.sockets) + 1}: {e}") from None

    def echo(self):
        """One message on each, some at a time: else a server that looks at
        all of them for each would take long."""
        for i in range(0, len(self.sockets), TOGETHER):
            some = self.sockets[i:i + TOGETHER]
            try:
                for s in some:
                    s.sendall(MESSAGE)
                got = [s.recv(len(MESSAGE), socket.MSG_WAITALL) for s in some]
            except OSError as e:
                raise Failure(f"{self.name}: {e}") from None
            if got != [MESSAGE] * len(some):
                raise Failure(f"{self.name}: sent back something else")

    def close(self):
        for s in self.sockets:
            s.close()


def with_crowd(server, n, work):
    crowd = Crowd(server, n)
    try:
        return work(crowd)
    finally:
        crowd.close()


def weigh(name, command, n):
    """Bytes a connection: (silent, slept)."""
    env = PYTHON_ENV if command[0] == sys.executable else None
    server = Server(name, command, env)
    try:
        with_crowd(server, WARM, Crowd.echo)
        before = settled(server, 0.2)

        def work(crowd):
            silent = settled(server, 0.3)
            crowd.echo()
            return silent, settled(server, QUIET)
        found = with_crowd(server, n, work)
        server.stop()
    finally:
        server.kill()
    return [(bytes_ - before) / n for bytes_ in found]


SERIES = ("silent", "slept")


def sample(bench, number, n, contender, values):
    """One round of one CONTENDER, kept in VALUES."""
    name, command = contender
    bench.progress(f"round {number}, {name}, {n} connections")
    for series, value in zip(SERIES, weigh(name, command, n)):
        bench.say_sample(series, n, name, number, value)
        values.setdefault((series, name), []).append(value)


def run(bench):
    n = min(CONNECTIONS, files() - SPARE)
    wanted = [c for c in contenders(bench)
              if any(bench.wants(s, c[0]) for s in SERIES)]
    if bench.options.list:
        for series in filter(bench.wants, SERIES):
            bench.ran = True
            for name, _ in wanted:
                print(f"{series}\t{name}")
        return
    if not os.path.exists("/proc/self/smaps_rollup"):
        raise Failure("no /proc/PID/smaps_rollup here: the memory of another "
                      "process cannot be read")
    for series in SERIES:
        bench.say_series(series, "B", "connections")
    bench.ran = any(map(bench.wants, SERIES))
    bench.say_note("kernel", "what it keeps for a socket is not counted")
    there, values = [], {}
    for name, command in wanted:
        why = cannot(bench, name, command, n)
        for series in SERIES if why else ():
            bench.say_skip(series, n, name, why)
        there += [(name, command)] * (not why)
    orders = bench.order("memory", there)
    for number in range(1, bench.rounds + 1):
        for contender in next(orders):
            sample(bench, number, n, contender, values)
    for (series, name), found in values.items():
        bench.say_median(series, n, name, found)


if __name__ == "__main__":
    sys.exit(Bench("memory", __doc__.split("\n", maxsplit=1)[0], 1,
                   5).main(run))
