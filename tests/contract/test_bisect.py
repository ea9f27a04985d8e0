"""The rule of a bisection: where it measures next, when a line is decided, and what it says then."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.search.bisect import (
    ALWAYS,
    CROSSES,
    FAILED,
    FLAT,
    NEVER,
    UNDECIDED,
    Bisection,
    Found,
    Rule,
    replayed,
    simulated,
)
from tests.examples import at_most

LENGTHS = [float(one) for one in np.geomspace(10e3, 30e6, 144)]


def bisected(at: float, share: float = 0.5, *, larger_pays: bool = True, spread: float = 0.04) -> Found:
    """Bisect a line that crosses 1 at a position and has a share that gets no faster."""
    rng = np.random.default_rng(1)
    sign = 1 if larger_pays else -1

    def run(number: int) -> float:
        off = sign * (log(LENGTHS[number]) - log(at))
        return exp(rng.normal(0, spread)) / (share + (1 - share) * exp(-off))

    return simulated(Bisection(LENGTHS, Rule(larger_pays=larger_pays), 1), run)


@pytest.mark.parametrize("larger_pays", [True, False])
def test_a_crossing_is_found_to_the_factor(larger_pays: bool) -> None:
    """On either side of it lies what pays."""
    found = bisected(231e3, larger_pays=larger_pays)
    assert found.word == CROSSES
    assert found.low < 231e3 < found.high
    assert found.high / found.low <= 1.25 + 1e-9
    assert found.low < found.middle < found.high
    assert found.runs < len(LENGTHS) / 5


@pytest.mark.parametrize(
    ("at", "larger_pays", "word"),
    [(1e3, True, ALWAYS), (300e6, True, NEVER), (1e3, False, NEVER), (300e6, False, ALWAYS)],
)
def test_a_crossing_outside_is_said_to_be_outside(at: float, larger_pays: bool, word: str) -> None:
    """On the side where it is."""
    assert bisected(at, larger_pays=larger_pays).word == word


def test_a_line_that_hardly_gains_is_flat() -> None:
    """No bracket would mean much."""
    assert bisected(300e3, 0.95, spread=0.08).word == FLAT


def test_runs_that_say_nothing_leave_a_line_undecided() -> None:
    """With as many runs as it may have, and no more."""
    rng = np.random.default_rng(3)
    line = Bisection(LENGTHS, Rule(most=10), 1)
    found = simulated(line, lambda _: float(exp(rng.normal(0, 0.6))))
    assert (found.word, found.runs) == (UNDECIDED, 10)
    assert line.next() is None


def test_a_line_whose_runs_fail_is_left() -> None:
    """After the second one."""
    line = replayed(Bisection(LENGTHS, Rule(), 1), [(70, None)])
    assert line.next() is not None
    line.fail()
    assert (line.next(), line.found.word, line.found.runs) == (None, FAILED, 2)


@at_most(40)
@given(
    st.floats(log(2e3), log(200e6)),
    st.floats(-0.2, 0.95),
    st.floats(0.02, 0.3),
    st.booleans(),
    st.integers(0, 10_000),
)
def test_a_line_is_what_its_runs_say(
    at: float, share: float, spread: float, larger_pays: bool, seed: int
) -> None:
    """It stays within its positions and its runs; to ask changes nothing; the same runs give the same answer."""
    rng, rule = np.random.default_rng(seed), Rule(most=20, larger_pays=larger_pays)
    line, runs = Bisection(LENGTHS, rule, seed), list[tuple[int, float | None]]()
    sign = 1 if larger_pays else -1
    while (number := line.next()) is not None:
        assert number == line.next()
        assert 0 <= number < len(LENGTHS)
        slowdown = share + (1 - share) * exp(sign * (at - log(LENGTHS[number])))
        runs.append((number, exp(rng.normal(0, spread)) / max(slowdown, 0.02)))
        line.add(*runs[-1])  # type: ignore[arg-type]  # none failed
    found = line.found
    assert found.runs == len(runs) <= rule.most
    assert 0 < found.low < found.high
    assert found.word != UNDECIDED or found.runs == rule.most
    assert replayed(Bisection(LENGTHS, rule, seed), runs).found == found
    half = Bisection(LENGTHS, rule, seed)
    replayed(half, runs[: len(runs) // 2])
    assert half.next() == runs[len(runs) // 2][0]
    if found.word == CROSSES:
        assert found.high / found.low <= rule.factor + 1e-9
