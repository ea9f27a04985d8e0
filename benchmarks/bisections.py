"""How often a bisection decides, how often wrongly, and how many runs it takes: `python -m benchmarks.bisections`.

    python -m benchmarks.bisections [--lines 500] [--seed 1] [--most 60] [--informed]
    python -m benchmarks.bisections --grid outputs/NAME [--lines 500] [--seed 1] [--most 60]

Lines are drawn: speedups along the length of a task, of the shape that the rule assumes, of two kinds of process (some
runs are slower as a whole), of another curvature, with a kink at the crossing, not monotone, flat, and crossing outside
the range; and runs whose logarithms scatter by 3, 8 or 15 %, as Student's t with three degrees of freedom. The shipped
rule bisects each. A line is wrong if its bracket does not hold the true crossing, or if it is said to cross where it
does not, to pay everywhere, or nowhere, where it crosses. That it is flat is wrong unless its slope at the crossing is
below 0.3: 10 % longer tasks then gain 3 %. Exits with 1 if more than 5 % of the lines of a row are decided and wrong.

A line makes at most ``--most`` runs, as `hydra.sweeper.most` says.

With ``--informed`` each line makes its first run near its true crossing, as a neighbouring line could tell it at best.

With ``--grid`` the lines are those of a full grid along the length of a task that was measured with several rounds:
true is the crossing of its cells' means, interpolated in logarithms, and a run at any length between two cells is drawn
from the measured runs of the nearer one, moved by the difference of the means.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import exp, log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from breakeven.analysis.frames.load import load
from breakeven.base.errors import BadInput
from breakeven.search.bisect import ALWAYS, CROSSES, FLAT, NEVER, UNDECIDED, Bisection, Found, Rule, simulated

Floats = NDArray[np.float64]
Rng = np.random.Generator
ALLOWED = 0.05
SPREADS = (0.03, 0.08, 0.15)
RANGE_NS = (10e3, 30e6)
GRID_ROUNDS = 3
_FLAT_BELOW = 0.3
_FREEDOM = 3
_FINEST = 2000
_TOLD_OFF = 0.5  # of what an informed line is told, in logarithms


@dataclass(frozen=True)
class Line:
    """A line as it truly is: ``mean`` is the logarithm of the speedup at the logarithm of a position.

    ``crossing`` is a logarithm, None for none within the range; ``slope`` is that at the crossing.
    """

    mean: Callable[[Floats], Floats]
    crossing: float | None
    slope: float


def positions(rule: Rule, low: float = RANGE_NS[0], high: float = RANGE_NS[1]) -> list[float]:
    """Return the positions of a line, a quarter of the factor apart."""
    count = round(4 * log(high / low) / log(rule.factor)) + 1
    return [float(x) for x in np.geomspace(low, high, count)]


def full_grid(rule: Rule) -> float:
    """Return the runs of a full grid that is as fine as the factor."""
    return GRID_ROUNDS * (log(RANGE_NS[1] / RANGE_NS[0]) / log(rule.factor) + 1)


def amdahl(share: float, at: float, curve: float = 0.0) -> Callable[[Floats], Floats]:
    """Return the shape that the rule assumes, bent by ``curve`` if that is not 0."""

    def mean(x: Floats) -> Floats:
        off = x - at
        bent: Floats = -np.log(share + (1 - share) * np.exp(-off)) * (1 + curve * np.tanh(off))
        return bent

    return mean


def _within(rng: Rng) -> float:
    return float(rng.uniform(log(RANGE_NS[0]) + 0.5, log(RANGE_NS[1]) - 0.5))


def own(rng: Rng) -> Line:
    """Return a line of the shape that is assumed."""
    share, at = rng.uniform(0.25, 0.7), _within(rng)
    return Line(amdahl(share, at), at, 1 - share)


def curved(rng: Rng) -> Line:
    """Return a line that bends otherwise: steeper on one side of its crossing, less so on the other."""
    share, at = rng.uniform(0.25, 0.7), _within(rng)
    return Line(amdahl(share, at, float(rng.choice([-0.5, 0.5]))), at, 1 - share)


def kinked(rng: Rng) -> Line:
    """Return a line of two straight halves, of different slopes, that meet at the crossing."""
    left, right, at = rng.uniform(0.3, 1.0), rng.uniform(0.2, 0.6), _within(rng)

    def mean(x: Floats) -> Floats:
        bent: Floats = np.where(x < at, left * (x - at), np.minimum(right * (x - at), log(2)))
        return bent

    return Line(mean, at, min(left, right))


def wavy(rng: Rng) -> Line:
    """Return a line that goes up and down a little on its way, and is steep enough to cross 1 once."""
    share, at = rng.uniform(0.25, 0.6), _within(rng)
    height, length, phase = rng.uniform(0.02, 0.06), rng.uniform(0.8, 2.5), rng.uniform(0, 2 * np.pi)
    shape = amdahl(share, at)

    def mean(x: Floats) -> Floats:
        wave = height * np.sin(2 * np.pi * (x - at) / length + phase)
        found: Floats = shape(x) + wave
        return found

    fine = np.linspace(at - 1.0, at + 1.0, _FINEST)
    return Line(mean, _crossing(fine, mean(fine)), 1 - share)


def level(rng: Rng) -> Line:
    """Return a line that hardly gains."""
    share, at = rng.uniform(0.8, 0.95), _within(rng)
    return Line(amdahl(share, at), at, 1 - share)


def outside(rng: Rng) -> Line:
    """Return a line that crosses below its range, or above."""
    share = rng.uniform(0.25, 0.7)
    beyond = rng.uniform(0.4, 2.0)
    at = float(rng.choice([log(RANGE_NS[0]) - beyond, log(RANGE_NS[1]) + beyond]))
    return Line(amdahl(share, at), None, 1 - share)


def _crossing(x: Floats, y: Floats) -> float | None:
    """Return where a curve passes 0 upwards for the last time; None if it does not."""
    ups = np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))
    if not len(ups):
        return None
    place = int(ups[-1])
    share = -y[place] / (y[place + 1] - y[place])
    return float(x[place] + share * (x[place + 1] - x[place]))


KINDS: dict[str, Callable[[Rng], Line]] = {
    "own shape": own,
    "two kinds": own,
    "curved": curved,
    "kinked": kinked,
    "wavy": wavy,
    "flat": level,
    "outside": outside,
}
_KIND_OFF = 0.7  # by so much of the spread is a process of either kind off the mean of both


@dataclass(frozen=True)
class Row:
    """What bisections of one kind came to: shares of all lines, and the median and the most runs."""

    crosses: float
    decided: float
    wrong: float
    runs: float
    most: float
    reached: float

    def text(self, grid_runs: float) -> str:
        """Return it as columns."""
        return (
            f"{self.crosses:8.1%} {self.decided:8.1%} {self.wrong:7.1%} {self.runs:6.0f} {self.most:4.0f} "
            f"{self.runs / grid_runs:14.0%} {self.reached:8.2f}"
        )


HEADER = " crosses  decided   wrong   runs  p90  of the grid's  bracket"


def summed(found: list[Found], wrong: list[bool]) -> Row:
    """Sum up what bisections found."""
    runs = [one.runs for one in found]
    return Row(
        crosses=float(np.mean([one.word == CROSSES for one in found])),
        decided=float(np.mean([one.word != UNDECIDED for one in found])),
        wrong=float(np.mean(wrong)),
        runs=float(np.median(runs)),
        most=float(np.quantile(runs, 0.9)),
        reached=float(np.median([one.high / one.low for one in found])),
    )


def is_wrong(found: Found, crossing: float | None, slope: float) -> bool:
    """Return whether what was decided is not so."""
    if found.word == UNDECIDED:
        return False
    if found.word == FLAT:
        return crossing is not None and slope >= _FLAT_BELOW
    if found.word in {ALWAYS, NEVER} or crossing is None:
        return (crossing is not None) or found.word == CROSSES
    return not found.low <= exp(crossing) <= found.high


class Informed(Bisection):
    """A line that is given its crossing, with an error, and makes its first run there."""

    told: float | None = None

    def next(self) -> int | None:
        """Return the position nearest to the hint for the first run, later that of the rule."""
        if self.told is None or self.runs:
            return super().next()
        return int(np.abs(np.log(np.array(self.positions)) - self.told).argmin())


def drawn(
    kind: str, spread: float, *, lines: int, seed: int, informed: bool = False, most: int = Rule.most
) -> Row:
    """Bisect lines of one kind."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind), round(100 * spread)])
    rule = Rule(most=most)
    places, found, wrong = positions(rule), [], []
    for number in range(lines):
        line = KINDS[kind](rng)
        means = line.mean(np.log(np.array(places)))
        bisection = Informed(places, rule, number)
        if informed and line.crossing is not None:
            bisection.told = line.crossing + float(np.random.default_rng([seed, number]).normal(0, _TOLD_OFF))
        found.append(simulated(bisection, _runs(kind, means, spread, rng)))
        wrong.append(is_wrong(found[-1], line.crossing, line.slope))
    return summed(found, wrong)


