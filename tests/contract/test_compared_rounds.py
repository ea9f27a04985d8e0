"""How many rounds of each side of a pair are compared, and at which level."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.analysis.comparing.rounds import (
    count_left_out,
    level_of_pair,
    levels_of_pairs,
    take_as_many,
)
from breakeven.base.rounds import LOOKS

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
@settings(max_examples=25, deadline=None)
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


@given(PAIRS)
@settings(max_examples=25, deadline=None)
def test_only_a_pair_that_the_rule_may_have_ended_late_has_the_higher_level(pairs: list[Any]) -> None:
    """Both sides by their spread, and as many rounds as a look after the first."""
    levels = levels_of_pairs(take_as_many(_runs(pairs)))
    for pair, sides in enumerate(pairs):
        fewest = min(len(rounds) for rounds, _ in sides)
        late = all(precision for _, precision in sides) and fewest in LOOKS[1:]
        assert levels[pair] == (0.975 if late else 0.95)


@pytest.mark.parametrize(
    ("rounds", "by_rule", "level"),
    [(5, True, 0.95), (6, True, 0.975), (7, True, 0.95), (13, True, 0.975), (6, False, 0.95), (3, True, 0.95)],
)  # fmt: skip
def test_the_level_is_defined_in_one_place(rounds: int, by_rule: bool, level: float) -> None:
    """After the first look, of what ended by the rule, 97.5 %."""
    assert level_of_pair(rounds, by_rule=by_rule) == level


def test_the_last_round_says_whether_the_number_was_chosen() -> None:
    """Rounds that were added by number count in full."""
    runs = _runs([(([0, 1, 2], 0.1), ([0, 1], None))])
    runs.loc[2, "precision"] = None
    assert len(take_as_many(runs)) == len(runs)
