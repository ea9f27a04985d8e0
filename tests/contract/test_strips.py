"""The small pictures of pages: every place is within them, in the order of the values, and what lies beyond is said to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.pages.strips import Scale, Value, draw, write_ratio

POSITIVE = st.floats(1e-9, 1e12)
ANY = st.floats(-1e12, 1e12)


@given(st.lists(POSITIVE, min_size=1, max_size=8), st.booleans())
def test_places_are_within_and_in_order(numbers: list[float], logarithmic: bool) -> None:
    """Whatever is measured, of one value as of many."""
    scale = Scale.of([Value(number, number, number) for number in numbers], logarithmic=logarithmic)
    assert scale is not None
    places = [scale.place(number) for number in sorted(numbers)]
    assert places == sorted(places)
    assert all(0 < place < 100 for place in places)


@given(st.lists(ANY, min_size=1, max_size=8))
def test_a_scale_of_what_may_be_zero(numbers: list[float]) -> None:
    """It is not logarithmic."""
    scale = Scale.of([Value(number, number, number) for number in numbers], logarithmic=False)
    assert scale is not None
    assert all(0 < scale.place(number) < 100 for number in numbers)


@given(POSITIVE, st.floats(1.0001, 1e9), st.booleans())
def test_ticks_are_few_and_round(low: float, times: float, logarithmic: bool) -> None:
    """Each is a value of the scale that three digits tell."""
    scale = Scale(low, low * times, logarithmic)
    values = [float(text) for _, text in scale.ticks("{:.17g}".format)]
    assert len(values) <= 10
    assert all(scale.low <= value <= scale.high for value in values)
    assert [float(f"{value:.3g}") for value in values if times > 1.5] == [
        value for value in values if times > 1.5
    ]
    places = [place for place, _ in scale.ticks(str)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.8, 1.9, ["1x", "1.5x"]),
        (0.94, 1.06, ["0.95x", "1x", "1.05x"]),
        (0.4, 8.0, ["0.5x", "1x", "2x", "5x"]),
        (0.05, 9.0, ["0.1x", "0.3x", "1x", "3x"]),
        (0.01, 100.0, ["0.01x", "0.1x", "1x", "10x", "100x"]),
        (1e-6, 1e6, ["1e-06x", "0.001x", "1x", "1000x", "1e+06x"]),
    ],
)
def test_labels(low: float, high: float, labels: list[str]) -> None:
    """As dense as the scale is narrow."""
    assert [label for _, label in Scale(low, high).ticks(write_ratio)] == labels


def test_intervals_that_leave_the_picture_end_in_arrows() -> None:
    """A wide interval of one does not squeeze the others."""
    values = [Value(1.0, 0.99, 1.01), Value(1.2, 1e-9, math.inf), Value(1.1, math.nan, math.nan)]
    scale = Scale.of(values)
    assert scale is not None
    assert (scale.low, scale.high) == (0.5, 1.2)
    strip = draw(
        [("good", values[0]), ("open", values[1]), ("other", values[2])], scale, write_ratio, one=True
    )
    other, open_, good = strip.marks
    assert (open_.below, open_.above) == (True, True)
    assert (open_.low, open_.high) == (scale.place(0.5), scale.place(1.2))
    assert not any((*good[4:], *other[4:]))
    assert other.low == other.value == other.high
    assert strip.one == scale.place(1.0)


def test_a_band_reaches_as_far_as_it_goes() -> None:
    """One without an end reaches the edge of the picture."""
    scale = Scale(0.5, 2.0)
    for band, edges in (
        ((0.8, 1.25), (scale.place(0.8), scale.place(1.25))),
        ((-math.inf, 1.0), (0.0, scale.place(1.0))),
        ((1.0, math.inf), (scale.place(1.0), 100.0)),
    ):
        strip = draw([], scale, write_ratio, band=band)
        assert strip.band is not None
        assert (strip.band[0], sum(strip.band)) == pytest.approx(edges)


def test_nothing_to_draw_has_no_scale() -> None:
    """A ratio that is missing, or not above zero."""
    assert Scale.of([Value(math.nan, 1, 2), Value(0.0, 0.0, 0.0)]) is None
