"""Which verdicts `breakeven compare` reaches on pairs of cells, by the shipped test, correction and band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.rounds.budget import REGIMES, Sweeps
from benchmarks.rounds.coverage import ENOUGH, PRECISIONS
from benchmarks.rounds.draws import Floats, Shape, draw
from benchmarks.rounds.lines import Line, percent, span
from benchmarks.rounds.rule import MOST, Cells, Counts
from breakeven.analysis.comparing.effect import Effect, Welch
from breakeven.analysis.comparing.verdict import SAME, Judge
from breakeven.base.rounds import LEVEL

PAIRS, BAND, LIMIT_S = 40, 0.1, 600.0
SPREADS = (0.05, 0.07, 0.09, 0.12, 0.16)
RATIOS = (1, 2, 4)
_UNDECIDED = ("cannot tell", SAME)


@dataclass(frozen=True)
class Pairs:
    """Pairs x 2 x rounds of logarithms of equal cells, and the rounds and the level of each cell's interval."""

    logs: Floats
    rounds: Counts
    levels: Floats

    @classmethod
    def of(cls, logs: Floats, precision: float, size: int) -> Pairs:
        """Return the first two of groups that stop together, or two cells that stop apart if ``size`` is 1.

        Of the latter both have the rounds of the one that stopped first.
        """
        rounds = Cells(logs.reshape(-1, size, logs.shape[-1]), precision).stop().rounds.reshape(len(logs), -1)
        common = np.repeat(rounds.min(axis=1, keepdims=True), 2, axis=1)
        return cls(logs[:, :2], common, Cells(logs[:, :2], precision).levels(common))

    def effects(self, *, plain: bool = False) -> pd.DataFrame:
        """Return the effects of all pairs, at the higher level of a pair's cells, or at the ``plain`` one."""
        return pd.DataFrame([self._effect(place, plain) for place in range(len(self.logs))])

    def _effect(self, place: int, plain: bool) -> Effect:
        a, b = (np.exp(self.logs[place, side, : self.rounds[place, side]]) for side in (0, 1))
        return Welch(LEVEL if plain else float(self.levels[place].max())).compare(a, b)


def inside(effects: pd.DataFrame, shift: float = 1.0) -> float:
    """Return the share of intervals within the band if all second sides are faster by the factor ``shift``.

    At the band's edge these are called the same wrongly.
    """
    low, high = effects["low"] * shift, effects["high"] * shift
    return float(((low >= 1 / (1 + BAND)) & (high <= 1 + BAND)).mean())


class Shares(NamedTuple):
    """The share of intervals that contain the truth, and of pairs called the same, wrongly and rightly."""

    covered: float
    edge: float
    same: float

    @classmethod
    def of(cls, effects: pd.DataFrame) -> Shares:
        """Return the shares of equal pairs; ``edge`` is that of pairs which differ by the band."""
        covered = (effects["low"] <= 1) & (effects["high"] >= 1)
        return cls(float(covered.mean()), inside(effects, 1 + BAND), inside(effects))


def alike(count: int, seed: int) -> Iterator[Line]:
    """Yield a line per regime and way of stopping: verdicts on pairs of equal cells, and at the band's edge."""
    for regime in REGIMES:
        rng = np.random.default_rng([seed, 5])
        sweeps = Sweeps.of(regime, count, 2 * PAIRS, rng, group=2)
        three = np.full(sweeps.cost.shape, 3)
        yield _line((regime.name, "rounds=3", "-"), sweeps, three, 0.1, 3 * sweeps.cost.sum(axis=1))
        for precision in (0.1, 0.05):
            for name, group in (("together", 2), ("apart, as many of both", 1), ("apart, all rounds", 1)):
                ways = Sweeps(sweeps.logs, sweeps.cost, group)
                stopped, spent = ways.carry_out(precision, np.full(count, LIMIT_S), rng)
                rounds = stopped.rounds
                if "as many" in name:
                    rounds = np.repeat(np.minimum(rounds[:, ::2], rounds[:, 1::2]), 2, axis=1)
                yield _line((regime.name, f"auto, ±{precision:.0%}", name), ways, rounds, precision, spent)


def _line(
    names: tuple[str, str, str], sweeps: Sweeps, rounds: Counts, precision: float, spent: Floats
) -> Line:
    shape = (len(rounds), PAIRS, 2)
    levels = Cells(sweeps.logs, precision).levels(rounds)
    parts = (sweeps.logs.reshape(*shape, -1), rounds.reshape(shape), levels.reshape(shape))
    effects = [Pairs(*each).effects() for each in zip(*parts, strict=True)]
    verdicts = [Judge(BAND)(found)["verdict"] for found in effects]
    different = np.array([(~found.isin(_UNDECIDED)).sum() for found in verdicts])
    same = np.mean([found.eq(SAME).mean() for found in verdicts])
    edge = np.mean([inside(found, 1 + BAND) for found in effects])
    texts = {
        **dict(zip(("regime", "rounds=", "sides stop"), names, strict=True)),
        "took": f"{spent.mean():.0f} s",
        "same": f"{same:.0%}",
        "sweeps with a different": f"{(different > 0).mean():.0%}",
        "with > 2": f"{(different > 2).mean():.0%}",  # noqa: PLR2004 - as benchmarks.null_test allows
        "same at the edge %": percent(float(edge)),
    }
    return Line(texts)


def intervals(repetitions: int, seed: int) -> Iterator[Line]:
    """Yield a line per way of stopping and ratio of spreads: what the interval of a ratio covers, at either level.

    The first cell of a group is noisier than the others by that ratio. Pairs that are the same at the edge
    differ by the band itself.
    """
    for size, ratio in product((1, 2, 6), RATIOS):
        rng = np.random.default_rng([seed, 6])
        found: dict[str, list[Shares]] = {"95 %": [], "the cells' level": []}
        for spread, precision in product(SPREADS, PRECISIONS[:2]):
            spreads = np.full((repetitions, max(size, 2)), spread / ratio)
            spreads[:, 0] = spread
            pairs = Pairs.of(draw(spreads.shape, (spreads, 0.0), Shape(), MOST, rng), precision, size)
            for name, shares in found.items():
                shares.append(Shares.of(pairs.effects(plain=name == "95 %")))
        texts = {"stop": "apart" if size == 1 else f"as {size}", "spreads": f"{ratio} : 1"}
        for name, shares in found.items():
            covered, edge, same = zip(*shares, strict=True)
            texts |= {f"{name}: covers": span(covered), f"{name}: edge": span(edge)}
            texts[f"{name}: same"] = f"{np.mean(same):.0%}"
        reported = tuple(shares.covered for shares in found["the cells' level"])
        yield Line(texts, at_least=reported if repetitions >= ENOUGH else ())
