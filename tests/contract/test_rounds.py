"""When a cell has enough rounds, and that the intervals it then reports cover what they say."""

from __future__ import annotations

from itertools import pairwise
from math import exp, inf, log, log1p
from statistics import stdev

from hypothesis import assume, given
from hypothesis import strategies as st

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
