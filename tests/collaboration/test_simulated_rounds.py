"""What benchmarks.rounds simulates: it asks the shipped rule, and intervals cover what they say."""

from __future__ import annotations

from math import sqrt
from statistics import stdev

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.rounds import coverage, verdicts
from benchmarks.rounds.budget import Sweeps, bought
from benchmarks.rounds.draws import NOISY, QUIET, Shape, draw
from benchmarks.rounds.lines import Line, put
from benchmarks.rounds.rule import BUDGET, MAX_ROUNDS, PRECISION, Cells, Rule, constant
from benchmarks.rounds.variants import GROUPED
from breakeven.base.rounds import (
    LEVEL,
    became_narrow,
    half_width,
    is_narrow,
    level,
)

REPETITIONS = 1500
SCATTER = 4 * sqrt(LEVEL * (1 - LEVEL) / REPETITIONS)  # four standard errors of a coverage


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=40), st.floats(0.5, 0.999))
def test_the_half_width_is_that_of_students_interval(logs: list[float], at: float) -> None:
    """An independent implementation returns the same interval of the mean."""
    assume(np.ptp(logs) > 1e-6)
    low, high = stats.t.interval(at, len(logs) - 1, loc=np.mean(logs), scale=stats.sem(logs))
    assert half_width(stdev(logs), len(logs), at) == pytest.approx((high - low) / 2, rel=1e-6)


def test_the_simulation_asks_the_shipped_rule() -> None:
    """Many cells at once are narrow, and report a level, exactly where the shipped functions say so."""
    logs = draw((40, 2), (0.08, 0.15), Shape("t3", "outliers"), 40, np.random.default_rng(4))
    cells = Cells(logs, 0.1)
    narrow, counts = cells.narrow(), cells.stop().rounds
    levels, found = cells.levels(counts), cells.report(counts)
    for place in np.ndindex(40, 2):
        values, rounds = logs[place].tolist(), int(counts[place])
        asked = [is_narrow(values[:count], 0.1) for count in range(1, 41)]
        assert narrow[place].tolist() == asked
        at = level(rounds, by_rule=became_narrow(values[:rounds], 0.1))
        assert levels[place] == at
        assert found.middle[place] == pytest.approx(np.mean(values[:rounds]))
        assert found.half[place] == pytest.approx(half_width(stdev(values[:rounds]), rounds, at))
    assert (counts[:, 0] == counts[:, 1]).all()


@pytest.mark.parametrize("processes", ["normal", "t3", "lognormal", "kinds", "rare kind", "drift"])
@pytest.mark.parametrize("trials", ["normal", "t3", "outliers"])
def test_draws_have_the_truth_and_the_spread_they_claim(processes: str, trials: str) -> None:
    """Their mean is zero, but for what outliers leave in a median of six, and their spread that of both levels."""
    logs = draw((2000,), (0.1, 0.05), Shape(processes, trials), 20, np.random.default_rng(5))
    assert logs.mean() == pytest.approx(0, abs=0.003)
    assert logs.std() == pytest.approx(0.1, rel=0.12)


@pytest.mark.parametrize("processes", ["normal", "t3"])
@pytest.mark.parametrize("precision", [0.05, 0.1, 0.2])
def test_reported_intervals_cover_what_they_say(processes: str, precision: float) -> None:
    """Ended by the rule at whichever look, 95 % of intervals contain the truth, but for chance."""
    logs = draw((REPETITIONS, 1), (0.06, 0.12), Shape(processes), 30, np.random.default_rng(6))
    assert coverage.covered(logs, precision)[0] == pytest.approx(LEVEL, abs=SCATTER)


def test_the_simulation_sees_a_rule_that_does_not_cover() -> None:
    """Asked after every round at 95 %, intervals miss more often; two kinds of process are no claim."""
    naive = Rule("every round", range(2, 31), constant(LEVEL), constant(LEVEL))
    logs = draw((REPETITIONS, 1), (0.06, 0.12), Shape(), 30, np.random.default_rng(6))
    assert coverage.covered(logs, 0.05, naive)[0] < 0.9
    assert [Shape(kind).claimed for kind in coverage.PROCESSES] == [True] * 2 + [False] * 4


def test_groups_stop_together_and_budgets_end_them() -> None:
    """All cells of a group have as many rounds, or one more where the time ran out within a pass."""
    rng = np.random.default_rng(7)
    sweeps = Sweeps.of(NOISY, 4, 12, rng, group=3)
    stopped, spent = sweeps.carry_out(0.1, np.full(4, np.inf), rng)
    assert set(np.unique(stopped.ended)) <= {PRECISION, MAX_ROUNDS}
    assert (np.ptp(stopped.rounds.reshape(4, 4, 3), axis=2) == 0).all()
    assert spent == pytest.approx((stopped.rounds * sweeps.cost).sum(axis=1))
    short, taken = sweeps.carry_out(0.1, spent / 2, rng)
    assert (taken <= spent / 2).all()
    assert (short.rounds <= stopped.rounds).all()
    assert ((short.ended == BUDGET) == (short.rounds < stopped.rounds)).all()
    going = np.where(short.ended == BUDGET, short.rounds, 0)
    assert (going.max(axis=1) - np.where(going > 0, going, 99).min(axis=1) <= 1).all()


def test_the_tables_are_printed_and_judged(capsys: pytest.CaptureFixture[str]) -> None:
    """Each table has a line per case; one that covers too little, or too much where that is a fault, is marked."""
    tables = [coverage.by_regime, coverage.by_end, coverage.in_groups, bought, verdicts.intervals]
    assert [len(list(table(4, 1))) for table in tables] == [24, 18, 9, 27, 9]
    lines = [
        Line({"a": "b"}, *shares) for shares in (((0.95,), (0.99,)), ((0.92,),), ((0.98,),), ((), (0.92,)))
    ]
    assert put("title", lines) == 3
    assert capsys.readouterr().out == "\ntitle\na\nb\nb !\nb !\nb !\n"


def test_quiet_pairs_are_called_the_same() -> None:
    """The shipped test, correction and band decide; an interval at the edge of the band is not within it."""
    rng = np.random.default_rng(8)
    sweeps = Sweeps.of(QUIET, 1, 2 * verdicts.PAIRS, rng, group=2)
    rounds = sweeps.carry_out(0.05, np.array([np.inf]), rng)[0].rounds.reshape(-1, 2)
    cells = sweeps.asked(0.05)
    effects = verdicts.Pairs(cells.logs, rounds, cells.levels(rounds)).effects()
    assert verdicts.inside(effects) > 0.9
    assert verdicts.inside(effects, 1 + verdicts.BAND) < 0.1


def test_other_rules_of_groups_end_them_differently() -> None:
    """A group in which each cell was narrow once, or most are, ends no later; the level is no matter of when."""
    logs = draw(
        (200, 4), NOISY.choose((200, 4), np.random.default_rng(9)), Shape(), 30, np.random.default_rng(9)
    )
    all_of, waiting, once, most = (Cells(logs, 0.1, rule).stop().rounds for rule in GROUPED)
    assert (waiting == all_of).all()
    assert (once <= all_of).all()
    assert most.mean() < once.mean() <= all_of.mean()
