# SPDX-License-Identifier: BSD-2-Clause
"""Pictures, drawn by gnuplot: for each a script, an SVG and a PNG.

A contender has the same colour in all of them: its family's.  In curves the
mechanism makes the dashes and the points."""
import math
import os
import subprocess

from cost import number
from ratios import mechanism

FONT = "DejaVu Sans"
# The longer name first.
COLOURS = [
    ("pollux loop", "#56b4e9"), ("pollux stream", "#56b4e9"),
    ("pollux", "#0072b2"), ("echod", "#0072b2"), ("countdown", "#0072b2"),
    ("raw", "#555555"), ("libevent buffer", "#b87f00"),
    ("libevent", "#e69f00"), ("libev", "#009e73"), ("libuv taught", "#8f3f00"),
    ("libuv", "#d55e00"), ("asyncio streams", "#8a4a72"),
    ("asyncio", "#cc79a7"), ("python", "#e0a8c8"), ("ucontext", "#a0a000"),
]
# Dashes and points.
LINES = {"select": (3, 9), "poll": (2, 5), "epoll": (1, 7), "kqueue": (1, 13),
         None: (1, 11)}
WIDTH = 1000


class NoPicture(Exception):
    """Why there is none."""


def colour(contender):
    for name, value in COLOURS:
        if contender.startswith(name):
            return value
    return "#999999"


def quoted(text):
    """For gnuplot; without its marks for subscripts and the like."""
    text = text.replace("\\", "").replace('"', "'").replace("\n", "\\n")
    return f'"{text}"'


def curves(title, x, y, lines, log_x=True, tics=None):
    """A body of a script: LINES are (label, contender, [(x, y), ...])."""
    body = [f"set title {quoted(title)}", f"set xlabel {quoted(x)}",
            f"set ylabel {quoted(y)}",
            "set key outside right top reverse Left",
            "set grid lc rgb '#dddddd'", "set tics nomirror", "set border 3",
            "set logscale y", "set format y '%.0s%c'"]
    if log_x:
        body += ["set logscale x", "set format x '%.0s%c'",
                 "set offsets graph 0.02, graph 0.02, 0, 0"]
    if tics:
        pairs = ", ".join(f"{quoted(t)} {i}" for i, t in enumerate(tics))
        body += [f"set xtics ({pairs})", f"set xrange [-0.2:{len(tics) - .8}]"]
    drawn = []
    for i, (label, contender, points) in enumerate(lines):
        body += [f"$line{i} << END"]
        body += [f"{a} {b:g}" for a, b in points] + ["END"]
        dash, point = LINES[mechanism(contender)]
        drawn.append(f"$line{i} with linespoints lw 1.8 ps 0.8 dt {dash} "
                     f"pt {point} lc rgb '{colour(contender)}' "
                     f"title {quoted(label)}")
    return "\n".join(body + ["plot " + ", \\\n\t".join(drawn)]), 560


def bars(title, panels):
    """A body: PANELS are (heading, {contender: (median, low, high)}), side by
    side, each with a scale of its own."""
    names = list(dict.fromkeys(n for _, found in panels for n in found))
    height = 115 + 24 * len(names)
    left, share = 0.17, 0.82 / len(panels)
    tics = ", ".join(f"{quoted(n)} {-i}" for i, n in enumerate(names))
    body = [f"set multiplot title {quoted(title)}", "unset key",
            "set style fill solid", "set tics nomirror", "set border 3",
            f"set yrange [{0.4 - len(names)}:0.6]", f"set tmargin at screen {1 - 76 / height:.3f}",
            "set bmargin 3", "set grid xtics lc rgb '#dddddd'"]
    for i, (heading, found) in enumerate(panels):
        most = max(high for _, _, high in found.values()) or 1
        body += [f"set lmargin at screen {left + i * share:.3f}",
                 f"set rmargin at screen {left + (i + .93) * share:.3f}",
                 f"set title {quoted(heading)} font ',10'",
                 f"set xrange [0:{1.45 * most:g}]",
                 f"set xtics out {step(1.45 * most, 3)}",
                 "set format x '%.10g'",
                 f"set ytics ({tics})" if i == 0 else "unset ytics",
                 f"$panel{i} << END"]
        body += [f"{-names.index(n)} {m:g} {low:g} {high:g} "
                 f"{int(colour(n)[1:], 16)} {quoted(number(m))}"
                 for n, (m, low, high) in found.items()] + ["END"]
        body.append(f"plot $panel{i} using ($2/2):1:(0):2:($1-.36):($1+.36):5 "
                    "with boxxyerror lc rgb variable, '' using 2:1:3:4 with "
                    "xerrorbars pt 0 lc rgb 'black', '' using 4:1:6 with "
                    "labels left offset 0.6,0 font ',9'")
    return "\n".join(body + ["unset multiplot"]), height


def step(most, parts):
    """A round distance of tics, PARTS of which reach as far as MOST or
    farther: more of them would write over each other."""
    rough = most / parts
    size = 10.0 ** math.floor(math.log10(rough))
    return next(f"{factor * size:g}" for factor in (1, 2, 5, 10)
                if factor * size >= rough)


def draw(directory, name, picture):
    """Writes NAME.gp, NAME.svg and NAME.png into DIRECTORY."""
    body, height = picture
    script = []
    for terminal, kind in (("svg", "svg"), ("pngcairo", "png")):
        more = " dynamic" if kind == "svg" else ""
        script += ["reset",
                   f"set terminal {terminal} size {WIDTH},{height}{more} "
                   f"font '{FONT},11' background rgb 'white' noenhanced",
                   f"set output '{name}.{kind}'", body, "set output"]
    path = os.path.join(directory, f"{name}.gp")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(script) + "\n")
    try:
        done = subprocess.run(["gnuplot", f"{name}.gp"], cwd=directory,
                              capture_output=True, text=True, timeout=60,
                              check=False)
    except OSError as e:
        raise NoPicture(f"gnuplot: {e.strerror}") from None
    except subprocess.TimeoutExpired:
        raise NoPicture("gnuplot: does not end") from None
    if done.returncode:
        raise NoPicture("gnuplot: " + done.stderr.strip().split("\n")[-1])
