# SPDX-License-Identifier: BSD-2-Clause
"""What questions share that measure other processes: the command line and the
lines of bench/harness.h, servers, and the load that talks to them."""
import argparse
import os
import random
import re
import resource
import select
import signal
import subprocess
import sys
import time

PATIENCE = 60
# From this share of its time on, running or waiting to, the load is what sets
# the pace.
BUSY = 0.9
# From this share of its time on, waiting for a CPU, a process is disturbed.
DISTURBED = 0.1


class Failure(Exception):
    """What ends a run, in one line."""


def quantile(values, q):
    place = q * (len(values) - 1)
    below = int(place)
    if below + 1 >= len(values):
        return values[-1]
    return values[below] + (place - below) * (values[below + 1] -
                                              values[below])


def summary(values):
    """The median, and the distance of the quartiles over it."""
    values = sorted(values)
    median = quantile(values, 0.5)
    distance = quantile(values, 0.75) - quantile(values, 0.25)
    return median, distance / median if median > 0 else 0


class Bench:
    """The command line, and the lines that come out."""

    def __init__(self, question, what, rounds=5, rounds_full=15, sample=0.1):
        self.question = question
        p = argparse.ArgumentParser(prog=f"bench_{question}.py",
                                    description=what, allow_abbrev=False)
        p.add_argument("--rounds", type=int, metavar="N",
                       help="how often each contender runs at a point "
                       f"({rounds}; {rounds_full} with --full)")
        p.add_argument("--time", type=float, metavar="SECONDS",
                       default=sample, help="of a sample, about (%(default)s)")
        p.add_argument("--seed", type=int, metavar="N", default=1,
                       help="of the order of the contenders (%(default)s)")
        p.add_argument("--series", metavar="NAME", help="this series only")
        p.add_argument("--contender", metavar="PART",
                       help="those only whose name has PART in it")
        p.add_argument("--full", action="store_true",
                       help="every point, and more rounds")
        p.add_argument("--list", action="store_true",
                       help="names the series and their contenders")
        p.add_argument("--build", metavar="DIR", default="build",
                       help="where the programs were built (%(default)s)")
        self.options = o = p.parse_args()
        if o.rounds is None:
            o.rounds = rounds_full if o.full else rounds
        if o.rounds < 1 or o.time <= 0:
            p.error("rounds and time are more than nothing")
        self.rounds, self.time, self.full = o.rounds, o.time, o.full
        self.seen = set()
        self.ran = False

    def built(self, program):
        return os.path.join(self.options.build, program)

    def wants(self, series, contender=None):
        o = self.options
        return (o.series in (None, series) and
                (contender is None or (o.contender or "") in contender))

    def order(self, x, contenders):
        """A generator of shuffled lists, which the seed determines."""
        luck = random.Random(f"{self.options.seed} {x}")
        contenders = list(contenders)
        while True:
            luck.shuffle(contenders)
            yield list(contenders)

    def say(self, *fields):
        print(*fields, sep="\t", flush=True)

    def say_series(self, series, unit, x):
        if self.wants(series) and series not in self.seen:
            self.seen.add(series)
            self.say("series", self.question, series, unit, x)

    def say_sample(self, series, x, contender, number, value):
        if self.wants(series):
            self.say("sample", self.question, series, x, contender, number,
                     f"{value:.4g}")

    def say_median(self, series, x, contender, values):
        if self.wants(series):
            median, spread = summary(values)
            self.say("median", self.question, series, x, contender,
                     f"{median:.4g}", f"{spread:.3f}")

    def say_skip(self, series, x, contender, why):
        if self.wants(series):
            self.say("skip", self.question, series, x, contender, why)

    def say_note(self, key, value):
        self.say("note", self.question, key, value)

    def progress(self, text):
        print(f"{self.question}: {text}", file=sys.stderr, flush=True)

    def main(self, run):
        """Calls RUN; the exit status."""
        raise_limit()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            run(self)
        except Failure as e:
            print(f"bench_{self.question}: {e}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 1
        if self.ran:
            return 0
        print(f"bench_{self.question}: no series '{self.options.series}'; "
              "--list names them", file=sys.stderr)
        return 2


def raise_limit():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def files():
    """How many files a process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def cpus():
    """A CPU for servers and another for the load; None where it is all one."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[:2] if len(allowed) >= 2 else None


def pin(which):
    two = cpus()
    return (lambda: os.sched_setaffinity(0, {two[which]})) if two else None


class Process:
    """A program under a bound in time, and what it says."""

    def __init__(self, name, command, which, env=None, **streams):
        self.name = name
        try:
            self.p = subprocess.Popen(command, preexec_fn=pin(which),
                                      env={**os.environ, **(env or {})},
                                      stdout=subprocess.PIPE, **streams)
        except OSError as e:
            raise Failure(f"{name}: {command[0]}: {e.strerror}") from None
        self.text = b""

    def line(self):
        """The next line, or None at the end."""
        until = time.monotonic() + PATIENCE
        while b"\n" not in self.text:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.p.stdout], [], [],
                                              left)[0]:
                raise Failure(f"{self.name}: silent for {PATIENCE} seconds")
            piece = os.read(self.p.stdout.fileno(), 65536)
            if not piece:
                return None
            self.text += piece
        line, self.text = self.text.split(b"\n", 1)
        return line.decode(errors="replace")

    def wait(self):
        try:
            return self.p.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name}: does not end") from None

    def times(self):
        """How long its threads have run, and waited for a CPU that others
        had, in nanoseconds.  Of one that sleeps nothing is missing."""
        ran = waited = 0
        try:
            for thread in os.listdir(f"/proc/{self.p.pid}/task"):
                with open(f"/proc/{self.p.pid}/task/{thread}/schedstat",
                          encoding="ascii") as f:
                    fields = f.read().split()
                    ran += int(fields[0])
                    waited += int(fields[1])
        except OSError:
            raise Failure(f"{self.name}: has died; its last words: "
                          f"{self.line()}") from None
        return ran, waited

    def kill(self):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()


