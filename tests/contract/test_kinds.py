"""Rounds of two kinds: found, named by what was recorded, and shown apart; rounds of one kind are left whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.frames.kinds import (
    FAULTS,
    FEWEST,
    FEWEST_BLIND,
    ONE_CPU,
    UNKNOWN,
    cause_of,
    find,
)

NEAR = st.floats(-0.02, 0.02)


@given(st.lists(NEAR, min_size=4, max_size=9), st.lists(NEAR, min_size=4, max_size=9), st.booleans())
def test_far_kinds_are_named_by_what_was_recorded(one: list[float], two: list[float], slower: bool) -> None:
    """Whichever of them is slower, each round is of the kind that its placement says."""
    logs = [*one, *(value + (2 if slower else -2) for value in two)]
    shares = np.array([0.9] * len(one) + [0.1] * len(two))
    kinds = find(logs, [(ONE_CPU, shares)])
    assert kinds is not None
    assert kinds.cause is ONE_CPU
    assert kinds.names() == ["one CPU"] * len(one) + ["two CPUs"] * len(two)


@given(st.lists(NEAR, min_size=4, max_size=9), st.lists(NEAR, min_size=4, max_size=9))
def test_kinds_may_differ_by_their_page_faults(one: list[float], two: list[float]) -> None:
    """If both ran alike, what they gave back to the kernel tells them apart; where they ran is named first."""
    logs = [*one, *(value + 2 for value in two)]
    faults = np.array([0.3] * len(one) + [620.0] * len(two))
    kinds = find(logs, [(ONE_CPU, np.zeros(len(logs))), (FAULTS, faults)])
    assert kinds is not None
    assert kinds.names() == ["memory kept"] * len(one) + ["page faults"] * len(two)
    both = find(logs, [(ONE_CPU, np.array([1.0] * len(one) + [0.0] * len(two))), (FAULTS, faults)])
    assert both is not None
    assert both.cause is ONE_CPU


@given(st.lists(NEAR, min_size=4, max_size=6), st.lists(st.floats(0, 4), min_size=12, max_size=12))
def test_a_few_page_faults_tell_nothing_apart(logs: list[float], faults: list[float]) -> None:
    """However they are spread, they take too little time."""
    both = [*logs, *(value + 2 for value in logs)]
    kinds = find(both, [(FAULTS, np.array(faults[: len(both)]))])
    assert kinds is None or kinds.cause is UNKNOWN


@given(st.lists(NEAR, min_size=6, max_size=9), st.floats(0, 1))
def test_what_does_not_vary_names_nothing(logs: list[float], share: float) -> None:
    """Kinds without a recorded difference are told apart by their values, and their cause is unknown."""
    both = [*logs, *(value + 2 for value in logs)]
    kinds = find(both, [(ONE_CPU, np.full(len(both), share))])
    assert kinds is not None
    assert kinds.cause is UNKNOWN
    assert kinds.names() == ["lower"] * len(logs) + ["higher"] * len(logs)


@given(st.lists(st.floats(-5, 5), max_size=FEWEST - 1))
def test_few_rounds_say_nothing(logs: list[float]) -> None:
    """Not even if the only difference is a clear one."""
    assert find(logs, [(ONE_CPU, np.resize([0.0, 1.0], len(logs)))]) is None


@pytest.mark.parametrize("rounds", [5, FEWEST_BLIND, 30])
def test_one_round_apart_is_no_kind(rounds: int) -> None:
    """It may have been disturbed, wherever it ran."""
    logs = [3.0, *np.linspace(-0.01, 0.01, rounds - 1)]
    assert find(logs, [(ONE_CPU, np.array([1.0] + [0.0] * (rounds - 1)))]) is None


def test_unknown_placement_is_no_difference() -> None:
    """Rounds for which the kernel told nothing cannot be told apart by it."""
    assert find([0.0, 0.0, 0.0, 2.0, 2.0, 2.0], [(ONE_CPU, np.full(6, np.nan))]) is None


def test_equal_values_are_of_one_kind() -> None:
    """A clock of few steps gives many equal values; no spread is no reason to split."""
    assert find([1.0] * 20, [(ONE_CPU, np.resize([0.0, 1.0], 20))]) is None


def test_a_cause_is_known_by_its_column() -> None:
    """What is stored leads back to the words; nothing recorded is unknown."""
    assert cause_of("same_cpu") is ONE_CPU
    assert cause_of("") is UNKNOWN
