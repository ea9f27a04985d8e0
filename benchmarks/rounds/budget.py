"""What a budget buys: sweeps of 50 cells, measured in randomised passes over those not decided yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.rounds.draws import KINDS, NOISY, QUIET, TRIALS, Floats, Spreads, draw
from benchmarks.rounds.lines import Line, percent
from benchmarks.rounds.rule import BUDGET, MOST, PRECISION, Cells, Counts, Flags, Stopped

CELLS = 50
REGIMES = (NOISY, QUIET, KINDS)
BUDGETS = (120.0, 300.0)
TODAY, DEFAULT_BUDGET = 3, 3
"""The rounds of before, and how many times what they take a sweep may take by default."""

_PROCESS_S, _BLOCK_S = (0.15, 0.3), (0.02, 0.1)
_NARROW = 0.1


@dataclass(frozen=True)
class Sweeps:
    """Sweeps x cells x rounds of logarithms, and what a run of each cell takes, in seconds.

    ``group`` neighbouring cells stop together.
    """

    logs: Floats
    cost: Floats
    group: int = 1

    @classmethod
    def of(
        cls, regime: Spreads, count: int, cells: int, rng: np.random.Generator, *, group: int = 1
    ) -> Sweeps:
        """Draw ``count`` sweeps; the cells of a group are as noisy as one another, and take as long."""
        shape = (count, cells // group)
        spreads = regime.choose(shape, rng)
        cost = rng.uniform(*_PROCESS_S, shape) + TRIALS * rng.uniform(*_BLOCK_S, shape)
        between, within, cost = (np.repeat(values, group, axis=1) for values in (*spreads, cost))
        return cls(draw(between.shape, (between, within), regime.shape, MOST, rng), cost, group)

    def asked(self, precision: float) -> Cells:
        """Return the cells as the groups in which they stop."""
        return Cells(self.logs.reshape(-1, self.group, self.logs.shape[-1]), precision)

    def carry_out(self, precision: float, budget: Floats, rng: np.random.Generator) -> tuple[Stopped, Floats]:
        """Measure until each group is narrow, or until a sweep's ``budget`` (seconds); return also what it took."""
        wanted = self.asked(precision).stop()
        wish = wanted.rounds.reshape(self.cost.shape)
        done, spent = np.zeros_like(wish), np.zeros(len(wish))
        going = np.ones(len(wish), bool)
        for _ in range(MOST):
            live = going[:, None] & (done < wish)
            runs = self._pass(live, budget - spent, rng)
            done, spent = done + runs, spent + np.where(runs, self.cost, 0.0).sum(axis=1)
            going &= (runs == live).all(axis=1)
        ended = np.where(done < wish, BUDGET, wanted.ended.reshape(wish.shape))
        return Stopped(done, ended), spent

    def _pass(self, live: Flags, left: Floats, rng: np.random.Generator) -> Flags:
        """Return which ``live`` cells get a run in one pass, in random order, within the seconds that are ``left``."""
        order = rng.random(live.shape).argsort(axis=1)
        taken = np.take_along_axis(np.where(live, self.cost, 0.0), order, axis=1).cumsum(axis=1)
        fits = np.empty_like(live)
        np.put_along_axis(fits, order, taken <= left[:, None], axis=1)
        return live & fits

    def report(self, precision: float, rounds: Counts) -> tuple[Floats, Flags]:
        """Return half-width and whether it covers, for each cell after its ``rounds``."""
        asked = self.asked(precision)
        found = asked.report(rounds.reshape(asked.logs.shape[:-1]))
        return found.half.reshape(rounds.shape), found.covered.reshape(rounds.shape)


def bought(count: int, seed: int) -> Iterator[Line]:
    """Yield a line per regime, precision and budget: time, rounds, half-widths, shares of cells, coverage."""
    for regime in REGIMES:
        rng = np.random.default_rng([seed, 4])
        sweeps = Sweeps.of(regime, count, CELLS, rng)
        before = TODAY * sweeps.cost.sum(axis=1)
        rounds = np.full(sweeps.cost.shape, TODAY)
        rule = Stopped(rounds, np.full(rounds.shape, ""))
        yield _line({"regime": regime.name, "rounds=": "3", "budget": "-"}, sweeps, 0.0, rule, before)
        budgets = {f"{budget:.0f} s": np.full(count, budget) for budget in BUDGETS}
        budgets |= {"default": DEFAULT_BUDGET * before, "none": np.full(count, np.inf)}
        for precision in (0.05, 0.1):
            for name, budget in budgets.items():
                stopped, spent = sweeps.carry_out(precision, budget, rng)
                texts = {"regime": regime.name, "rounds=": f"auto, ±{precision:.0%}", "budget": name}
                yield _line(texts, sweeps, precision, stopped, spent)


def _line(texts: dict[str, str], sweeps: Sweeps, precision: float, stopped: Stopped, spent: Floats) -> Line:
    half, covered = sweeps.report(precision, stopped.rounds)
    middle, high = np.expm1(np.quantile(half, (0.5, 0.9)))
    found = {
        "took": f"{spent.mean():.0f} s",
        "rounds": f"{stopped.rounds.mean():.1f}",
        "half-width ±% (90th)": f"{percent(middle)} ({percent(high)})",
        "within ±10 %": f"{(half <= np.log1p(_NARROW)).mean():.0%}",
        "precise": f"{(stopped.ended == PRECISION).mean():.0%}" if precision else "-",
        "covered %": percent(float(covered.mean())),
    }
    return Line(texts | found)
