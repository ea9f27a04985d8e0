"""Where axes end: arrows where intervals go on, and which labels lie within the axes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import markers
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D

from breakeven.analysis.figures.edges import ARROW, cut, list_drawn
from breakeven.analysis.figures.look import MARKERS, Style, add_legend, draw_errors, new_figure, side_by_side

TOP, BOTTOM = 2.0, 0.5
NEAR = 0.15 * (TOP - BOTTOM)
STYLE = Style("#0173b2", MARKERS[0], "-", name="one")


def _draw(*points: tuple[float, float, float], scale: str = "linear") -> SubFigure:
    """Draw points with intervals, and end the axis."""
    frame = pd.DataFrame(points, columns=["speedup_low", "speedup", "speedup_high"])
    frame["pairs_disturbed"] = 0.0
    body = new_figure(5, 4)
    places = pd.Series(range(len(points)), dtype="float64")
    draw_errors(body.subplots(), places, frame, "speedup", STYLE)
    body.axes[0].set_yscale(scale)
    cut(body, "y", BOTTOM, TOP)
    return body


def _arrows(body: SubFigure) -> list[tuple[float, float, object]]:
    lines = [line for line in body.axes[0].lines if line.get_gid() == ARROW]
    places = [np.asarray(line.get_xydata(), float)[0] for line in lines]
    found = zip(places, lines, strict=True)
    return sorted((float(place[0]), float(place[1]), line.get_marker()) for place, line in found)


ENDS = st.floats(0.01, 1)


@settings(max_examples=30)
@given(st.lists(st.tuples(ENDS, st.floats(0.6, 1.9), ENDS), min_size=1, max_size=5))
def test_an_interval_that_leaves_the_axes_ends_in_an_arrow(points: list[tuple[float, float, float]]) -> None:
    """At the edge that it crosses, over its own point, and nowhere else."""
    intervals = [(value - below, value, value + above) for below, value, above in points]
    body = _draw(*intervals)
    low, high = body.axes[0].get_ylim()
    expected = [
        *((place, low, markers.CARETDOWN) for place, ends in enumerate(intervals) if ends[0] < low),
        *((place, high, markers.CARETUP) for place, ends in enumerate(intervals) if ends[2] > high),
    ]
    assert _arrows(body) == sorted(expected)
    assert BOTTOM - NEAR < low <= BOTTOM < TOP <= high < TOP + NEAR


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_axis_holds_an_interval_that_ends_just_beyond(scale: str) -> None:
    """And what is not far beyond is no reason for an arrow; what is has one."""
    body = _draw((0.45, 1.0, 2.1), (0.6, 1.0, 9.0), scale=scale)
    low, high = body.axes[0].get_ylim()
    assert 0.4 < low < 0.45
    assert 2.1 < high < 2.2
    assert _arrows(body) == [(1.0, high, markers.CARETUP)]


def test_an_axis_that_holds_all_intervals_ends_where_it_is_said() -> None:
    """To the digit."""
    assert _draw((0.6, 1.0, 1.9)).axes[0].get_ylim() == (BOTTOM, TOP)


def test_a_point_without_an_interval_has_no_arrow() -> None:
    """Its interval is missing, not infinite."""
    nothing = float("nan")
    assert _arrows(_draw((nothing, 1.0, nothing), (0.9, 1.0, 1.1))) == []


def test_a_legend_lists_what_lies_within_the_axes() -> None:
    """A line beyond them is not drawn, and so is an entry that no artist has."""
    body = _draw((0.9, 1.0, 1.1))
    body.axes[0].axhline(1, label="serial")
    body.axes[0].axhline(9, label="ideal")
    assert list_drawn(body) >= {"one", "serial"}
    body.axes[0].plot([0], [1], label="a line of one point")
    assert not {"ideal", "a line of one point"} & list_drawn(body)
    handles = [Line2D([], [], label=label) for label in ("one", "serial", "ideal", "nothing")]
    add_legend(body, handles)
    (legend,) = body.legends
    assert [text.get_text() for text in legend.get_texts()] == ["one", "serial"]


@given(panels=st.integers(1, 60))
def test_rows_of_panels_lack_as_few_as_they_can(panels: int) -> None:
    """No more rows than with three side by side, and no narrower rows would do: four make two rows of two."""
    columns = side_by_side(panels)
    rows = -(-panels // columns)
    assert 1 <= columns <= 3
    assert rows == -(-panels // 3)
    assert rows * (columns - 1) < panels
