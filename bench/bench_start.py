#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long whole processes take, from start to end, by hyperfine.

`version' is the loader and little else, `countdown' two generators that take
turns, `session' a server that starts, echoes a hundred messages to ten clients
and ends as it is told.  Milliseconds of the clock, as a user waits; a sample
is the median of some runs, which are the points here."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from bench_echo import cannot, contenders
from drive import Bench, Failure

# Runs of a sample.
SHORT, LONG = 20, 5
HERE = os.path.dirname(os.path.abspath(__file__))


def commands(bench):
    """(series, runs, name, words) of all that are started."""
    nothing = [shutil.which("true") or "/bin/true"]
    yield "version", SHORT, "raw process", nothing
    yield "version", SHORT, "echod", [bench.built("echod"), "--version"]
    yield "countdown", SHORT, "raw process", nothing
    yield ("countdown", SHORT, "countdown",
           [bench.built("examples/countdown")])
    for name, words in contenders(bench):
        if name.split()[0] in ("raw", "echod"):
            yield "session", LONG, name, words


def whole(bench, series, words):
    """WORDS as they are started."""
    words = [os.path.abspath(words[0]), *words[1:]]
    if series != "session":
        return words
    return ["/bin/sh", os.path.join(HERE, "session.sh"),
            os.path.abspath(bench.built("bench/load")), *words]


def milliseconds(name, words, runs, directory):
    """The median of RUNS."""
    out = os.path.join(directory, "times.json")
    command = ["hyperfine", "-N", "--style=none", "--warmup=1",
               f"--runs={runs}", f"--export-json={out}",
               " ".join(map(quote, words))]
    try:
        done = subprocess.run(command, cwd=directory, text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60)
    except subprocess.TimeoutExpired:
        raise Failure(f"{name}: does not end") from None
    if done.returncode:
        raise Failure(f"{name}: {done.stderr.strip()}")
    with open(out, encoding="utf-8") as f:
        return 1000 * json.load(f)["results"][0]["median"]


def quote(word):
    """hyperfine takes a line apart as a shell would."""
    return "'" + word.replace("'", "'\\''") + "'"


def run_series(bench, series, entries, directory):
    """ENTRIES are (runs, name, words)."""
    values = {}
    bench.say_series(series, "ms", "runs a sample")
    there = []
    for runs, name, words in entries:
        why = cannot(bench, name, words, 0)
        if not shutil.which("hyperfine"):
            why = "hyperfine is not installed"
        if why:
            bench.say_skip(series, runs, name, why)
        else:
            there.append((runs, name, whole(bench, series, words)))
    bench.progress(f"{series}, {bench.rounds} rounds")
    orders = bench.order(series, there)
    for number in range(1, bench.rounds + 1):
        for runs, name, words in next(orders):
            value = milliseconds(name, words, runs, directory)
            bench.say_sample(series, runs, name, number, value)
            values.setdefault((runs, name), []).append(value)
    for (runs, name), found in values.items():
        bench.say_median(series, runs, name, found)


def run(bench):
    wanted = {}
    for series, runs, name, words in commands(bench):
        if bench.wants(series, name):
            wanted.setdefault(series, []).append((runs, name, words))
            bench.ran = True
    if bench.options.list:
        for series, entries in wanted.items():
            for _, name, _ in entries:
                print(f"{series}\t{name}")
        return
    bench.say_note("time", "of the clock, not of the CPU")
    with tempfile.TemporaryDirectory() as directory:
        for series, entries in wanted.items():
            run_series(bench, series, entries, directory)


if __name__ == "__main__":
    sys.exit(Bench("start", __doc__.split("\n", maxsplit=1)[0]).main(run))
