"""The rule of `breakeven.base.rounds`, asked of many cells at once, and changes of it to compare with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.rounds.draws import Floats
from breakeven.base.rounds import LATER_LEVEL, LEVEL, LOOKS, half_width, level

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)

MOST = 30
PRECISION, MAX_ROUNDS, BUDGET = ENDS = ("precision", "max_rounds", "budget")


def reports(rounds: int) -> float:
    """Return the level that a cell reports which the rule ended at a look."""
    return level(rounds, by_rule=True)


def constant(at: float) -> Callable[[int], float]:
    """Return a function that returns the level ``at`` for every look."""
    return lambda _: at


asks = constant(LATER_LEVEL)


def of_all(narrow: Flags) -> Flags:
    """Return when a group ends: once all its cells are narrow at the same look."""
    return np.asarray(narrow.all(axis=-2))


@dataclass(frozen=True)
class Rule:
    """A rule of stopping; by default the shipped one.

    ``group`` makes of groups x cells x rounds, narrow or not, groups x rounds, ended or not. ``pooled`` degrees
    of freedom of the cells' median variance are mixed into each variance that the rule sees, not into what is
    reported. ``waited``: a cell that was narrow at the look before is reported at the plain level.
    """

    name: str = "shipped"
    looks: Sequence[int] = LOOKS
    asked: Callable[[int], float] = asks
    reported: Callable[[int], float] = reports
    group: Callable[[Flags], Flags] = of_all
    pooled: int = 0
    waited: bool = True

    def scale(self, at: Callable[[int], float], most: int) -> Floats:
        """Return the half-width at a spread of 1 for 1, 2, ... rounds; infinite for one."""
        return np.array([half_width(1.0, rounds, at(rounds)) for rounds in range(1, most + 1)])


SHIPPED = Rule()


class Stopped(NamedTuple):
    """The rounds after which each cell ended (groups x cells), and what ended it."""

    rounds: Counts
    ended: NDArray[np.str_]


class Reported(NamedTuple):
    """Estimate, half-width and level of each cell's interval (groups x cells); all on the logarithm."""

    middle: Floats
    half: Floats
    level: Floats

    @property
    def covered(self) -> Flags:
        """Whether the interval contains the truth, which is zero."""
        return np.abs(self.middle) <= self.half


@dataclass(frozen=True)
class Cells:
    """Groups x cells x rounds of logarithms, asked for a precision by a rule."""

    logs: Floats
    precision: float
    rule: Rule = SHIPPED

    @property
    def most(self) -> int:
        """The rounds that were drawn."""
        return int(self.logs.shape[-1])

    def moments(self) -> tuple[Floats, Floats]:
        """Return mean and standard deviation (n - 1) after 1, 2, ... rounds; the latter 0 after one."""
        counts = np.arange(1, self.most + 1)
        means = self.logs.cumsum(axis=-1) / counts
        squares = (self.logs**2).cumsum(axis=-1) - counts * means**2
        return means, np.sqrt(squares.clip(min=0) / np.maximum(counts - 1, 1))

    def narrow(self) -> Flags:
        """Return whether each cell was narrow at its latest look after 1, 2, ... rounds."""
        scale = self.rule.scale(self.rule.asked, self.most)
        allowed = np.divide(
            np.log1p(self.precision), scale, where=np.isfinite(scale), out=np.zeros(self.most)
        )
        latest = self.latest_looks()
        return np.asarray((self._seen() <= allowed)[..., latest - 1] & (latest > 0))

    def latest_looks(self) -> Counts:
        """Return the latest look that 1, 2, ... rounds include; 0 for none."""
        looks = [
            max((look for look in self.rule.looks if look <= n), default=0) for n in range(1, self.most + 1)
        ]
        return np.array(looks)

    def _seen(self) -> Floats:
        """Return the spreads that the rule sees."""
        spreads = self.moments()[1]
        if not self.rule.pooled:
            return spreads
        own = np.arange(self.most)
        middle = np.median(spreads**2, axis=(0, 1))
        mixed = (self.rule.pooled * middle + own * spreads**2) / (self.rule.pooled + own)
        return np.maximum(np.sqrt(mixed), spreads)

    def stop(self, cut: Counts | None = None) -> Stopped:
        """Return where the rule, `MOST` rounds or a budget of ``cut`` rounds a group end each cell."""
        ends = self.rule.group(self.narrow())
        found = ends.any(axis=-1)
        rounds = np.where(found, ends.argmax(axis=-1) + 1, self.most)
        ended = np.where(found, PRECISION, MAX_ROUNDS)
        if cut is not None:
            ended = np.where(cut < rounds, BUDGET, ended)
            rounds = np.minimum(cut, rounds)
        shape = self.logs.shape[:-1]
        return Stopped(
            np.broadcast_to(rounds[:, None], shape), np.broadcast_to(ended[:, None], shape).astype(str)
        )

    def levels(self, rounds: Counts) -> Floats:
        """Return the level that each cell reports after its ``rounds``."""
        narrow = self.narrow()
        by_rule = _at(narrow, rounds)
        if self.rule.waited:
            before = np.maximum(self.latest_looks()[rounds - 1] - 1, 1)
            by_rule &= ~_at(narrow, before)
        reported = np.array([self.rule.reported(k) for k in range(1, self.most + 1)])
        return np.where(by_rule, reported[rounds - 1], LEVEL)

    def report(self, rounds: Counts) -> Reported:
        """Return the interval of each cell after its ``rounds``."""
        means, spreads = (_at(values, rounds) for values in self.moments())
        levels = self.levels(rounds)
        half = np.full(levels.shape, np.inf)
        for at in np.unique(levels):
            scale = self.rule.scale(constant(float(at)), self.most)
            chosen = (levels == at) & (rounds > 1)
            half[chosen] = scale[rounds[chosen] - 1] * spreads[chosen]
        return Reported(means, half, levels)


def _at(values: NDArray[Scalar], rounds: Counts) -> NDArray[Scalar]:
    found: NDArray[Scalar] = np.take_along_axis(values, rounds[..., None] - 1, axis=-1)[..., 0]
    return found
