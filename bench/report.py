#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes report.md, and its pictures, from files of samples.

Usage: report.py [--output=DIR] [--no-plots] FILE..."""
import argparse
import os
import re
import sys
import time

import cost
import pictures
from ratios import (RANGE_MOST, ROUNDS_LEAST, SPREAD_MOST, exponent, floor_of,
                    grows, power, ratio)
from samples import BadLine, read, spread

ASKED = {
    "turn": "What an event costs when N descriptors are watched",
    "echo": "What an echoed message costs, server by server",
    "churn": "Registering, modifying, unregistering",
    "timers": "Arming, moving, cancelling and running timers",
    "tasks": "Switching, spawning, talking, standing parked",
    "memory": "Resident bytes of an idle connection",
    "start": "Whole processes, from start to end",
    "counts": "System calls and instructions of an echoed message",
}
LATENCY = re.compile(r"latency-(p[\d.]+|max)-(.+)")
INTRO = f"""\
The figures of one run on one machine. docs/performance.md tells how they are
made and why they are as they are.

- A cell is the **median of the rounds**, in brackets the distance of their
  quartiles in percent of it. Times are CPU time, user and system, if nothing
  else is said.
- A **ratio** is made within each round, to who does the same over the same raw
  call by hand (`raw …`; where there is none of the same mechanism, to
  `raw epoll`; where nothing can be written by hand, to libev). Printed is the
  median of the rounds' ratios. It is **not printed** when the rounds disagree:
  when their quartiles are more than {SPREAD_MOST} of the median apart, or the
  greatest is more than {RANGE_MOST} times the least; nor when there are fewer
  than {ROUNDS_LEAST} rounds.
- **N^e** is how the cost grows from N = 100 on: a line laid by least squares
  through the logarithms. 0 does not grow, 1 grows as N does.
