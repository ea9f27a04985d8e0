"""Numbers of rounds that were chosen by what they measured: the level of intervals, and what a reader is told."""

from __future__ import annotations

from math import exp, log, log1p
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.frames.estimates import estimate
from breakeven.analysis.frames.precision import rule_of_rounds
from breakeven.base.rounds import LOOKS, became_narrow, half_width, is_narrow, level
from breakeven.base.schema import TABLES
from tests.examples import at_most

PRECISION = st.sampled_from([None, 0.01, 0.05, 0.2, 1.0])
VALUES = st.lists(st.floats(0.5, 2.0), min_size=1, max_size=14)
AT_LOOK = st.sampled_from(LOOKS[:5]).flatmap(
    lambda rounds: st.lists(st.floats(0.9, 1.1), min_size=rounds, max_size=rounds)
)
CELLS = st.lists(st.tuples(VALUES | AT_LOOK, PRECISION), min_size=10, max_size=10)
"""Many cells in an example: what an estimate costs hardly depends on their number."""
LOOKED_AT = st.lists(st.tuples(AT_LOOK, PRECISION), min_size=6, max_size=6)


def _runs(values: list[float], precision: float | None, cell: str = "c", **columns: Any) -> pd.DataFrame:
    """Return the runs of a cell whose processes had these speedups."""
    plain = {**dict.fromkeys(TABLES["runs"].names), "status": "ok", "pattern": "map", "n_trials": 6}
    rows = [
        plain
        | {"cell_id": cell, "round": place, "speedup": value, "precision": precision, "task_measured_ns": 10}
        | columns
        for place, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def _estimate(*parts: pd.DataFrame) -> pd.DataFrame:
    runs = pd.concat(parts, ignore_index=True)
    cells = runs.drop_duplicates("cell_id").set_index("cell_id")[["status", "reason", "pattern"]]
    return estimate(
        cells.assign(rounds=1, workers=2, payload_bytes=100, payload_out_bytes=100),
        runs.astype({"speedup": float, "latency_p50_ns": float, "throughput_per_s": float}),
    )


@given(CELLS)
@at_most(5)
def test_the_level_follows_from_why_the_rounds_ended(
    cells: list[tuple[list[float], float | None]],
) -> None:
    """Student's interval, at 97.5 % if the rule of the runner ended the rounds after the first look, otherwise at 95 %."""
    parts = [_runs(values, precision, f"c{place}") for place, (values, precision) in enumerate(cells)]
    rows: dict[str, Any] = dict(_estimate(*parts).iterrows())  # type: ignore[arg-type]  # the index holds texts
    for place, (values, precision) in enumerate(cells):
        row, logs = rows[f"c{place}"], [log(value) for value in values]
        ended = precision is not None and is_narrow(logs, precision)
        by_rule = precision is not None and became_narrow(logs, precision)
        assert row["ended_by"] == ("precision" if ended else "")
        assert row["precision"] == pytest.approx(precision or np.nan, nan_ok=True)
        if len(logs) > 1:
            half = half_width(stdev(logs), len(logs), level(len(logs), by_rule=by_rule))
            ends = [exp(fmean(logs) - half), exp(fmean(logs) + half)]
            assert row[["speedup_low", "speedup_high"]].tolist() == pytest.approx(ends, rel=1e-9)
            assert row["half_width"] == pytest.approx(exp(half) - 1, rel=1e-6, abs=1e-9)
        assert (
            precision is None
            or not ended
            or len(logs) not in LOOKS
            or row["half_width"] <= precision * 1.000001
        )


@given(LOOKED_AT)
@at_most(3)
def test_all_measures_of_a_cell_take_the_level_of_its_own(
    cells: list[tuple[list[float], float | None]],
) -> None:
    """The throughput of the same values has the same interval, also if the round trip decided."""
    parts = [
        _runs(values, precision, f"c{place}").assign(throughput_per_s=values)
        for place, (values, precision) in enumerate(cells)
    ]
    found = _estimate(*parts)
    rates, speedups = (
        found[[f"{name}{end}" for end in ("", "_low", "_high")]] for name in ("throughput_per_s", "speedup")
    )
    np.testing.assert_allclose(rates, speedups, rtol=1e-6)
    others = _estimate(*(_as_messages(part) for part in parts))
    assert others["ended_by"].tolist() == found["ended_by"].tolist()
    np.testing.assert_allclose(others["half_width"], found["half_width"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(
        others["throughput_per_s_high"], found["throughput_per_s_high"], rtol=1e-6, atol=1e-12
    )


def _as_messages(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of a cell that is decided by its round trips, which are as far apart as its speedups were."""
    return runs.assign(pattern="pingpong", speedup=None, latency_p50_ns=1000 * runs["speedup"])


def test_scattered_speedups_do_not_take_the_level_of_a_steady_throughput() -> None:
    """What ends the rounds is the cell's own measure, whatever the others look like."""
    speedups = [1.0, 1.5, 0.8, 1.2, 0.7, 1.4]
    rates = [10.0, 10.1, 9.9, 10.05, 9.95, 10.0]
    row = _estimate(_runs(speedups, 0.1).assign(throughput_per_s=rates)).iloc[0]
    half = half_width(stdev([log(rate) for rate in rates]), 6, 0.95)
    assert row["ended_by"] == ""
    assert row["throughput_per_s_high"] == pytest.approx(exp(fmean(map(log, rates)) + half))


def test_the_last_round_says_what_was_asked() -> None:
    """Rounds added by number, or at another precision, end what the rule said before."""
    steady = [1.0, 1.14, 1.0, 1.14, 1.07, 1.07]  # narrow enough at six, not at five
    by_rule, by_number = _runs(steady, 0.1), _runs(steady, 0.1)
    by_number.loc[5, "precision"] = None
    runs = pd.concat([by_rule, by_number.assign(cell_id="d"), _runs(steady, 0.001, "e")])
    found = rule_of_rounds(runs.sample(frac=1, random_state=1))
    assert found["ended_by"].to_dict() == {"c": "precision", "d": "", "e": ""}
    assert found["level"].to_dict() == {"c": 0.975, "d": 0.95, "e": 0.95}
    assert found["precision"].isna().to_dict() == {"c": False, "d": True, "e": False}


@pytest.mark.parametrize("values", [[0.0] * 6, [1.0, np.nan, 1.0, 1.0, 1.0, 1.0, 1.0], [1.0, np.inf]])
def test_values_without_a_logarithm_do_not_disturb_the_rule(values: list[float]) -> None:
    """A process that measured nothing, or zero, neither ends a cell nor stops the analysis."""
    found = rule_of_rounds(_runs(values, 0.1))
    rounds = int(np.isfinite(values).sum())
    narrow = rounds in LOOKS and min(values) > 0
    assert found["ended_by"].tolist() == ["precision" if narrow else ""]


def test_sweeps_from_before_there_was_a_precision_are_read_as_they_were() -> None:
    """Nulls: 95 %, nothing asked, however narrow."""
    row = _estimate(_runs([1.0] * 6, None)).iloc[0]
    assert np.isnan(row["precision"])
    assert (row["ended_by"], row["half_width"], row["covers"]) == ("", 0, "cell")


def test_one_process_has_half_the_width_of_its_own_interval() -> None:
    """In logarithms, as that of several; without an interval it is unknown."""
    alone = _runs([1.0], 0.1, speedup_low=0.8, speedup_high=1.25)
    assert log1p(_estimate(alone)["half_width"].iloc[0]) == pytest.approx(log(1.25))
    assert _estimate(_runs([1.0], 0.1))["half_width"].isna().all()
