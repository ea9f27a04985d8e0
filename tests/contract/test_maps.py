"""From where on something pays, and fields between cells: rules, without a figure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from breakeven.analysis.figures.fields import STEPS, interpolate
from breakeven.analysis.figures.pays import (
    FROM,
    HERE_AND_THERE,
    NOWHERE,
    THROUGHOUT,
    UNDECIDED,
    UP_TO,
    Line,
    where_it_pays,
)

TASKS = np.array([1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7])


def _line(values: list[float], share: float = 0.05) -> Line:
    """Return ``values`` at 1, 10, 100 ..., with intervals of ``share`` either way."""
    found = np.array(values)
    return Line(
        np.array([10.0**place for place in range(len(values))]),
        found,
        found * (1 - share),
        found * (1 + share),
    )


@given(
    costs=st.floats(2e4, 5e6), gain=st.floats(1.3, 64), wide=st.floats(0.02, 0.4), missing=st.integers(0, 6)
)
def test_the_break_even_is_within_its_band_and_near_the_truth(
    costs: float, gain: float, wide: float, missing: int
) -> None:
    """Tasks that cost as much again to hand over as they take in ``gain`` workers pay from a length that is known."""
    truth = costs / (gain - 1)
    speedups = gain * TASKS / (TASKS + costs)
    kept = np.arange(len(TASKS)) != missing
    line = Line(TASKS, np.where(kept, speedups, np.nan), speedups * np.exp(-wide), speedups * np.exp(wide))
    found = where_it_pays(line)
    sides = line.known().sides()
    if {1, -1} <= set(sides.tolist()):
        assert found.kind == FROM
        places = TASKS[kept]
        before, after = places[places <= truth].max(), places[places >= truth].min()
        assert before <= found.at <= after
        assert places[sides < 0].max() <= found.low <= found.at <= found.high <= places[sides > 0].min()
        if missing not in np.searchsorted(TASKS, truth) + np.arange(-1, 1):
            assert abs(np.log(found.at / truth)) < 0.2
    else:
        assert np.isnan(found.at)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0.5, 1.5, 1.9], FROM),
        ([0.5, 1.0, 1.9], FROM),
        ([1.5, 1.2, 0.7], UP_TO),
        ([1.2, 1.5, 1.9], THROUGHOUT),
        ([0.5, 0.7, 0.9], NOWHERE),
        ([0.5, 0.7, 0.99], NOWHERE),
        ([0.5, 0.7, 1.02], UNDECIDED),
        ([0.5, 1.5, 0.5, 1.5], HERE_AND_THERE),
        ([1.0, 1.5, 1.0], HERE_AND_THERE),
        ([1.0, 1.5, 1.9], FROM),
        ([1.9, 1.5, 1.0], UP_TO),
        ([], UNDECIDED),
    ],
)
def test_where_it_pays_in_kinds(values: list[float], kind: str) -> None:
    """What the intervals leave open is not claimed."""
    assert where_it_pays(_line(values)).kind == kind


def test_a_gain_that_is_surely_small_is_none() -> None:
    """As in the verdicts: within 5 % of serial there is nothing to recommend."""
    assert where_it_pays(_line([1.02, 1.03], share=0.001)).kind == NOWHERE


def test_without_a_clear_loss_the_end_of_the_band_is_where_gains_are_clear() -> None:
    """Where the estimates pass 1 would be a guess."""
    starts, ends = where_it_pays(_line([1.0, 1.0, 1.9])), where_it_pays(_line([1.9, 1.0, 1.0]))
    assert (starts.low, starts.high) == (1, 100)
    assert (ends.low, ends.high) == (1, 100)
    assert np.isnan([starts.at, ends.at]).all()


def test_a_payload_of_nothing_has_a_break_even_beside_it() -> None:
    """It has no logarithm; between it and the next one the scale is linear."""
    found = where_it_pays(Line(np.array([0.0, 1024.0]), *np.array([[2.0, 0.5], [1.9, 0.4], [2.1, 0.6]])))
    assert (found.kind, found.at) == (UP_TO, 512)


GRIDS = arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 5)),
    elements=st.one_of(st.floats(-4, 4), st.just(float("nan"))),
)


@given(GRIDS, st.floats(0.01, 2))
def test_a_field_keeps_the_order_of_its_ends(logs: np.ndarray, half: float) -> None:
    """So the contour lies within its band; middles keep their values, and cells that are NaN stay so in whole."""
    low, middle, high = (interpolate(logs + shift).values for shift in (-half, 0.0, half))
    known = np.isfinite(middle)
    assert (low[known] <= middle[known]).all()
    assert (middle[known] <= high[known]).all()
    middles = middle[STEPS // 2 :: STEPS, STEPS // 2 :: STEPS]
    np.testing.assert_allclose(middles, logs, atol=1e-9)
    if np.isfinite(logs).any():
        assert np.nanmin(logs) - 1e-9 <= middle[known].min()
        assert middle[known].max() <= np.nanmax(logs) + 1e-9


@given(GRIDS)
def test_unknown_cells_have_no_part_in_their_neighbours(logs: np.ndarray) -> None:
    """Whatever the unknown are set to is not seen."""
    known = np.isfinite(logs)
    field = interpolate(logs)
    rows, columns = (
        np.round(axis).clip(0, count - 1) for axis, count in zip(field[1::-1], logs.shape, strict=True)
    )
    nearest = known[np.ix_(rows.astype(int), columns.astype(int))]
    assert (np.isfinite(field.values) == nearest).all()
