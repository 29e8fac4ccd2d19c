# SPDX-License-Identifier: BSD-2-Clause
"""The table of what things must cost, beside what this run has seen."""
from ratios import EXACT, Ratio, ratio

MET, MISSED = "met", "missed"
UNKNOWN = "not measured in this run"
# Of the peers those by which a reader will go, in this order.
PEERS = ("libev", "libev epoll", "libevent", "libevent epoll", "libuv",
         "libuv tuned", "libuv taught", "asyncio")
TIMERS = ("insert", "cancel", "rearm", "expire")
BY_COUNT = ("asserted by `make check`, not a question of `make bench`")


def number(value):
    """Three digits, or all of those before the point."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def with_unit(value, unit):
    return f"{number(value)} {unit}".strip()


class Row:
    """What must cost how much; SEEN and PEERS are filled in by a run."""

    def __init__(self, what, must, mark):
        self.what, self.must, self.mark = what, must, mark
        self.seen, self.peers, self.verdict = [], [], UNKNOWN
        self.good, self.bad, self.unsure = 0, 0, 0
        self.partly = False  # something is missing that belongs to it

    def take(self, text, value, limit, strictly=False):
        """VALUE is a number, a Ratio or None (which there was nothing of)."""
        if isinstance(value, Ratio):
            text = f"{text} {value}"
            if value.value is None:
                self.unsure += 1
                self.seen.append(text)
                return
            value = value.value
        if value is None:
            return
        fits = value < limit if strictly else value <= limit
        self.good += fits
        self.bad += not fits
        self.seen.append(text)

    def judge(self):
        """Missed once is missed; and met is what nothing speaks against."""
        if self.bad:
            self.verdict = MISSED
        elif self.unsure:
            self.verdict = "cannot be told: rounds disagree or are too few"
        elif self.good:
            self.verdict = MET + " as far as measured" * self.partly
        return self

    def cells(self):
        return [self.what, self.must, self.mark, "; ".join(self.seen) or "–",
                "; ".join(self.peers) or "–", self.verdict]


def values_of(row, run, where, contenders, limit):
    """Medians at all points, judged by LIMIT."""
    series = run.get(*where)
    for contender in contenders if series else ():
        for n in series.points():
            value = series.median(contender, n)
            if value is not None:
                row.take(f"{contender} {with_unit(value, series.unit)} "
                         f"({n:,} {series.x})", value, limit)


def peers_at(row, run, where, point, names=PEERS, floor=None):
    """Medians of others at POINT; of FLOOR's, if that is given."""
    series = run.get(*where)
    for name in names if series else ():
        if not series.rounds(name, point):
            continue
        value = (ratio(series, name, floor, point) if floor else
                 with_unit(series.median(name, point), series.unit))
        row.peers.append(f"{name} {value}")


def worst_ratio(row, run, wheres, pair, limit, least=0):
    """The greatest ratio of PAIR over all points from LEAST on."""
    contender, floor = pair
    found = []
    for where in wheres:
        series = run.get(*where)
        for n in series.points() if series else ():
            r = ratio(series, contender, floor, n)
            if n >= least and r.rounds:
                found.append((r, n))
    if not found:
        row.partly = True
        return
    known = [(r, n) for r, n in found if r.value is not None]
    for r, n in known:
        row.good += r.value <= limit
    above = [(r, n) for r, n in known if r.value > limit]
    row.bad += len(above)
    row.unsure += len(found) - len(known)
    if known:
        r, n = max(known, key=lambda one: one[0].value)
        row.seen.append(f"{contender} at most {r} (at {n:,})")
    if len(known) < len(found):
        row.seen.append(f"{contender}: {len(found) - len(known)} of "
                        f"{len(found)} ratios not printed")


def counted(run, series, what, must, mark, limit):
    row = Row(what, must, mark)
    where = (EXACT, series)
    values_of(row, run, where, ["echod epoll"], limit)
    peers_at(row, run, where, 50, ("raw epoll", "libev"))
    return row.judge()