def _runs(kind: str, means: Floats, spread: float, rng: Rng) -> Callable[[int], float]:
    """Return a function that makes a run at a position; means of two kinds average to the line's."""
    two = kind == "two kinds"

    def run(number: int) -> float:
        off = rng.standard_t(_FREEDOM) / np.sqrt(_FREEDOM)
        if two:
            off = np.sqrt(1 - _KIND_OFF**2) * off + _KIND_OFF * float(rng.choice([-1.0, 1.0]))
        return exp(means[number] + spread * off)

    return run


@dataclass(frozen=True)
class Measured:
    """A line of a grid that was measured.

    Logarithms of its lengths, of its cells' mean speedups, and each cell's runs about its mean.
    """

    name: str
    at: Floats
    means: Floats
    off: list[Floats]

    @property
    def spread(self) -> float:
        """Return the standard deviation of a run."""
        return float(np.std(np.concatenate(self.off), ddof=len(self.off)))


def measured(folder: Path) -> Iterator[Measured]:
    """Yield the lines of a grid along the length of a task; raise BadInput."""
    runs = load(folder).runs
    runs = runs[runs["status"].eq("ok") & runs["speedup"].gt(0)]
    names = ["workload", "model", "ipc", "workers", "payload_bytes"]
    for key, cells in runs.groupby(names, sort=False):
        lengths = sorted(cells["task_ns"].unique())
        values = [np.log(cells.loc[cells["task_ns"].eq(one), "speedup"].to_numpy(float)) for one in lengths]
        means = np.array([one.mean() for one in values])
        rounds = [len(one) for one in values]
        off = [
            (one - one.mean()) * np.sqrt(count / max(count - 1, 1))
            for one, count in zip(values, rounds, strict=True)
        ]
        yield Measured(" ".join(map(str, key)), np.log(np.array(lengths, float)), means, off)


