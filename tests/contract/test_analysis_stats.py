"""Estimates: pairing, the two-level bootstrap and what follows from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.stats import Bootstrap, Carry, Pair, Rate, Started, resample_medians

VALUES = st.floats(0.01, 100, allow_nan=False)
ROUNDS = st.lists(st.lists(VALUES, min_size=1, max_size=8), min_size=1, max_size=4)


def _frame(rounds: list[list[float]]) -> pd.DataFrame:
    rows = [("c", number, value) for number, values in enumerate(rounds) for value in values]
    return pd.DataFrame(rows, columns=["cell_id", "round", "x"])


def _trials(*rows: dict[str, Any]) -> pd.DataFrame:
    plain = {
        "cell_id": "c",
        "round": 0,
        "block": 0,
        "warmup": False,
        "traced": False,
        "wall_ns": 100,
        "tasks": 10,
    }
    return pd.DataFrame([plain | row for row in rows])


def _estimate(rounds: list[list[float]]) -> pd.Series[Any]:
    return Bootstrap("x", resamples=200)(_frame(rounds)).iloc[0]


@given(ROUNDS)
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_the_estimate_and_stays_in_the_data(rounds: list[list[float]]) -> None:
    """Low <= median <= high, and none lies outside of what was measured; one value has no interval."""
    row, values = _estimate(rounds), np.concatenate(rounds)
    assert row["x"] == np.median(values)
    assert row["samples"] == len(values)
    if len(values) == 1:
        assert np.isnan(row["x_low"])
        assert np.isnan(row["x_high"])
        assert row["covers"] == "nothing"
    else:
        assert values.min() <= row["x_low"] <= row["x"] <= row["x_high"] <= values.max()
        assert row["covers"] == ("cell" if len(rounds) > 1 else "process")


@given(ROUNDS, st.sampled_from([0.25, 2.0, 1024.0]))
@settings(max_examples=40, deadline=None)
def test_other_units_give_the_same_interval_in_other_units(rounds: list[list[float]], scale: float) -> None:
    """Scaling all values by a power of two scales the median and both ends exactly."""
    columns = ["x", "x_low", "x_high"]
    scaled = _estimate([[value * scale for value in values] for values in rounds])[columns]
    expected = _estimate(rounds)[columns].astype(float) * scale
    np.testing.assert_array_equal(scaled.astype(float), expected)


@given(ROUNDS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_does_not_matter(rounds: list[list[float]], random: Any) -> None:
    """Shuffled rows, trials within their rounds, give the very same interval."""
    frame = _frame(rounds)
    order = list(range(len(frame)))
    random.shuffle(order)
    bootstrap = Bootstrap("x", resamples=100)
    pd.testing.assert_frame_equal(bootstrap(frame), bootstrap(frame.iloc[order]))


def test_another_cell_beside_it_changes_nothing() -> None:
    """Each cell has its own draw: a cell's interval does not depend on what else was measured."""
    frame = _frame([[1, 2, 3, 4], [2, 3, 5, 8]])
    both = pd.concat([frame.assign(cell_id="a", x=7.0), frame])
    pd.testing.assert_frame_equal(Bootstrap("x")(both).loc[["c"]], Bootstrap("x")(frame))


def test_the_spread_between_processes_counts() -> None:
    """Values that differ between rounds only make an interval as wide as the rounds are apart."""
    apart = _estimate([[1.0] * 10, [2.0] * 10, [3.0] * 10])
    assert (apart["x_low"], apart["x"], apart["x_high"]) == (1, 2, 3)
    pooled = _estimate([[1.0] * 10 + [2.0] * 10 + [3.0] * 10])
    assert pooled["x_high"] - pooled["x_low"] < 2


def test_the_interval_of_a_median_is_as_wide_as_theory_says() -> None:
    """For 101 normal values the 95 % interval of the median is about 2 x 1.96 x 1.253 / sqrt(101) wide."""
    values = np.random.default_rng(3).normal(50, 1, 101)
    row = Bootstrap("x", resamples=4000)(_frame([values.tolist()])).loc["c"]
    assert row["x_high"] - row["x_low"] == pytest.approx(0.49, rel=0.35)


