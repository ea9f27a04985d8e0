"""What rules and intervals promise, in small simulations with fixed seeds; the benchmarks beside each have more of it."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
import pytest

from benchmarks import bisections, race, simulated, verdicts
from benchmarks.coverage import BEYOND, IN_USE, SCENARIOS, judge
from benchmarks.kinds import MOST_FALSE, SHAPES, found, one_kind, placements
from benchmarks.simulated import Scenario
from breakeven.analysis.frames.intervals import over_processes
from breakeven.analysis.frames.kinds import (
    ONE_CPU,
)
from breakeven.runner.cell.intervals import (
    LEVEL,
)


def test_a_bisection_is_rarely_wrong() -> None:
    """A small share of `benchmarks.bisections`, with a fixed seed."""
    for kind in ("own shape", "two kinds", "wavy", "outside"):
        row = bisections.drawn(kind, 0.08, lines=60, seed=5)
        assert row.wrong <= bisections.ALLOWED
        assert row.decided >= 0.8


def test_a_line_makes_no_more_runs_than_it_may() -> None:
    """``--most`` bounds the runs; with more of them, no fewer lines are decided."""
    few, many = (bisections.drawn("two kinds", 0.15, lines=10, seed=5, most=most) for most in (8, 60))
    assert few.most <= 8 < many.most <= 60
    assert few.decided < many.decided


def test_a_hint_of_where_the_crossing_is_decides_no_more() -> None:
    """Which is why lines share nothing: the first run is made elsewhere, and what takes runs is the bracket."""
    alone, told = (
        bisections.drawn("curved", 0.08, lines=30, seed=5, informed=informed) for informed in (False, True)
    )
    assert alone != told
    assert abs(alone.decided - told.decided) <= 0.1
    assert abs(alone.runs - told.runs) <= 4


def test_a_race_is_rarely_wrong() -> None:
    """A small share of `benchmarks.race`, with a fixed seed: forty candidates, smooth or not."""
    for surface in ("smooth", "strays", "loses"):
        row = race.raced(surface, 40, structure=False, races=25, seed=5)
        assert row.wrong <= race.ALLOWED
        assert row.decided >= 0.8


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rounds", [5, 10, 20, 30])
def test_one_kind_is_seldom_called_two(shape: str, rounds: int) -> None:
    """A small simulation with a fixed seed: whatever the shape, at most 2 % (1 % for either cause) of 500 cells."""
    rng = np.random.default_rng([4, rounds])
    size = (500, rounds)
    called = found(one_kind(shape, size, rng), placements(size, 0.5, rng))
    assert sum(kinds is not None for kinds in called) <= 2 * MOST_FALSE * len(called)


def test_most_kinds_of_ten_rounds_are_named() -> None:
    """Eight standard deviations apart, equally frequent, with a fixed seed."""
    rng = np.random.default_rng(2)
    recorded = placements((200, 10), 0.5, rng)
    logs = one_kind("normal", (200, 10), rng) + 0.4 * (recorded < ONE_CPU.least)
    named = [kinds is not None and kinds.cause is ONE_CPU for kinds in found(logs, recorded)]
    assert np.mean(named) > 0.9


@pytest.mark.parametrize("truth", ["just slower", "just above", "just better", "spread"])
def test_few_verdicts_are_wrong(truth: str) -> None:
    """In a simulation; `benchmarks.verdicts` has more of it."""
    rates = [
        verdicts.simulate(verdicts.Scenario(truth, "normal", spread, 12, 5), 150, 7)
        for spread in verdicts.SPREADS
    ]
    assert np.mean([rate.wrong for rate in rates]) <= verdicts.ALLOWED


REPETITIONS = 100  # a small check; benchmarks.coverage makes 2000


SCATTER = 4 * sqrt(LEVEL * (1 - LEVEL) / REPETITIONS)  # four standard errors of a coverage


@pytest.fixture
def short_simulations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the true ratio come from fewer pairs than in the benchmark, still many times what is simulated."""
    monkeypatch.setattr(simulated, "_TRUTH_PAIRS", 400_000)


@pytest.mark.usefixtures("short_simulations")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_intervals_cover_what_they_say(scenario: Scenario) -> None:
    """Stopped by the rule, for 1, 3, 5 and 10 rounds, 95 % intervals cover as often, but for chance."""
    rows = list(judge(scenario, REPETITIONS, seed=5, rivals=False))
    assert [row.rounds for row in rows] == [1, 3, 5, 10]
    for row in rows:
        assert row.covered == pytest.approx(LEVEL, abs=SCATTER), row


@pytest.mark.usefixtures("short_simulations")
def test_what_is_not_claimed_is_told_apart() -> None:
    """Bootstraps of three rounds, and three rounds of two kinds of process, cover less; the check sees it."""
    much = next(scenario for scenario in SCENARIOS if scenario.name == "processes differ much")
    covered = {row.method: row.covered for row in judge(much, REPETITIONS, seed=5) if row.rounds == 3}
    assert covered[IN_USE] == pytest.approx(LEVEL, abs=SCATTER)
    assert covered["percentile bootstrap"] < 0.85
    assert covered["BCa bootstrap"] < 0.85
    kinds = [row for row in judge(BEYOND[0], REPETITIONS, seed=5, rivals=False) if row.rounds == 3]
    assert [(row.covered < 0.85, row.judged) for row in kinds] == [(True, False)]


@pytest.mark.parametrize("rounds", [(5, 5), (9, 2), (4, 4, 4)])
@pytest.mark.parametrize("between", [0.0, 0.05, 0.2])
def test_intervals_over_hosts_cover_hosts_like_these(rounds: tuple[int, ...], between: float) -> None:
    """Of 2000 sweeps at least 94 % have the truth in the interval, whatever hosts differ; over processes alone far fewer."""
    random, sweeps = np.random.default_rng(7), 2000
    names = np.repeat([f"h{place}" for place in range(len(rounds))], rounds)
    effects = random.normal(0, between, (sweeps, len(rounds)))
    logs = np.repeat(effects, rounds, axis=1) + random.normal(0, 0.05, (sweeps, sum(rounds)))
    index = pd.Index(np.repeat(np.arange(sweeps).astype("str"), sum(rounds)), name="cell_id")
    values = pd.Series(np.exp(logs).ravel(), index)
    found = over_processes(values, hosts=pd.Series(np.tile(names, sweeps)))
    alone = over_processes(values)
    covered, without = (float((ends["low"].le(1) & ends["high"].ge(1)).mean()) for ends in (found, alone))
    assert covered >= 0.94
    assert without < 0.75 or between < 0.2
