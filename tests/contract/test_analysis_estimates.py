"""Estimates: what runs store, combined over processes, the stored interval of a single one, and what follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.frames.estimates import Typical, estimate, share_disturbed
from breakeven.base.schema import TABLES
from breakeven.runner.results.statistics import Statistics
from tests.examples import at_most

VALUES = st.floats(0.01, 100, allow_nan=False)
ROUNDS = st.lists(st.lists(VALUES, min_size=1, max_size=12), min_size=1, max_size=4)
CELLS = st.lists(ROUNDS, min_size=8, max_size=8)
"""Many cells in an example: what a call costs hardly depends on their number."""
ENDS = ["speedup", "speedup_low", "speedup_high"]


def _stored(rounds: list[list[float]], by_rule: bool = False) -> pd.DataFrame:
    """Return what runs store whose pairs have these ratios."""
    rows = [
        Statistics(by_rule).typical("speedup{}", values)
        | {"cell_id": "c", "round": number, "n_trials": len(values), "hostname": "here", "machine": "here"}
        for number, values in enumerate(rounds)
    ]
    return pd.DataFrame(rows)


def _stored_cells(cells: list[list[list[float]]]) -> pd.DataFrame:
    """Return what the runs of several cells store, called by their places."""
    return pd.concat([_stored(rounds).assign(cell_id=place) for place, rounds in enumerate(cells)])


def _runs(*rows: dict[str, Any]) -> pd.DataFrame:
    plain: dict[str, Any] = {
        **dict.fromkeys(TABLES["runs"].names),
        "cell_id": "c",
        "round": 0,
        "status": "ok",
        "pattern": "map",
        "task_measured_ns": 10,
        "n_trials": 8,
        "n_disturbed": 0,
    }
    return pd.DataFrame([plain | row for row in rows])


def _cells(**factors: Any) -> pd.DataFrame:
    row = {
        "status": "ok",
        "reason": None,
        "rounds": 1,
        "workers": 2,
        "payload_bytes": 100,
        "payload_out_bytes": 50,
    }
    return pd.DataFrame([row | factors], index=pd.Index(["c"], name="cell_id"))


def _estimate(rounds: list[list[float]], by_rule: bool = False) -> pd.Series[Any]:
    return Typical("speedup")(_stored(rounds, by_rule)).iloc[0]


@given(CELLS)
@at_most(8)
def test_the_estimate_is_the_geometric_mean_of_the_rounds_medians(cells: list[list[list[float]]]) -> None:
    """Low <= estimate <= high; the counts are of all values; too few of one process have no interval."""
    found = Typical("speedup")(_stored_cells(cells))
    for place, rounds in enumerate(cells):
        _check(found.loc[[place]].iloc[0], rounds)


def _check(row: pd.Series[Any], rounds: list[list[float]]) -> None:
    medians = [float(np.median(values)) for values in rounds]
    assert row["speedup"] == pytest.approx(np.exp(np.mean(np.log(medians))))
    assert (row["samples"], row["rounds"]) == (sum(map(len, rounds)), len(rounds))
    if len(rounds) == 1 and len(rounds[0]) < 6:
        assert np.isnan([row["speedup_low"], row["speedup_high"]]).all()
        assert row["covers"] == "nothing"
        return
    assert row["speedup_low"] <= row["speedup"] * (1 + 1e-9)
    assert row["speedup"] <= row["speedup_high"] * (1 + 1e-9)
    assert row["covers"] == ("cell" if len(rounds) > 1 else "process")


@given(st.lists(st.lists(VALUES, min_size=6, max_size=12), min_size=8, max_size=8), st.booleans())
@at_most(6)
def test_one_process_has_the_interval_that_its_run_stored(values: list[list[float]], by_rule: bool) -> None:
    """To the last digit, however it was chosen."""
    stored = _stored(values, by_rule).assign(cell_id=range(len(values)))
    assert Typical("speedup")(stored)[ENDS].to_numpy().tolist() == stored[ENDS].to_numpy().tolist()


def test_students_interval_of_three_processes() -> None:
    """Medians of 1, 2 and 4: the logarithms' mean and deviation, times 4.303 over the root of 3."""
    row = _estimate([[1.0] * 7, [2.0] * 3, [0.1, 4.0, 9.0]])
    half = 4.302653 * np.log(2) / np.sqrt(3)
    assert row[ENDS].tolist() == pytest.approx([2, 2 * np.exp(-half), 2 * np.exp(half)], rel=1e-6)


