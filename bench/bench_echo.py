#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What an echoed message costs: echod on each mechanism, servers written by
hand over the raw calls, and those of other libraries.

Each server has a CPU, the load has another.  All servers of a point hold their
connections all the time, and one at a time is talked to, in rounds.  The CPU
time is that which the system accounts to the server, in the kernel, too."""
import os
import subprocess
import sys

from drive import (BUSY, DISTURBED, Bench, Failure, Load, Server, cpus,
                   files)

# Descriptors of a server beside its connections.
SPARE = 64
# Messages by which a sample's length is found.
TRIAL = 1000
# Messages of each connection before a sample.  While others had their turn it
# was silent, and a server may have put away what it does not need then.
AWAKE = 3
# connect-echo-close: connections of a sample, so that those that the system
# remembers for a minute stay few beside the ports it has.
CYCLES = 500

# asyncio reads into 256 KiB, which glibc maps and unmaps for each message until
# something large was freed once; so its figure depends on what came before.
# With these it is as if that had happened, which is the better for it.
PYTHON_ENV = {"MALLOC_MMAP_THRESHOLD_": "1048576",
              "MALLOC_TRIM_THRESHOLD_": "4194304"}

PERCENTILES = ("p50", "p90", "p99", "p99.9", "max")


class Scenario:
    """A way to talk.  POINTS are numbers of connections, of which ACTIVE at
    the most speak; MORE come with --full."""

    def __init__(self, name, points, more=(), active=100000, **load):
        self.name, self.points, self.more = name, points, more
        self.active, self.load = active, load

    def series(self):
        if self.load.get("reconnect"):
            return [(self.name, "ns"), (f"{self.name}-rate", "/s")]
        return ([(f"cpu-{self.name}", "ns"), (f"rate-{self.name}", "/s")] +
                [(f"latency-{p}-{self.name}", "ns") for p in PERCENTILES])

    def values(self, cpu, result):
        """In the order of series()."""
        both = [cpu / result["messages"], result["rate"]]
        if self.load.get("reconnect"):
            return both
        return both + [result[p] for p in PERCENTILES]


SCENARIOS = [
    Scenario("64B", (1, 50, 1000), size=64),
    Scenario("64B-100-speak", (10000,), (1000, 18000), active=100, size=64),
    Scenario("16KiB", (50,), (1, 1000), size=16384),
    Scenario("64B-pipelined", (50,), (1, 1000), size=64, pipeline=16),
    Scenario("connect-echo-close", (10,), (1, 50), size=64, reconnect=True),
]

MECHANISMS = ("epoll", "poll", "select")
PEERS = [
    ("libev", "serve_libev", ""),
    ("libevent", "serve_libevent", "--plain"),
    ("libevent bufferevent", "serve_libevent", "--bufferevent"),
    ("libuv tuned", "serve_libuv", "--tuned"),
    ("libuv taught", "serve_libuv", "--taught"),
]
PYTHON = [
    ("python selectors", "--selectors"),
    ("asyncio", "--asyncio"),
    ("asyncio streams", "--asyncio-streams"),
]


def lacking(bench):
    """The mechanisms that echod names, but cannot use."""
    try:
        r = subprocess.run([bench.built("echod"), "--list-backends"],
                           stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    words = [line.split() for line in r.stdout.splitlines()]
    there = [w[0] for w in words if len(w) > 1 and w[1] == "yes"]
    return [m for m in MECHANISMS if there and m not in there]


def contenders(bench):
    """Pairs of name and command."""
    here = os.path.dirname(os.path.abspath(__file__))
    all_of_them = [
        (f"echod {m}", [bench.built("echod"), "--listen=127.0.0.1:0",
                        f"--backend={m}"]) for m in MECHANISMS]
    all_of_them += [
        ("pollux stream", [bench.built("bench/serve_pollux")])]
    all_of_them += [
        (f"raw {m}", [bench.built("bench/floor_epoll"), "--port=0",
                      f"--mechanism={m}"]) for m in MECHANISMS]
    all_of_them += [
        (name, [bench.built("bench/" + program)] + mode.split())
        for name, program, mode in PEERS]
    all_of_them += [
        (name, [sys.executable, os.path.join(here, "serve_python.py"), mode])
        for name, mode in PYTHON]
    return all_of_them


class Entry:
    """A contender at a point: its server, the load on it, its samples."""

    def __init__(self, bench, scenario, connections, name, command):
        self.bench, self.scenario, self.x = bench, scenario, connections
        self.name, self.load = name, None
        self.samples, self.busy, self.disturbed = [], [], []
        env = PYTHON_ENV if command[0] == sys.executable else None
        self.server = Server(name, command, env)
        try:
            self.load = Load(
                bench.built("bench/load"), f"{name}: load", self.server,
                connections=connections,
                active=min(scenario.active, connections), **scenario.load)
            # Now all of them have been accepted.
            self.load.step("all")
            self.messages = self.find_length()
        except BaseException:
            self.kill()
            raise

    def find_length(self):
        if self.scenario.load.get("reconnect"):
            return CYCLES
        rate = self.load.step(TRIAL)["rate"]
        # The trial was short and cold.
        rate = self.load.step(max(1, int(rate * self.bench.time / 4)))["rate"]
        return max(1, int(rate * self.bench.time))

    def sample(self, number):
        if not self.scenario.load.get("reconnect"):
            self.load.step(AWAKE * min(self.scenario.active, self.x))
        before = self.server.times() + self.load.times()
        result = self.load.step(self.messages)
        after = self.server.times() + self.load.times()
        cpu, kept, ran, waited = (b - a for a, b in zip(before, after))
        values = self.scenario.values(cpu, result)
        self.samples.append(values)
        self.busy.append((ran + waited) / 1e9 / result["seconds"])
        self.disturbed.append(max(kept, waited) / 1e9 / result["seconds"])
        for (series, _), value in zip(self.scenario.series(), values):
            self.bench.say_sample(series, self.x, self.name, number, value)

    def say_share(self, what, shares, limit, text):
        """A note if one of SHARES is at the LIMIT or above."""
        rounds = sum(s >= limit for s in shares)
        if rounds:
            self.bench.say_note(
                f"{what}: {self.scenario.name}, {self.x}, {self.name}",
                f"{text} in {rounds} of {len(shares)} rounds, up to "
                f"{100 * max(shares):.0f} % of the time")

    def finish(self):
        self.load.stop()
        self.server.stop()
        columns = zip(*self.samples)
        for (series, _), values in zip(self.scenario.series(), columns):
            self.bench.say_median(series, self.x, self.name, values)
        self.say_share("load busy", self.busy, BUSY,
                       "the load never rested, so rate and latency are its "
                       "own,")
        self.say_share("disturbed", self.disturbed, DISTURBED,
                       "others had the CPU, so rate and latency are worse,")

    def kill(self):
        if self.load:
            self.load.kill()
        self.server.kill()


def cannot(bench, name, command, connections):
    """Why a server is left out, or None."""
    if not os.path.exists(command[0]):
        return "not built"
    if name in [f"echod {m}" for m in lacking(bench)]:
        return "not among the mechanisms of this echod"
    if connections + SPARE > files():
        return f"only {files()} descriptors are allowed"
    return None


def open_all(bench, scenario, x, entries):
    """Appends to ENTRIES, which are there to be killed if one fails."""
    for name, command in contenders(bench):
        if not any(bench.wants(s, name) for s, _ in scenario.series()):
            continue
        why = cannot(bench, name, command, x)
        if not why:
            entries.append(Entry(bench, scenario, x, name, command))
            continue
        for series, _ in scenario.series():
            bench.say_skip(series, x, name, why)


def run_point(bench, scenario, x):
    entries = []
    try:
        open_all(bench, scenario, x, entries)
        orders = bench.order(f"{scenario.name} {x}", entries)
        for number in range(1, bench.rounds + 1):
            for entry in next(orders):
                entry.sample(number)
        for entry in entries:
            entry.finish()
    finally:
        for entry in entries:
            entry.kill()


def say_notes(bench):
    two = cpus()
    bench.say_note("cpus", f"servers on {two[0]}, load on {two[1]}" if two
                   else "servers and load share what there is")
    bench.say_note("64B-100-speak", "of the connections 100 speak, or all if "
                   "there are fewer; all servers hold theirs at the same time")
    bench.say_note("64B-pipelined", "16 messages outstanding per connection; "
                   "everywhere else one")
    bench.say_note("asyncio", "with " + " ".join(
        f"{k}={v}" for k, v in PYTHON_ENV.items()) + ", else glibc maps "
        "memory for each message until something large was freed once")
    bench.say_note("latency", "of a load that sends when the last answer has "
                   "come: what waits in a queue is as much as speaks")


def run(bench):
    if not os.path.exists("/proc/self/schedstat"):
        raise Failure("no /proc/PID/schedstat here: the CPU time of another "
                      "process cannot be read")
    for scenario in SCENARIOS:
        wanted = [s for s in scenario.series() if bench.wants(s[0])]
        if not wanted:
            continue
        if bench.options.list:
            bench.ran = True
            for series, _ in wanted:
                for name, _ in contenders(bench):
                    print(f"{series}\t{name}")
            continue
        if not bench.ran:
            say_notes(bench)
        bench.ran = True
        for series, unit in wanted:
            bench.say_series(series, unit, "connections")
        points = scenario.points + (scenario.more if bench.full else ())
        for x in sorted(points):
            bench.progress(f"{scenario.name}, {x} connections")
            run_point(bench, scenario, x)


if __name__ == "__main__":
    sys.exit(Bench("echo", __doc__.split("\n", maxsplit=1)[0]).main(run))
