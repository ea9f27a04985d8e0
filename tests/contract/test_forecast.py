"""How long the rounds take that cells still need: from their spread, that of all, and how long their runs took."""

from __future__ import annotations

from math import exp, log, nan
from statistics import median, variance
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.summary.forecast import MAX_ROUNDS, Forecast, too_wide, undecided
from breakeven.base.rounds import rounds_needed
from tests.examples import at_most

SECOND = 10**9
VALUES = st.lists(st.floats(0.5, 2.0), min_size=1, max_size=9)
CELLS = st.lists(st.tuples(VALUES, st.sampled_from([0.05, 0.2]), st.integers(1, 9)), min_size=1, max_size=4)


def _runs(
    values: list[float], cell: str = "c0", wall: float | None = SECOND, **columns: Any
) -> list[dict[str, Any]]:
    plain = {"cell_id": cell, "status": "ok", "pattern": "map", "latency_p50_ns": None, "config": None}
    rounds = [{"round": place, "speedup": value, "wall_ns": wall} for place, value in enumerate(values)]
    return [plain | row | columns for row in rounds]


def _cells(*rounds: int, **columns: Any) -> pd.DataFrame:
    """Return the estimates of cells c0, c1, ..., none of them decided."""
    index = pd.Index([f"c{place}" for place in range(len(rounds))], name="cell_id")
    plain: Any = {
        "workers": range(len(rounds)),
        "label": "",
        "ended_by": "",
        "half_width": nan,
        "precision": 0.1,
    }
    return pd.DataFrame({"rounds": rounds} | plain | columns, index=index)


@given(CELLS)
@at_most(25)
def test_the_forecast_is_of_each_cells_spread_drawn_towards_that_of_all(cells: list[Any]) -> None:
    """Four rounds of the median variance beside its own; the rounds still needed, times how long one took."""
    runs = [
        row
        for place, (values, _, wall) in enumerate(cells)
        for row in _runs(values, f"c{place}", wall * SECOND)
    ]
    frame = _cells(*(len(values) for values, _, _ in cells)).assign(
        precision=[asked for _, asked, _ in cells]
    )
    variances = [variance(map(log, values)) if len(values) > 1 else None for values, _, _ in cells]
    known = [found for found in variances if found is not None]
    forecast = Forecast.of(frame, pd.DataFrame(runs))
    assert forecast.least == (not known)
    seconds, most = 0.0, 0
    for (values, asked, wall), own in zip(cells, variances, strict=True):
        k, middle = len(values), median(known) if known else 0.0
        spread = ((4 * middle + (k - 1) * (own or 0.0)) / (k + 3)) ** 0.5
        needed = rounds_needed(spread, k, asked)
        seconds += (needed - k) * wall
        most = max(most, needed)
    assert forecast.seconds == pytest.approx(seconds)
    assert forecast.max_rounds == (most if most > MAX_ROUNDS else None)


def test_cells_that_differ_only_in_their_label_end_together() -> None:
    """What one of them needs all of them get, those that are narrow already included; others do not."""
    scattered = [exp(0.1 * sign) for sign in (1, -1, 1, -1, 1)]
    runs = pd.DataFrame([*_runs(scattered), *_runs([1.0] * 6, "c1"), *_runs([1.0] * 5, "c2")])
    decided = {"ended_by": ["", "precision", "precision"], "half_width": [0.2, 0.05, 0.05]}
    apart, joint = (_cells(5, 6, 5, workers=workers, **decided) for workers in ([1, 2, 3], [1, 1, 3]))
    (alone, together) = (Forecast.of(cells, runs).seconds for cells in (apart, joint))
    assert together == alone + (alone - 1)  # it has one round more


def test_a_limit_that_is_in_the_way_is_to_be_raised() -> None:
    """That of the configuration; rounds that failed count for it."""
    values = [exp(0.1 * sign) for sign in (1, -1, 1, -1, 1, -1)]
    config = "rounds: auto\nmax_rounds: {}\nmeasure:\n  max_rounds: 99\n"
    needed = Forecast.of(_cells(6), pd.DataFrame(_runs(values, config=config.format(6)))).max_rounds
    assert needed is not None
    assert needed > 6
    assert (
        Forecast.of(_cells(6), pd.DataFrame(_runs(values, config=config.format(needed)))).max_rounds is None
    )
    failed = _runs([1.0], status="failed", config=config.format(needed)) * 2
    runs = pd.DataFrame([*_runs(values, config=config.format(needed)), *failed])
    assert Forecast.of(_cells(6), runs).max_rounds == needed + 2


def test_how_long_a_run_takes_is_that_of_the_others_if_it_is_not_known() -> None:
    """Unknown only if no run says so."""
    steady = [1.0, 1.0, 1.0]
    runs = [*_runs(steady), *_runs(steady, "c1", None)]
    assert Forecast.of(_cells(3, 3), pd.DataFrame(runs)).seconds == pytest.approx(4)
    alone = Forecast.of(_cells(3), pd.DataFrame(_runs(steady, wall=None)).astype({"wall_ns": "float64"}))
    assert pd.isna(alone.seconds)


def test_round_trips_are_the_measure_of_messages() -> None:
    """Their spread counts, not that of a speedup that they lack."""
    rows = _runs([1.0] * 5, pattern="pingpong")
    for row, time in zip(rows, (100, 200, 100, 200, 100), strict=True):
        row.update(speedup=None, latency_p50_ns=time)
    scattered = Forecast.of(_cells(5), pd.DataFrame(rows)).seconds
    assert scattered > Forecast.of(_cells(5), pd.DataFrame(_runs([1.0] * 5))).seconds


def test_cells_without_a_run_are_taken_for_the_others() -> None:
    """At least the first look of each, as long as a run of the others."""
    runs = pd.DataFrame(_runs([1.0] * 3, wall=2 * SECOND))
    known, more = Forecast.of(_cells(3), runs), Forecast.of(_cells(3), runs, 2)
    assert more.seconds == pytest.approx(known.seconds + 2 * 5 * 2)
    assert (known.least, more.least) == (False, True)


def test_what_is_narrow_enough_is_not_named_though_it_gets_further_rounds() -> None:
    """It ended for another reason than its precision; what was not asked for lacks nothing."""
    cells = pd.DataFrame(
        {
            "precision": [0.1, 0.1, 0.1, 0.1, None],
            "half_width": [0.1, 0.09, 0.11, None, 0.5],
            "ended_by": ["precision", "", "", "", ""],
        }
    )
    assert undecided(cells).index.tolist() == [1, 2, 3]
    assert too_wide(cells).index.tolist() == [2, 3]