def test_what_varies_within_processes_alone_is_not_counted_twice() -> None:
    """Rounds with the same median have an interval of no width, however their trials scatter."""
    row = _estimate([[1.0, 2.0, 3.0], [0.5, 2.0, 9.0]])
    assert row[ENDS].tolist() == pytest.approx([2, 2, 2])


def test_a_process_chosen_for_its_narrow_interval_has_a_wider_one() -> None:
    """Where the rule ended the trials the level is higher; at the fewest values nothing was chosen."""
    values = [float(value) for value in range(1, 21)]
    plain, chosen = _estimate([values]), _estimate([values], by_rule=True)
    assert chosen["speedup_low"] < plain["speedup_low"]
    assert plain["speedup_high"] < chosen["speedup_high"]
    few = [values[:6]]
    assert _estimate(few)[ENDS].tolist() == _estimate(few, by_rule=True)[ENDS].tolist()


def test_zero_has_no_logarithm() -> None:
    """One process that did nothing makes the geometric mean zero, without an interval; a negative one leaves none."""
    row = _estimate([[0.0, 0.0], [2.0, 2.0]])
    assert (row["speedup"], row["covers"]) == (0, "nothing")
    assert np.isnan([row["speedup_low"], row["speedup_high"]]).all()
    assert np.isnan(_estimate([[-1.0], [2.0], [0.0]])["speedup"])
    assert _estimate([[0.0] * 6])[ENDS].tolist() == [0, 0, 0]  # no logarithm is needed within one process


def test_what_was_not_measured_is_left_out() -> None:
    """A run whose value is missing or infinite counts for nothing."""
    runs = pd.concat([_stored([[1.0], [4.0, 4.0]]), _runs({"speedup": np.inf}, {"speedup": None})])
    row = Typical("speedup")(runs).iloc[0]
    assert (row["speedup"], row["samples"], row["rounds"]) == (pytest.approx(2), 3, 2)


@given(CELLS, st.sampled_from([0.25, 3.0, 1024.0]))
@at_most(6)
def test_other_units_give_the_same_interval_in_other_units(
    cells: list[list[list[float]]], scale: float
) -> None:
    """Scaling all values scales the estimate and both ends."""
    in_other_units = [[[value * scale for value in values] for values in rounds] for rounds in cells]
    scaled, plain = (Typical("speedup")(_stored_cells(of))[ENDS] for of in (in_other_units, cells))
    np.testing.assert_allclose(scaled.astype(float), plain.astype(float) * scale, rtol=1e-9)