def resampled(line: Measured, *, lines: int, seed: int, most: int = Rule.most) -> Row:
    """Bisect a measured line many times."""
    rng, rule = np.random.default_rng(seed), Rule(most=most)
    places = positions(rule, exp(line.at[0]), exp(line.at[-1]))
    x = np.log(np.array(places))
    means = np.interp(x, line.at, line.means)
    nearest = np.abs(x[:, None] - line.at[None, :]).argmin(axis=1)
    truth = _crossing(line.at, line.means)
    slope = 0.0 if truth is None else _slope(line, truth)

    def run(number: int) -> float:
        return exp(means[number] + rng.choice(line.off[nearest[number]]))

    found = [simulated(Bisection(places, rule, number), run) for number in range(lines)]
    return summed(found, [is_wrong(one, truth, slope) for one in found])


def _slope(line: Measured, at: float) -> float:
    """Return the slope over a factor of e about a crossing."""
    ends = np.interp([at - 0.5, at + 0.5], line.at, line.means)
    return float(ends[1] - ends[0])


def simulate(options: argparse.Namespace) -> int:
    """Print a row for each kind of line; return 1 if one is wrong too often."""
    print(f"kind       spread {HEADER}")
    wrong = []
    for kind, spread in product(KINDS, SPREADS):
        row = drawn(
            kind,
            spread,
            lines=options.lines,
            seed=options.seed,
            informed=options.informed,
            most=options.most,
        )
        wrong.append(row.wrong)
        print(f"{kind:10} {spread:6.2f} {row.text(full_grid(Rule()))}", flush=True)
    return int(max(wrong) > ALLOWED)


def resample(options: argparse.Namespace) -> int:
    """Print a row for each line of a grid; return 1 if they are wrong too often, all together."""
    wrong = []
    for line in measured(options.grid):
        row = resampled(line, lines=options.lines, seed=options.seed, most=options.most)
        truth = _crossing(line.at, line.means)
        wrong.append(row.wrong)
        there = "none" if truth is None else f"{exp(truth) / 1e3:.4g} us"
        grid = sum(map(len, line.off))
        print(f"{line.name}: crosses at {there}, spread {line.spread:.3f}, {grid} runs in the grid\n{HEADER}")
        print(row.text(full_grid(Rule())), flush=True)
    if not wrong:
        raise BadInput(f"{options.grid}: holds no run with a speedup; name the folder of a grid along task")
    print(f"wrong in all: {np.mean(wrong):.1%}")
    return int(float(np.mean(wrong)) > ALLOWED)


def main() -> int:
    """Print what bisections came to; return 1 if they are wrong too often."""
    parser = argparse.ArgumentParser(description="How often a bisection decides, and how often wrongly.")
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=Rule.most, help="runs of a line, at most")
    parser.add_argument("--informed", action="store_true", help="begin each line near its true crossing")
    parser.add_argument("--grid", type=Path, help="the results folder of a full grid along task")
    options = parser.parse_args()
    return simulate(options) if options.grid is None else resample(options)


if __name__ == "__main__":
    raise SystemExit(main())