class Server(Process):
    """A server that says `listening on 127.0.0.1:PORT'."""

    def __init__(self, name, command, env=None):
        super().__init__(name, command, 0, env, stdin=subprocess.DEVNULL,
                         stderr=subprocess.STDOUT)
        said = ""
        try:
            while True:
                said, before = self.line(), said
                if said is None:
                    raise Failure(f"{name}: did not listen: {before}")
                at = re.search(r"listening on (127\.0\.0\.1:\d+)", said)
                if at:
                    break
        except BaseException:
            self.kill()
            raise
        self.address = at[1]

    def stop(self):
        """Asks it to end; it must, with status 0."""
        self.p.terminate()
        status = self.wait()
        if status:
            raise Failure(f"{self.name}: ended with status {status}")


class Load(Process):
    """bench/load --steps, which keeps its connections from step to step."""
    FIELDS = ("connections", "active", "messages", "size", "seconds", "cpu",
              "rate", "p50", "p90", "p99", "p99.9", "max")

    def __init__(self, program, name, server, **options):
        command = [program, "--steps", f"--timeout={PATIENCE - 10}",
                   f"--connect={server.address}"]
        for key, value in options.items():
            command.append(f"--{key}" if value is True else
                           f"--{key}={value}")
        super().__init__(name, command, 1, stdin=subprocess.PIPE,
                         stderr=subprocess.STDOUT)

    def step(self, what):
        """WHAT is a number of messages, or "all"."""
        try:
            self.p.stdin.write(f"{what}\n".encode())
            self.p.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.line() or "ended"
        fields = line.split("\t")
        if len(fields) != len(self.FIELDS):
            raise Failure(f"{self.name}: {line}")
        return dict(zip(self.FIELDS, map(float, fields)))

    def stop(self):
        """Has it prove that every connection is alive, and end."""
        self.p.stdin.close()
        said = self.line()
        status = self.wait()
        if status or said:
            raise Failure(f"{self.name}: {said}")
