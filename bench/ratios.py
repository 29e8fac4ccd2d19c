# SPDX-License-Identifier: BSD-2-Clause
"""Ratios to a floor, round by round; and how a cost grows.

What a machine does beside falls on all contenders of a round alike, so a ratio
is made within a round, and the median of these is printed.  If they disagree,
the machine was not quiet enough to tell, and no ratio is printed at all.
"""
import math

from samples import spread, summary

# More than this, and the rounds disagree: the quartiles' distance over the
# median; the greatest over the least.
SPREAD_MOST = 0.15
RANGE_MOST = 1.5
# Fewer rounds cannot disagree, so they say nothing.
ROUNDS_LEAST = 3
# A count is what it is: once is enough.
EXACT = "counts"

MECHANISMS = ("select", "poll", "epoll", "kqueue")
GROWS_FROM = 100
GROWS_WITH = ("descriptors", "connections")


def mechanism(contender):
    """The mechanism that its name tells, or None."""
    for word in contender.split():
        if word in MECHANISMS:
            return word
    return None


def floor_of(contender, contenders):
    """By whom CONTENDER is divided: who does the same by hand, if anyone."""
    raw = [c for c in contenders if c.startswith("raw ")]
    own = f"raw {mechanism(contender)}"
    if own in raw:
        return own
    if "raw epoll" in raw:
        return "raw epoll"
    if len(raw) == 1:
        return raw[0]
    # Where nothing can be written by hand, the best of the others.
    return "libev" if "libev" in contenders and not raw else None


class Ratio:
    """A ratio, or why there is none."""

    def __init__(self, rounds, exact=False):
        """ROUNDS: the ratios of the rounds in which both took part."""
        self.rounds = sorted(rounds)
        self.value, self.why = None, None
        if not rounds:
            self.why = "not measured"
        elif len(rounds) < ROUNDS_LEAST and not exact:
            self.why = f"too few rounds ({len(rounds)})"
        elif disagree(self.rounds):
            self.why = (f"rounds disagree ({self.rounds[0]:.2f}–"
                        f"{self.rounds[-1]:.2f})")
        else:
            self.value = summary(self.rounds)[0]

    def __str__(self):
        return self.why if self.value is None else f"{self.value:.2f}"


def disagree(rounds):
    return (spread(summary(rounds)) > SPREAD_MOST or
            max(rounds) > RANGE_MOST * min(rounds))


def ratio(series, contender, floor, point):
    """What CONTENDER takes at POINT for 1 of FLOOR."""
    mine = series.rounds(contender, point)
    its = series.rounds(floor, point)
    return Ratio([mine[r] / its[r] for r in mine if its.get(r, 0) > 0],
                 series.question == EXACT)


def slope(pairs):
    """Least squares of log y on log x."""
    x = [math.log(a) for a, _ in pairs]
    y = [math.log(b) for _, b in pairs]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return (sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) /
            sum((a - mean_x) ** 2 for a in x))


def exponent(series, contender):
    """The e of cost ~ N^e from N = 100 on, or None with too few points."""
    pairs = [(n, series.median(contender, n)) for n in series.points()
             if n >= GROWS_FROM]
    pairs = [(n, cost) for n, cost in pairs if cost]
    return slope(pairs) if len(pairs) >= 3 else None


def power(e):
    """An exponent with two places, without a minus before nothing."""
    return f"{e if abs(e) >= 0.005 else 0:.2f}"


def grows(series):
    """Is the cost of SERIES asked in dependence of how many there are?"""
    return series.x in GROWS_WITH and not series.more_is_better()