def test_a_shorter_round_never_adds_filling() -> None:
    """Rounds of unequal length: medians are made of measured values only."""
    medians = resample_medians([np.array([5.0]), np.array([1.0, 2.0, 3.0])], 500, np.random.default_rng(0))
    assert np.isfinite(medians).all()
    assert set(medians) <= {1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0}
    assert medians.max() == 5
    even = resample_medians(
        [np.array([-3.0, -2, -1, 1, 2, 3]), np.array([0.0])], 2000, np.random.default_rng(0)
    )
    assert abs(even.mean()) < 0.1  # nor does filling count: it would draw the median to one side


def test_pairs_divide_rates_within_their_block() -> None:
    """The ratio is of tasks per time, block by block; warm-up, traced and single trials are left out."""
    pairs = Pair()(
        _trials(
            {"kind": "serial", "wall_ns": 100},
            {"kind": "parallel", "wall_ns": 50},
            {"kind": "parallel", "wall_ns": 1, "traced": True},
            {"kind": "serial", "block": 1, "tasks": 10},
            {"kind": "parallel", "block": 1, "tasks": 30},
            {"kind": "serial", "block": 2, "warmup": True},
            {"kind": "parallel", "block": 2, "warmup": True, "wall_ns": 1},
            {"kind": "serial", "block": 3},
            {"kind": "serial", "block": 0, "round": 1, "wall_ns": 100},
            {"kind": "parallel", "block": 0, "round": 1, "wall_ns": 400},
        )
    )
    assert pairs[["round", "block", "speedup"]].to_numpy() == pytest.approx(
        np.array([[0, 0, 2], [0, 1, 3], [1, 0, 0.25]])
    )


@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)), min_size=1, max_size=6),
            st.integers(0, 10**9),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=60, deadline=None)
def test_start_up_never_adds_to_a_speedup(rounds: list[tuple[list[tuple[int, int]], int]]) -> None:
    """Charged to each pair, it lowers the pooled median or leaves it, however rounds differ."""
    rows = [
        {"round": number, "block": block, "kind": kind, "wall_ns": wall}
        for number, (pairs, _) in enumerate(rounds)
        for block, walls in enumerate(pairs)
        for kind, wall in zip(("serial", "parallel"), walls, strict=True)
    ]
    runs = pd.DataFrame(
        [
            {"cell_id": "c", "round": number, "startup_ns": once, "teardown_ns": once / 2}
            for number, (_, once) in enumerate(rounds)
        ]
    )
    trials = _trials(*rows)
    pairs = Pair()(trials)
    started = Started()(pairs, trials, runs)["c"]
    assert 0 < started <= pairs["speedup"].median()
    free = Started()(pairs, trials, runs.assign(startup_ns=0, teardown_ns=0))["c"]
    assert free == pytest.approx(pairs["speedup"].median())
    unknown = Started()(pairs, trials, runs.assign(startup_ns=np.nan))
    assert unknown.isna().all()


def test_no_pair_where_nothing_was_done_in_series() -> None:
    """A serial trial without a task gives no ratio, not an infinite one."""
    assert Pair()(_trials({"kind": "serial", "tasks": 0}, {"kind": "parallel"})).empty


def test_rates_are_of_untraced_parallel_trials() -> None:
    """Tasks per second, of each parallel trial that counts."""
    rates = Rate("tasks", "per_s")(
        _trials({"kind": "serial"}, {"kind": "parallel"}, {"kind": "parallel", "traced": True, "wall_ns": 1})
    )
    assert rates["per_s"].tolist() == [1e8]


def test_bandwidth_of_messages_is_by_round_trip_not_by_wall_time() -> None:
    """The time in which messages are checked between round trips does not count."""
    trials = pd.DataFrame(
        {
            "cell_id": ["a", "a"],
            "round": [0, 1],
            "bytes": [8000, 8000],
            "tasks": [4, 4],
            "wall_ns": [10**9, 10**9],
            "latency_p50_ns": [1000, 2000],
        }
    )
    assert list(Carry()(trials)["bandwidth_bytes_per_s"]) == [2e9, 1e9]
