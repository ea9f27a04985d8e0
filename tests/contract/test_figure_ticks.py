"""Ticks of logarithmic axes: round, within the view, and apart from each other whatever the range."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from breakeven.analysis.figures.ticks import round_values, set_log_axis
from breakeven.analysis.units import format_rate, format_size, format_time

MIB = 2.0**20
Write = Callable[[float], str]


@given(st.floats(1e-3, 1e12), st.floats(1.001, 1e12), st.booleans())
def test_round_values_are_within_the_view(low: float, times: float, binary: bool) -> None:
    """Ever fewer ways of them, each in order; the first has two or more."""
    binary = binary and low >= 1
    ways = list(round_values(low, low * times, binary=binary))
    assert ways
    assert max(map(len, ways)) > 1
    for ticks in ways:
        assert len(ticks) <= 8
        assert all(low <= tick <= low * times for tick in ticks)
        assert all(before < after for before, after in pairwise(ticks))


@pytest.mark.parametrize(
    ("low", "high", "write", "found"),
    [
        (0.78, 1.45, "{:g}".format, ["0.8", "0.9", "1", "1.1", "1.2", "1.3", "1.4"]),
        (0.9, 1.5, "{:g}".format, ["0.9", "1", "1.1", "1.2", "1.3", "1.4", "1.5"]),
        (0.05, 40, "{:g}".format, ["0.1", "1", "10"]),
        (6.6e6, 12.6e6, format_time, ["7 ms", "8 ms", "9 ms", "10 ms", "11 ms", "12 ms"]),
        (1.2e6, 3.1e6, format_time, ["1.5 ms", "2 ms", "2.5 ms", "3 ms"]),
        (68.4 * 1024, 118 * 1024, format_size, ["70 KiB", "80 KiB", "90 KiB", "100 KiB", "110 KiB"]),
        (64, 16 * MIB, format_size, ["64 B", "512 B", "4 KiB", "32 KiB", "256 KiB", "2 MiB", "16 MiB"]),
        (68, 160, format_rate, ["80/s", "100/s", "120/s", "140/s", "160/s"]),
    ],
)
def test_ticks_of_a_tall_axis(low: float, high: float, write: Write, found: list[str]) -> None:
    """All that are round and apart; narrow ranges have equal steps, sizes are round in their unit."""
    assert _labels(low, high, write, (5, 4), "y") == found


@given(
    size=st.sampled_from([(1.6, 1.2), (2.4, 1.6), (5.0, 3.0)]),
    which=st.sampled_from("xy"),
    times=st.floats(1.05, 1e7),
    quantity=st.sampled_from([(0.78, "{:g}".format), (7.6e6, format_time), (68.0 * 1024, format_size)]),
)
def test_labels_do_not_touch(
    size: tuple[float, float], which: str, times: float, quantity: tuple[float, Write]
) -> None:
    """Of any range and panel; and there are two of them where two have room."""
    low, write = quantity
    assert len(_labels(low, low * times, write, size, which)) >= (2 if size[0] > 2 else 1)


def _labels(low: float, high: float, write: Write, size: tuple[float, float], which: str) -> list[str]:
    """Draw an axis and return its labels, which are apart."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set(**{f"{which}scale": "log", f"{which}lim": (low, high)})
    axis = axes.xaxis if which == "x" else axes.yaxis
    set_log_axis(axis, write)
    figure.draw_without_rendering()
    shown = [label for label in axis.get_ticklabels() if label.get_text()]
    boxes = [label.get_window_extent() for label in shown]
    assert not any(one.padded(1).overlaps(other) for one, other in pairwise(boxes))
    return [label.get_text() for label in shown]
