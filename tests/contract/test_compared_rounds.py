"""How many rounds of each side of a pair are compared, and at which level."""

from __future__ import annotations

from math import exp
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.comparing.rounds import (
    count_left_out,
    levels_of_pairs,
    take_as_many,
)
from tests.examples import at_most

ROUNDS = st.lists(st.integers(0, 40), min_size=1, max_size=12, unique=True)
PRECISION = st.sampled_from([None, 0.1])
SIDES = st.tuples(ROUNDS, PRECISION)
PAIRS = st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=3)


def _runs(pairs: list[Any]) -> pd.DataFrame:
    rows = [
        {"pair": pair, "side": side, "round": round_, "precision": precision}
        for pair, sides in enumerate(pairs)
        for side, (rounds, precision) in zip("AB", sides, strict=True)
        for round_ in rounds
    ]
    return pd.DataFrame(rows)


def _rounds(runs: pd.DataFrame, pair: int, side: str) -> list[int]:
    mine = runs[runs["pair"].eq(pair) & runs["side"].eq(side)]
    return sorted(mine["round"])


@given(PAIRS, st.randoms(use_true_random=False))
@at_most(25)
def test_as_many_first_rounds_of_one_side_as_of_the_other(pairs: list[Any], random: Any) -> None:
    """Where either side's number was chosen by its spread; numbers that were asked for stay, and the order is of no matter."""
    runs = _runs(pairs)
    order = list(range(len(runs)))
    random.shuffle(order)
    kept = take_as_many(runs.iloc[order])
    left_out = count_left_out(runs, kept)
    for pair, sides in enumerate(pairs):
        chosen = any(precision is not None for _, precision in sides)
        fewest = min(len(rounds) for rounds, _ in sides)
        for side, (rounds, _) in zip("AB", sides, strict=True):
            expected = sorted(rounds)[:fewest] if chosen else sorted(rounds)
            assert _rounds(kept, pair, side) == expected
            assert left_out.loc[pair, f"left_out_{side.lower()}"] == len(rounds) - len(expected)


STEADY, WILD = [0.0, 0.001] * 20, [0.0, 0.5] * 20
AT_SIX = [0.0, 0.13, 0.0, 0.13, 0.065, 0.065]  # too wide at five, narrow enough at six


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((STEADY[:5], 0.1), (STEADY[:5], 0.1), 0.95),  # at the first look nothing was chosen
        ((AT_SIX, 0.1), (AT_SIX, 0.1), 0.975),
        ((AT_SIX, 0.1), (STEADY[:6], 0.1), 0.975),  # one chose the number for both
        ((STEADY[:6], 0.1), (STEADY[:6], 0.1), 0.95),  # both were narrow before
        ((WILD[:6], 0.1), (WILD[:6], 0.1), 0.95),  # the time ended them
        ((AT_SIX, None), (AT_SIX, None), 0.95),  # their number was asked for
        ((AT_SIX, 0.1), (AT_SIX, None), 0.975),
    ],
)
def test_a_pair_has_the_level_of_the_side_that_chose_its_rounds(a: Any, b: Any, expected: float) -> None:
    """97.5 % if one became narrow with just these rounds, after the first look."""
    assert levels_of_pairs(_runs_with(a, b))[0] == expected


@pytest.mark.parametrize("pattern", ["map", "pingpong"])
def test_each_sides_own_measure_decides(pattern: str) -> None:
    """The round trip of messages, otherwise the speedup, whatever is compared."""
    runs = _runs_with((AT_SIX, 0.1), (AT_SIX, 0.1))
    other = "speedup" if pattern == "pingpong" else "latency_p50_ns"
    own = "latency_p50_ns" if pattern == "pingpong" else "speedup"
    runs = runs.assign(pattern=pattern)
    runs[own], runs[other] = runs["speedup"], 1.0
    assert levels_of_pairs(runs)[0] == 0.975


def _runs_with(*sides: tuple[list[float], float | None]) -> pd.DataFrame:
    """Return the runs of one pair whose speedups have these logarithms."""
    rows = [
        {
            "pair": 0,
            "side": side,
            "round": place,
            "precision": precision,
            "pattern": "map",
            "speedup": exp(value),
        }
        for side, (logs, precision) in zip("AB", sides, strict=True)
        for place, value in enumerate(logs)
    ]
    return pd.DataFrame(rows).assign(latency_p50_ns=float("nan"))


def test_the_last_round_says_whether_the_number_was_chosen() -> None:
    """Rounds that were added by number count in full."""
    runs = _runs([(([0, 1, 2], 0.1), ([0, 1], None))])
    runs.loc[2, "precision"] = None
    assert len(take_as_many(runs)) == len(runs)
