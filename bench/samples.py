# SPDX-License-Identifier: BSD-2-Clause
"""The lines of bench/harness.h, read; and what can be said about a sample."""
import statistics


# By hand first, then pollux, then the others; what comes first in a round is
# luck.
FAMILIES = ("raw", "echod", "pollux", "pollux loop", "pollux stream", "libev ",
            "libevent", "libuv", "python", "asyncio")


class BadLine(Exception):
    """A line that bench/harness.h does not know."""


class Series:
    """One series of a question: points, contenders, rounds, values."""

    def __init__(self, question, name, unit="", x="x"):
        self.question, self.name, self.unit, self.x = question, name, unit, x
        self.values = {}  # (contender, point) -> {round: value}
        self.skips = {}  # (contender, point) -> why
        self.contenders = []  # in the order of rank()

    def meet(self, contender):
        if contender not in self.contenders:
            self.contenders.append(contender)
            self.contenders.sort(key=rank)

    def add(self, point, contender, round_, value):
        self.meet(contender)
        self.values.setdefault((contender, point), {})[round_] = value

    def skip(self, point, contender, why):
        self.meet(contender)
        self.skips[contender, point] = why

    def points(self):
        return sorted({point for _, point in [*self.values, *self.skips]})

    def rounds(self, contender, point):
        """What CONTENDER took at POINT, by round; {} if it was not there."""
        return self.values.get((contender, point), {})

    def summary(self, contender, point):
        """(median, lower quartile, upper quartile), or None."""
        values = list(self.rounds(contender, point).values())
        return summary(values) if values else None

    def median(self, contender, point):
        found = self.summary(contender, point)
        return found[0] if found else None

    def more_is_better(self):
        return self.unit.endswith("/s")


class Run:
    """All lines of some files."""

    def __init__(self):
        self.series = {}  # (question, name) -> Series
        self.notes = {}  # question -> [(key, value)]

    def get(self, question, name):
        return self.series.get((question, name))

    def note(self, question, key, otherwise=None):
        """The last that was noted under KEY."""
        return dict(self.notes.get(question, [])).get(key, otherwise)

    def questions(self):
        """Those that were asked, in the order in which they were read."""
        met = [q for q, _ in self.series]
        return list(dict.fromkeys([*self.notes, *met]))

    def of(self, question):
        return [s for (q, _), s in self.series.items() if q == question]


def rank(contender):
    """By the longest name of a family that fits."""
    fits = [f for f in FAMILIES if f"{contender} ".startswith(f)]
    return (FAMILIES.index(max(fits, key=len)) if fits else len(FAMILIES),
            contender)


def quantile(sorted_values, q):
    """Between the two neighbours of a place that is none, as the harness."""
    place = q * (len(sorted_values) - 1)
    below = int(place)
    if below + 1 >= len(sorted_values):
        return sorted_values[-1]
    low, high = sorted_values[below:below + 2]
    return low + (place - below) * (high - low)


def summary(values):
    """(median, lower quartile, upper quartile)"""
    values = sorted(values)
    return (statistics.median(values), quantile(values, 0.25),
            quantile(values, 0.75))


def spread(found):
    """The distance of the quartiles over the median."""
    median, low, high = found
    return (high - low) / median if median > 0 else 0.0


def take_line(run, line):
    kind, *rest = line.split("\t")
    if kind == "series":
        question, name, unit, x = rest
        series = run.series.setdefault((question, name),
                                       Series(question, name))
        series.unit, series.x = unit, x
    elif kind == "note":
        question, key, value = rest
        run.notes.setdefault(question, []).append((key, value))
    elif kind == "sample":
        question, name, point, contender, round_, value = rest
        run.series.setdefault(
            (question, name), Series(question, name)).add(
                int(point), contender, int(round_), float(value))
    elif kind == "skip":
        question, name, point, contender, why = rest
        run.series.setdefault(
            (question, name), Series(question, name)).skip(
                int(point), contender, why)
    elif kind != "median":  # which is computed anew from the samples
        raise ValueError("no such kind of line")


def read(paths):
    """Reads files of lines; a BadLine says which one it cannot read."""
    run = Run()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                line = line.rstrip("\n")
                if not line:
                    continue
                try:
                    take_line(run, line)
                except ValueError as e:
                    raise BadLine(f"{path}:{number}: {e}: {line}") from None
    return run
