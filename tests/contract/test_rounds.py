"""When a cell has enough rounds, and that the intervals it then reports cover what they say."""

from __future__ import annotations

from itertools import pairwise
from math import exp, inf, log, log1p, sqrt
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
    FIRST_LOOK,
    LATER_LEVEL,
    LEVEL,
    LOOKS,
    became_narrow,
    half_width,
    is_narrow,
    level,
    rounds_needed,
)

LOGS = st.lists(st.floats(-3, 3), min_size=2, max_size=35)
PRECISIONS = st.floats(0.001, 2)
REPETITIONS = 1500
SCATTER = 4 * sqrt(LEVEL * (1 - LEVEL) / REPETITIONS)  # four standard errors of a coverage


def test_looks_are_fixed_and_grow() -> None:
    """They begin with five rounds, and from ten on each is a third more than the one before."""
    assert LOOKS[:9] == (5, 6, 8, 10, 13, 17, 22, 30, 40)
    assert LOOKS[0] == FIRST_LOOK
    for earlier, later in pairwise(LOOKS):
        assert earlier < later <= 1.4 * earlier
    assert LOOKS[-1] >= 100_000


def test_only_a_choice_raises_the_level() -> None:
    """At the first look, and where the number of rounds or the time ran out, intervals are of the plain level."""
    assert level(FIRST_LOOK, by_rule=True) == LEVEL
    assert level(30, by_rule=False) == LEVEL
    assert {level(count, by_rule=True) for count in LOOKS[1:]} == {LATER_LEVEL}


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=40), st.floats(0.5, 0.999))
def test_the_half_width_is_that_of_students_interval(logs: list[float], at: float) -> None:
    """An independent implementation returns the same interval of the mean."""
    assume(np.ptp(logs) > 1e-6)
    low, high = stats.t.interval(at, len(logs) - 1, loc=np.mean(logs), scale=stats.sem(logs))
    assert half_width(stdev(logs), len(logs), at) == pytest.approx((high - low) / 2, rel=1e-6)


def test_one_round_has_no_width() -> None:
    """A single process says nothing of how processes differ."""
    assert half_width(0.0, 1, LEVEL) == inf


@given(LOGS, PRECISIONS, PRECISIONS)
def test_a_coarser_precision_is_reached_no_later(logs: list[float], one: float, other: float) -> None:
    """What is narrow for a precision is narrow for every larger one."""
    fine, coarse = sorted((one, other))
    assert is_narrow(logs, fine) <= is_narrow(logs, coarse)


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=35), st.floats(1e-3, 1e9), PRECISIONS)
def test_the_unit_does_not_matter(values: list[float], unit: float, precision: float) -> None:
    """Values in seconds and in nanoseconds end at the same round; so do speedups and their inverses."""
    logs = [log(value) for value in values]
    for count in (
        look for look in LOOKS if look <= len(logs)
    ):  # not at the very edge, where rounding decides
        assume(abs(half_width(stdev(logs[:count]), count, LATER_LEVEL) / log1p(precision) - 1) > 1e-6)
    asked = is_narrow(logs, precision)
    assert is_narrow([log(value * unit) for value in values], precision) == asked
    assert is_narrow([-value for value in logs], precision) == asked


@given(LOGS, PRECISIONS)
def test_looks_alone_decide_and_what_ended_is_narrow(logs: list[float], precision: float) -> None:
    """Between looks the latest holds; the interval reported at a look that ends a cell is as narrow as asked."""
    count = max((look for look in LOOKS if look <= len(logs)), default=0)
    assert is_narrow(logs, precision) == (count > 0 and is_narrow(logs[:count], precision))
    if not is_narrow(logs, precision):
        assert not became_narrow(logs, precision)
        return
    logs = logs[:count]
    for by_rule in (True, False):
        half = half_width(stdev(logs), count, level(count, by_rule=by_rule))
        assert exp(half) <= (1 + precision) * (1 + 1e-12)


def test_the_rule_asks_for_the_higher_level_at_every_look() -> None:
    """Just within and just beyond the precision, at the first look and at a later one."""
    for count in (FIRST_LOOK, 13):
        logs = [float(place % 2) for place in range(count)]
        half = half_width(stdev(logs), count, LATER_LEVEL)
        assert is_narrow(logs, exp(half) - 1 + 1e-9)
        assert not is_narrow(logs, exp(half) - 1 - 1e-6)
    assert not is_narrow([0.0] * 4, 1.0)
    assert is_narrow([0.0] * 5, 1e-9)


def test_a_cell_that_only_waited_did_not_become_narrow() -> None:
    """Rounds that others of a group needed were not chosen by the cell's own values."""
    quiet = [0.001 * (place % 2) for place in range(10)]
    assert [count for count in range(2, 11) if became_narrow(quiet[:count], 0.1)] == [5]
    assert [count for count in range(2, 11) if is_narrow(quiet[:count], 0.1)] == [5, 6, 7, 8, 9, 10]
    widened = [*quiet[:5], 0.5, *quiet[:7]]
    assert [count for count in range(2, 14) if is_narrow(widened[:count], 0.3)] == [5, 8, 9, 10, 11, 12, 13]
    assert [count for count in range(2, 14) if became_narrow(widened[:count], 0.3)] == [5, 8, 9]


@given(st.floats(0.001, 3), st.floats(1, 3), st.integers(1, 40), PRECISIONS)
def test_rounds_needed_are_a_later_look_and_grow_with_spread(
    spread: float, factor: float, rounds: int, precision: float
) -> None:
    """The forecast is the first look at which the rule would end a cell of that spread."""
    count = rounds_needed(spread, rounds, precision)
    assert count in LOOKS
    assert count > rounds
    assert rounds_needed(spread * factor, rounds, precision) >= count
    narrow = [
        half_width(spread, look, LATER_LEVEL) <= log1p(precision) for look in LOOKS if rounds < look <= count
    ]
    assert narrow == [False] * (len(narrow) - 1) + [count < LOOKS[-1] or narrow[-1]]


# --- the simulation of benchmarks.rounds


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