def echo_rows(run):
    row = Row("CPU per echoed message, of hand-written epoll, 50 connections",
              "≤ 1.03", "libev 1.00–1.03, libuv as taught 1.79")
    where = ("echo", "cpu-64B")
    series = run.get(*where)
    for name in ("echod epoll", "pollux stream") if series else ():
        if series.rounds(name, 50):
            row.take(name, ratio(series, name, "raw epoll", 50), 1.03)
    peers_at(row, run, where, 50, floor="raw epoll")
    yield row.judge()
    row = Row("echod on select and poll, of hand-written ones", "≤ 1.05",
              "–")
    for name in "select", "poll":
        worst_ratio(row, run, [where, ("echo", "cpu-64B-100-speak")],
                    (f"echod {name}", f"raw {name}"), 1.05)
    yield row.judge()


def task_rows(run):
    row = Row("switch of tasks (a resume and a yield are two)", "≤ 3 ns",
              "libaco 4 ns; floor 2.2 ns")
    values_of(row, run, ("tasks", "switch"), ["pollux"], 3)
    peers_at(row, run, ("tasks", "switch"), 2, ("raw switch", "ucontext"))
    yield row.judge()
    row = Row("spawn and end of a task", "≤ 50 ns",
              "libdill 46, libaco 52 ns")
    values_of(row, run, ("tasks", "spawn"), ["pollux"], 50)
    yield row.judge()
    row = Row("parked task, resident and page tables", "≤ 4,400 B",
              "state-threads 4,304 B, unguarded")
    series = run.get("tasks", "parked")
    values_of(row, run, ("tasks", "parked"),
              [c for c in series.contenders if c.startswith("pollux")]
              if series else [], 4400)
    yield row.judge()


def memory_row(run):
    row = Row("idle connection of echod, asleep", "≤ 300 B", "libuv 270 B")
    where = ("memory", "slept")
    series = run.get(*where)
    if series:
        values_of(row, run, where, [c for c in series.contenders
                                    if c.startswith("echod ")], 300)
        peers_at(row, run, where, max(series.points()))
    return row.judge()


def timer_row(run):
    row = Row("timers at one million: insert, cancel, re-arm, expire",
              "below libev in each", "27, 87, 170, 430 ns")
    for name in TIMERS:
        series = run.get("timers", name)
        if not series or not series.rounds("pollux", 1000000):
            row.partly = True
            continue
        value = series.median("pollux", 1000000)
        row.take(f"{name} {with_unit(value, series.unit)}, of libev",
                 ratio(series, "pollux", "libev", 1000000), 1, True)
        peers = [f"{p} {number(series.median(p, 1000000))}" for p in PEERS
                 if series.rounds(p, 1000000)]
        row.peers.append(f"{name}: {', '.join(peers)}")
    return row.judge()


def turn_row(run):
    row = Row("one ready among 100, 1,000, 10,000 and more, each backend",
              "≤ 1.05 of its raw call at each", "–")
    where = ("turn", "one-ready")
    for name in "select", "poll", "epoll":
        worst_ratio(row, run, [where], (f"pollux {name}", f"raw {name}"),
                    1.05, 100)
    series = run.get(*where)
    if series:
        peers_at(row, run, where, max(series.points()), floor="raw epoll")
    return row.judge()


def asserted(what):
    row = Row(what, "0", "–")
    row.verdict = BY_COUNT
    return row


def table(run):
    """All rows, judged."""
    yield counted(run, "calls", "system calls per echoed message, epoll, 50 "
                  "connections", "≤ 2.03", "raw epoll 2.02", 2.03)
    yield counted(run, "instructions", "instructions of the program per "
                  "echoed message, epoll, 50 connections", "≤ 150",
                  "libev 155, raw epoll 44", 150)
    yield from echo_rows(run)
    yield from task_rows(run)
    yield memory_row(run)
    yield timer_row(run)
    yield turn_row(run)
    yield asserted("allocations per message, per wait, per turn")
    yield asserted("wake-ups of an idle program")