"""


def table(head, rows):
    """Lines of a table: the first column to the left, figures to the right."""
    yield "| " + " | ".join(head) + " |"
    yield "|---" + "|--:" * (len(head) - 1) + "|"
    for row in rows:
        yield "| " + " | ".join(str(c) for c in row) + " |"
    yield ""


def cell(series, contender, point, marks=()):
    found = series.summary(contender, point)
    if not found:
        return "–"
    text = cost.number(found[0])
    if len(series.rounds(contender, point)) > 1:
        text += f" ({100 * spread(found):.0f} %)"
    return text + ("\\*" if (point, contender) in marks else "")


def marks_of(run, name):
    """(point, contender) of samples that say more of the load, or of what the
    machine did beside, than of the server; for rates and latencies."""
    found = re.match(r"(?:rate|latency-[^-]+)-(.+)|(.+)-rate$", name)
    if not found:
        return set()
    scenario, marks = found[1] or found[2], set()
    for key, _ in run.notes.get("echo", []):
        m = re.fullmatch(r"(?:load busy|disturbed): (.+), (\d+), (.+)", key)
        if m and m[1] == scenario:
            marks.add((int(m[2]), m[3]))
    return marks


def costs_of(run, series):
    points = series.points()
    with_power = grows(series) and any(exponent(series, c) is not None
                                       for c in series.contenders)
    head = [f"{series.unit}, by {series.x}"] + [f"{n:,}" for n in points]
    marks = marks_of(run, series.name) if series.question == "echo" else set()
    rows = []
    for c in series.contenders:
        row = [c] + [cell(series, c, n, marks) for n in points]
        if with_power:
            e = exponent(series, c)
            row.append("–" if e is None else f"N^{power(e)}")
        rows.append(row)
    yield from table(head + ["grows"] * with_power, rows)
    if any("\\*" in c for row in rows for c in row):
        yield ("\\* the load never rested, or others had the CPU, in at least "
               "one round; the notes below say in how many.")
        yield ""


def ratios_of(series, refused):
    """Appends to REFUSED what is not printed."""
    points, rows = series.points(), []
    # Bytes are no work, and by hand there may be none.
    for c in series.contenders if series.unit != "B" else ():
        floor = floor_of(c, series.contenders)
        if not floor or floor == c:
            continue
        row = [f"{c} / {floor}"]
        for n in points:
            r = ratio(series, c, floor, n)
            row.append("–" if not r.rounds else str(r))
            if r.rounds and r.value is None:
                refused.append((series.name, c, n))
        rows.append(row)
    if any(c != "–" for row in rows for c in row[1:]):
        what = " (more is better)" if series.more_is_better() else ""
        yield from table([f"ratio{what}"] + [f"{n:,}" for n in points], rows)


def skips_of(series):
    by_why = {}
    for (contender, point), why in series.skips.items():
        by_why.setdefault((contender, why), []).append(f"{point:,}")
    for (contender, why), points in by_why.items():
        yield f"- {contender} at {', '.join(points)}: left out: {why}"
    if by_why:
        yield ""


def latencies_of(run, scenario, parts):
    """One table a point: PARTS are the series by percentile."""
    first = next(iter(parts.values()))
    for point in first.points():
        yield (f"Latency of {scenario}, {point:,} connections, in "
               "microseconds of the clock:")
        yield ""
        rows = []
        for c in first.contenders:
            if not first.rounds(c, point):
                continue
            mark = "\\*" * ((point, c) in marks_of(run, first.name))
            rows.append([c + mark] + [
                cost.number(m / 1000) if (m := s.median(c, point)) else "–"
                for s in parts.values()])
        yield from table(["server", *parts], rows)


def notes_of(run, question):
    notes = [(k, v) for k, v in run.notes.get(question, [])
             if k not in ("command", "date", "took", "failed") and
             not k.startswith("exponent ")]
    plain = [n for n in notes if ": " not in n[0]]
    yield from (f"- {key}: {value}" for key, value in plain)
    if plain:
        yield ""
    single = [n for n in notes if ": " in n[0]]
    if single:
        yield f"<details><summary>{len(single)} notes on single cells"
        yield "</summary>"
        yield ""
        yield from (f"- {key}: {value}" for key, value in single)
        yield ""
        yield "</details>"
        yield ""


def series_of(run, question):
    """All tables; latencies after the rest of the scenario they belong to."""
    refused, latencies = [], {}
    for series in run.of(question):
        found = LATENCY.fullmatch(series.name)
        if found:
            latencies.setdefault(found[2], {})[found[1]] = series
            continue
        yield f"### {series.name}"
        yield ""
        yield from costs_of(run, series)
        yield from ratios_of(series, refused)
        yield from skips_of(series)
    for scenario, parts in latencies.items():
        yield f"### latency-{scenario}"
        yield ""
        yield from latencies_of(run, scenario, parts)
    if refused:
        yield (f"**Ratios that are not printed: {len(refused)}.** Their rounds "
               "disagree, so the machine was not quiet enough to tell, or are "
               "too few. More rounds (`ROUNDS=15`) or a quieter machine help.")
        yield ""


def section(run, question, drawn):
    yield f"## {question}"
    yield ""
    yield f"{ASKED.get(question, 'A question of its own')}."
    asked = [f"{key}: {value}" for key in ("command", "date", "took")
             if (value := run.note(question, key))]
    if asked:
        yield f"({'; '.join(asked)})"
    yield ""
    failed = run.note(question, "failed")
    if failed:
        yield f"**Not measured in full: {failed}.**"
        yield ""
    for name, title in drawn:
        yield f"![{question}: {title}](plots/{name}.png)"
        yield ""
        yield f"[SVG](plots/{name}.svg)"
        yield ""
    yield from series_of(run, question)
    yield from notes_of(run, question)


def report(run, drawn, missing):
    yield "# pollux: what it costs"
    yield ""
    yield INTRO
    facts = run.notes.get("machine", [])
    if facts:
        yield from table(["machine and run", ""], facts)
    if missing:
        yield f"**{missing[0].upper()}{missing[1:]}.**"
        yield ""
    yield "## What must be"
    yield ""
    yield "| what | must be | the mark to beat | seen | others, this run | |"
    yield "|---|---|---|---|---|---|"
    for row in cost.table(run):
        yield "| " + " | ".join(row.cells()) + " |"
    yield ""
    for question in run.questions():
        if question != "machine":
            yield from section(run, question, drawn.get(question, []))


def note_age(run, paths):
    """Counts are kept from run to run; the file says since when."""
    for path in paths:
        if os.path.basename(path) == "counts.tsv":
            then = time.localtime(os.path.getmtime(path))
            run.notes.setdefault("counts", []).append(
                ("date", time.strftime("%Y-%m-%d %H:%M:%S %z", then)))


def main():
    p = argparse.ArgumentParser(prog="report.py", allow_abbrev=False,
                                description=__doc__.split("\n", 1)[0])
    p.add_argument("--output", metavar="DIR", default=".",
                   help="where report.md and plots/ go (%(default)s)")
    p.add_argument("--no-plots", action="store_true", help="tables only")
    p.add_argument("files", nargs="+", metavar="FILE")
    o = p.parse_args()
    try:
        run = read(o.files)
    except (BadLine, OSError, UnicodeDecodeError) as e:
        print(f"report.py: {e}", file=sys.stderr)
        return 1
    note_age(run, o.files)
    drawn, missing = {}, "pictures were not asked for"
    if not o.no_plots:
        drawn, missing = pictures.make(run, os.path.join(o.output, "plots"))
    path = os.path.join(o.output, "report.md")
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(line + "\n" for line in report(run, drawn, missing))
    if missing:
        print(f"bench: {missing}", file=sys.stderr)
    print(f"bench: {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