@given(CELLS, st.randoms(use_true_random=False))
@at_most(6)
def test_the_order_of_rows_does_not_matter(cells: list[list[list[float]]], random: Any) -> None:
    """Shuffled runs give the same intervals."""
    frame = _stored_cells(cells)
    order = list(range(len(frame)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(Typical("speedup")(frame), Typical("speedup")(frame.iloc[order]))


@given(CELLS)
@at_most(6)
def test_other_cells_beside_it_change_nothing(cells: list[list[list[float]]]) -> None:
    """A cell's interval does not depend on what else was measured."""
    stored = _stored_cells(cells)
    together = Typical("speedup")(stored[::-1])
    for place, frame in stored.groupby("cell_id"):
        pd.testing.assert_frame_equal(together.loc[[place]], Typical("speedup")(frame))


def test_latencies_of_several_processes_are_those_of_all_their_messages() -> None:
    """Runs store the percentiles of all messages; their geometric mean is the estimate, trials are counted."""
    runs = _runs({"latency_p50_ns": 100, "n_trials": 2}, {"latency_p50_ns": 400, "round": 1, "n_trials": 1})
    row = Typical("latency_p50_ns")(runs).iloc[0]
    told = row[["latency_p50_ns", "samples", "rounds", "covers"]].tolist()
    assert told == [pytest.approx(200), 3, 2, "cell"]
    assert row["latency_p50_ns_low"] * row["latency_p50_ns_high"] == pytest.approx(200**2)


def test_a_latency_without_a_stored_interval_covers_nothing() -> None:
    """Where the messages of the only process were too few there is none."""
    stored = {"latency_p50_ns": 100, "latency_p50_low_ns": 90, "latency_p50_high_ns": 120}
    row = Typical("latency_p50_ns")(_runs(stored)).iloc[0]
    names = ["latency_p50_ns", "latency_p50_ns_low", "latency_p50_ns_high", "covers"]
    assert row[names].tolist() == [100, 90, 120, "process"]
    unknown = Typical("latency_p99_ns")(_runs({"latency_p99_ns": 500})).iloc[0]
    assert (unknown["latency_p99_ns"], unknown["covers"]) == (500, "nothing")


def test_what_follows_from_a_single_run() -> None:
    """Efficiency is by the workers, bandwidth by the bytes of a task, the share of disturbed pairs by their number."""
    run = {"speedup": 1.5, "speedup_low": 1.4, "speedup_high": 1.6, "speedup_with_startup": 1.2}
    quick = {"throughput_per_s": 10.0, "throughput_low_per_s": 9.0, "throughput_high_per_s": 11.0}
    quiet = {"speedup_quiet": 1.55, "speedup_quiet_low": 1.5, "speedup_quiet_high": 1.6, "n_disturbed": 2}
    row = estimate(_cells(), _runs(run | quick | quiet)).iloc[0]
    assert row[ENDS].tolist() == [1.5, 1.4, 1.6]
    assert [row[f"efficiency{end}"] for end in ("", "_low", "_high")] == [0.75, 0.7, 0.8]
    assert [row[f"bandwidth_bytes_per_s{end}"] for end in ("", "_low", "_high")] == [1500, 1350, 1650]
    assert [row[f"speedup_quiet{end}"] for end in ("", "_low", "_high")] == [1.55, 1.5, 1.6]
    assert row["speedup_with_startup"] == pytest.approx(1.2)
    assert row["pairs_disturbed"] == 0.25
    assert (row["samples"], row["rounds"], row["covers"]) == (8, 1, "process")


def test_start_up_that_one_round_did_not_time_is_not_known() -> None:
    """It is the geometric mean over rounds, and is missing where a round's is."""
    rounds = [{"round": place, "speedup": 2.0, "speedup_with_startup": float(2**place)} for place in (0, 2)]
    assert estimate(_cells(), _runs(*rounds))["speedup_with_startup"].tolist() == pytest.approx([2])
    rounds[1]["speedup_with_startup"] = np.nan
    assert estimate(_cells(), _runs(*rounds))["speedup_with_startup"].isna().all()


def test_tracing_that_costs_a_tenth_shows_as_a_tenth() -> None:
    """Over rounds, the ratio less one, with its interval around it; of one round what it stored."""
    effects = enumerate((0.08, 0.1, 0.12))
    rows = [{"round": place, "speedup": 1.0, "observer_effect": effect} for place, effect in effects]
    row = estimate(_cells(), _runs(*rows)).iloc[0]
    assert row["observer_effect"] == pytest.approx(0.1, abs=0.001)
    assert row["observer_effect_low"] < 0.1 < row["observer_effect_high"]
    alone = {
        "speedup": 1.0,
        "observer_effect": -0.01,
        "observer_effect_low": -0.02,
        "observer_effect_high": 0.03,
    }
    row = estimate(_cells(), _runs(alone)).iloc[0]
    assert [row[name] for name in alone] == [*alone.values()]


def test_messages_have_latency_and_no_speedup() -> None:
    """Of pingpong: the stored percentiles, and bandwidth by round trip, not by wall time."""
    stored = {
        "latency_p50_ns": 100,
        "latency_p50_low_ns": 75,
        "latency_p50_high_ns": 150,
        "latency_p99_ns": 400,
        "throughput_per_s": 1.0,
    }
    run = stored | {"pattern": "pingpong", "n_trials": 2, "n_disturbed": 1}
    row = estimate(_cells(), _runs(run)).iloc[0]
    assert row[["latency_p50_ns", "latency_p50_ns_low", "latency_p50_ns_high"]].tolist() == [100, 75, 150]
    bandwidth = [row[f"bandwidth_bytes_per_s{end}"] for end in ("", "_low", "_high")]
    assert bandwidth == pytest.approx(
        [1.5e9, 1e9, 2e9]
    )  # the slow end of the one is the fast end of the other
    assert row["latency_p99_ns"] == 400
    assert np.isnan(row["speedup"])
    assert row["pairs_disturbed"] == 0.5
    assert (row["samples"], row["covers"]) == (2, "process")


def test_the_share_of_disturbed_pairs_is_of_all_rounds() -> None:
    """Rounds with more trials weigh more; what is not known is missing."""
    runs = _runs({"n_trials": 30, "n_disturbed": 3}, {"n_trials": 10, "n_disturbed": 5})
    assert share_disturbed(runs, "cell_id").tolist() == [0.2]
    assert share_disturbed(runs.assign(n_trials=None, n_disturbed=None), "cell_id").isna().all()
