# SPDX-License-Identifier: BSD-2-Clause
"""Which pictures are drawn of a run."""
import os
import shutil

from plots import NoPicture, bars, curves, draw
from ratios import exponent, grows, power

# Panels of a picture: (series, point); without a point the greatest.
PANELS = {
    "timers": [("every operation", "operations",
                [("insert", None), ("cancel", None), ("rearm", None),
                 ("expire", None)])],
    "tasks": [("switches and ends", "times",
               [("switch", 2), ("spawn", None), ("channel", None)]),
              ("memory", "parked", [("parked", None)])],
    "memory": [("resident memory of an idle connection", "idle",
                [("silent", None), ("slept", None)])],
    "start": [("a short session of echo, whole", "session",
               [("session", None)])],
    "echo": [("messages of 64 bytes", "rate",
              [("rate-64B", 1), ("rate-64B", 50), ("rate-64B", 1000)]),
             ("messages otherwise", "rate-otherwise",
              [("rate-16KiB", 50), ("rate-64B-pipelined", 50),
               ("rate-64B-100-speak", None)]),
             ("CPU time of the server per message", "cpu",
              [("cpu-64B", 50), ("cpu-16KiB", 50),
               ("cpu-64B-100-speak", None)]),
             ("connect, echo, close", "connect",
              [("connect-echo-close", None),
               ("connect-echo-close-rate", None)])],
}
PERCENTILES = ("p50", "p90", "p99", "p99.9", "max")


def panel(run, question, name, point):
    """(heading, {contender: (median, low, high)}), or None if there is
    nothing of it."""
    series = run.get(question, name)
    if not series or not series.values:
        return None
    if point is None:
        point = max(n for _, n in series.values)
    found = {c: series.summary(c, point) for c in series.contenders}
    found = {c: s for c, s in found.items() if s}
    heading = f"{name}, {series.unit}\n{point:,} {series.x}"
    return (heading, found) if found else None


def bars_of(run, question):
    """Names and pictures."""
    for title, stem, wanted in PANELS.get(question, ()):
        panels = [panel(run, question, *which) for which in wanted]
        panels = [p for p in panels if p]
        if panels:
            yield (f"{question}-{stem}", title,
                   bars(f"{question}: {title} (bars are medians, whiskers "
                        "quartiles)", panels))


def growth_of(run, question):
    """Log-log curves of what grows with the number of descriptors."""
    for series in run.of(question):
        if not grows(series) or len(series.points()) < 3:
            continue
        lines = []
        for c in series.contenders:
            points = [(n, series.median(c, n)) for n in series.points()]
            points = [(n, m) for n, m in points if m]
            e = exponent(series, c)
            label = c if e is None else f"{c}  N^{power(e)}"
            if points:
                lines.append((label, c, points))
        if lines:
            yield (f"{question}-{series.name}", series.name, curves(
                f"{question}: {series.name}, cost against {series.x}",
                series.x, f"{series.unit} of CPU time an operation", lines))


def latency_of(run, point=50):
    """A curve over the percentiles for each server."""
    parts = [run.get("echo", f"latency-{p}-64B") for p in PERCENTILES]
    if not all(parts):
        return
    lines = []
    for c in parts[0].contenders:
        values = [p.median(c, point) for p in parts]
        if all(values):
            lines.append((c, c, [(i, v / 1000) for i, v in enumerate(values)]))
    if lines:
        yield ("echo-latency", "latency", curves(
            f"echo: latency of 64 bytes, {point} connections",
            "percentile of the messages", "microseconds", lines, False,
            PERCENTILES))


def pictures_of(run, question):
    if question == "echo":
        yield from bars_of(run, question)
        yield from latency_of(run)
    elif question in PANELS:
        yield from bars_of(run, question)
    else:
        yield from growth_of(run, question)


def make(run, directory):
    """Draws all; {question: [(name, title)]}, and why some are missing."""
    made = {}
    if not shutil.which("gnuplot"):
        return made, "gnuplot is not installed, so there are no pictures"
    os.makedirs(directory, exist_ok=True)
    try:
        for question in run.questions():
            for name, title, picture in pictures_of(run, question):
                draw(directory, name, picture)
                made.setdefault(question, []).append((name, title))
    except NoPicture as e:
        return made, f"not all pictures could be drawn: {e}"
    return made, None
