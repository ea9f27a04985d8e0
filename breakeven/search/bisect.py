"""Find where the speedups of a line cross 1 without measuring all of the line.

A task of length t takes t on its own and, in parallel, a fixed cost and a share of t that workers do not shorten, so
that 1 / speedup = A + B / t (Amdahl, *Validity of the single processor approach*, AFIPS 1967, with a cost for each
task). With x = log t and the crossing at x0 the logarithm of the speedup is f(x) = -log(A + (1 - A) exp(x0 - x)). The
posterior over x0, A and the spread of runs is computed on a grid, with Student's t for runs that are far off (Lange,
Little and Taylor, *Robust statistical modeling using the t distribution*, JASA 1989). Far from the crossing the shape
counts for less, so that the answer does not hang on it. The first runs are made where the posterior has its median,
later ones at its outer quantiles in turn, so that both sides of the crossing are measured. `benchmarks.bisections`
shows what the rule decides, and how often it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from random import Random
from statistics import median

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

CROSSES, ALWAYS, NEVER, FLAT, FAILED, UNDECIDED = (
    "crosses",
    "always",
    "never",
    "flat",
    "failed",
    "undecided",
)
"""What a line is found to do: to cross 1 within a bracket, to pay at all positions or at none, to stay so close to 1
that no position stands out, to have runs that fail, or nothing yet."""

_STEPS = 8  # of the grid of crossings within the factor that is asked for
_BEYOND = 2.2  # how far beyond the range, in logarithms, the crossing may lie
_SHARES = np.array([-0.5, 0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.87, 0.93, 0.97])  # A
_SPREADS = np.array([0.02, 0.04, 0.07, 0.12, 0.2, 0.35])
_LOOSE = 0.12  # by this share of its distance from the crossing may a run be off the shape
_FREEDOM = 6  # of Student's t
_FIRST, _FEWEST, _BEFORE_FLAT = 3, 6, 18
_SURE, _FLAT_SURE, _FLAT_FROM = 0.95, 0.95, 0.75
_LOW, _HIGH = 0.2, 0.8  # quantiles at which later runs are made
_LEAST_SHARE = exp(-3)  # no speedup beyond 20 is expected
_HIDDEN = 0.01  # so far may the mean of a run's logarithm be off, which moves the crossing of a flat line
_EACH_SIDE = 2
_MOST_FAILURES = 2


@dataclass(frozen=True)
class Rule:
    """What is asked for: a bracket no wider than ``factor`` at 95 %, with at most so many runs a line.

    ``larger_pays``: larger positions have larger speedups, as longer tasks do and larger messages do not.
    """

    factor: float = 1.25
    most: int = 60
    larger_pays: bool = True


@dataclass(frozen=True)
class Found:
    """What is known of a line: one of the words above, the 95 % bracket of its crossing, and its runs.

    Runs that failed are included.
    """

    word: str
    low: float
    high: float
    runs: int

    @property
    def middle(self) -> float:
        """Return the middle of the bracket, by ratio."""
        return float(np.sqrt(self.low * self.high))


class Bisection:
    """One line, which can be measured at ``positions``, such as ns; ``seed`` moves runs off the quantiles a little."""

    def __init__(self, positions: Sequence[float], rule: Rule, seed: int = 0) -> None:
        self.positions = tuple(positions)
        self.rule = rule
        self._sign = 1.0 if rule.larger_pays else -1.0
        self._places = np.array([self._sign * log(position) for position in positions])
        self._low, self._high = float(self._places.min()), float(self._places.max())
        self._step = log(rule.factor) / _STEPS
        self._at = np.arange(self._low - _BEYOND, self._high + _BEYOND, self._step)
        self._log = np.zeros((len(self._at), len(_SHARES), len(_SPREADS)))
        self._seed = seed
        self._values: list[tuple[float, float]] = []
        self._failures = 0

    # --- what comes in -----------------------------------------------------------------------------------

    def add(self, number: int, speedup: float) -> None:
        """Add the median speedup of a run at position ``number``."""
        x, y = float(self._places[number]), log(speedup)
        self._values.append((x, y))
        off = (_LOOSE * (x - self._at))[:, None, None]
        scale = np.sqrt(_SPREADS[None, None, :] ** 2 + off**2)
        distance = (y - self._shape(x)[:, :, None]) / scale
        self._log -= np.log(scale) + (_FREEDOM + 1) / 2 * np.log1p(distance**2 / _FREEDOM)
        self._forget()

    def fail(self) -> None:
        """Count a run that failed."""
        self._failures += 1
        self._forget()

    def _forget(self) -> None:
        for name in ("_weights", "found"):
            self.__dict__.pop(name, None)

    # --- what follows ------------------------------------------------------------------------------------

    @property
    def runs(self) -> int:
        """Return how many runs were made."""
        return len(self._values) + self._failures

    def next(self) -> int | None:
        """Return the number of the position to measure next; None if the line is decided or has no runs left."""
        if self.found.word != UNDECIDED or self.runs >= self.rule.most:
            return None
        share = 0.5
        if len(self._values) >= _FIRST:
            share = _LOW if len(self._values) % 2 else _HIGH
        jitter = (
            Random(f"{self._seed}/{self.runs}").uniform(-1, 1) * self._step
        )  # the same when it is carried on
        return int(np.abs(self._places - self._quantile(share) - jitter).argmin())

    @cached_property
    def found(self) -> Found:
        """Return what follows from the runs so far."""
        low, high = self._bracket()
        ends = sorted((exp(self._sign * low), exp(self._sign * high)))
        return Found(self._word(low, high), ends[0], ends[1], self.runs)

    # --- the state ---------------------------------------------------------------------------------------

    def _shape(self, x: float) -> Array:
        share = _SHARES[None, :]
        slowdown = share + (1 - share) * np.exp(self._at[:, None] - x)
        expected: Array = -np.log(np.maximum(_LEAST_SHARE, slowdown))
        return expected

    @cached_property
    def _weights(self) -> Array:
        weights: Array = np.exp(self._log - self._log.max())
        weights /= weights.sum()
        return weights

    def _quantile(self, share: float) -> float:
        sums = np.cumsum(self._weights.sum(axis=(1, 2)))
        return float(self._at[min(int(np.searchsorted(sums, share)), len(self._at) - 1)])

    def _bracket(self) -> tuple[float, float]:
        """Return the 95 % interval of the crossing, wider by what the grid and a flat line hide."""
        slope = 1 - float((self._weights.sum(axis=(0, 2)) * _SHARES).sum())
        wider = self._step / 2 + _HIDDEN / max(slope, _HIDDEN)
        return self._quantile((1 - _SURE) / 2) - wider, self._quantile((1 + _SURE) / 2) + wider

    def _word(self, low: float, high: float) -> str:
        if self._failures >= _MOST_FAILURES:
            return FAILED
        if len(self._values) < _FEWEST:
            return UNDECIDED
        where = self._weights.sum(axis=(1, 2))
        if where[self._at < self._low].sum() > _SURE:
            return ALWAYS
        if where[self._at > self._high].sum() > _SURE:
            return NEVER
        flat = float(self._weights.sum(axis=(0, 2))[_SHARES > _FLAT_FROM].sum())
        if len(self._values) >= _BEFORE_FLAT and flat > _FLAT_SURE:
            return FLAT
        narrow = high - low <= log(self.rule.factor)
        return CROSSES if narrow and self._has_both_sides((low + high) / 2) else UNDECIDED

    def _has_both_sides(self, middle: float) -> bool:
        """Return whether runs on either side of the crossing show it, whatever the shape says."""
        left = [y for x, y in self._values if x < middle]
        right = [y for x, y in self._values if x > middle]
        return min(len(left), len(right)) >= _EACH_SIDE and median(left) < 0 < median(right)


def replayed(line: Bisection, runs: Iterable[tuple[int, float | None]]) -> Bisection:
    """Return ``line`` after its ``runs``: position and speedup of each in order.

    The speedup is None if a run failed.
    """
    for number, speedup in runs:
        if speedup is None:
            line.fail()
        else:
            line.add(number, speedup)
    return line


def simulated(line: Bisection, run: Callable[[int], float]) -> Found:
    """Measure a line by ``run`` until it is decided or has no runs left; return what was found."""
    while (number := line.next()) is not None:
        line.add(number, run(number))
    return line.found
