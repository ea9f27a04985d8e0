"""Estimates: pairing, intervals over processes and within one, and what follows from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.analysis.stats import Carry, Latency, Observe, Pair, Rate, Started, Typical, estimate

VALUES = st.floats(0.01, 100, allow_nan=False)
ROUNDS = st.lists(st.lists(VALUES, min_size=1, max_size=12), min_size=1, max_size=4)
ENDS = ["x", "x_low", "x_high"]


def _frame(rounds: list[list[float]]) -> pd.DataFrame:
    rows = [("c", number, value) for number, values in enumerate(rounds) for value in values]
    return pd.DataFrame(rows, columns=["cell_id", "round", "x"])


def _trials(*rows: dict[str, Any]) -> pd.DataFrame:
    plain = {
        "cell_id": "c",
        "round": 0,
        "block": 0,
        "kind": "parallel",
        "warmup": False,
        "traced": False,
        "wall_ns": 100,
        "tasks": 10,
        "bytes": 1000,
        "latency_p50_ns": None,
        "disturbed_by": None,
    }
    return pd.DataFrame([plain | row for row in rows])


def _runs(*rows: dict[str, Any]) -> pd.DataFrame:
    plain: dict[str, Any] = {
        "cell_id": "c",
        "round": 0,
        "status": "ok",
        "pattern": "map",
        "stopped_by": "max_trials",
        "memcpy_bytes_per_s": None,
        "task_measured_ns": 10,
        "startup_ns": 10,
        "teardown_ns": 10,
    }
    for share in ("p50", "p99"):
        plain |= dict.fromkeys((f"latency_{share}_ns", f"latency_{share}_low_ns", f"latency_{share}_high_ns"))
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


def _estimate(rounds: list[list[float]], by_rule: tuple[str, ...] = ()) -> pd.Series[Any]:
    return Typical("x")(_frame(rounds), by_rule).iloc[0]


@given(ROUNDS)
@settings(max_examples=60, deadline=None)
def test_the_estimate_is_the_geometric_mean_of_the_rounds_medians(rounds: list[list[float]]) -> None:
    """Low <= estimate <= high; the counts are of all values; too few of one process have no interval."""
    row = _estimate(rounds)
    medians = [float(np.median(values)) for values in rounds]
    assert row["x"] == pytest.approx(np.exp(np.mean(np.log(medians))))
    assert (row["samples"], row["rounds"]) == (sum(map(len, rounds)), len(rounds))
    if len(rounds) == 1 and len(rounds[0]) < 6:
        assert (np.isnan(row["x_low"]), np.isnan(row["x_high"]), row["covers"]) == (True, True, "nothing")
        return
    assert row["x_low"] <= row["x"] * (1 + 1e-9)
    assert row["x"] <= row["x_high"] * (1 + 1e-9)
    assert row["covers"] == ("cell" if len(rounds) > 1 else "process")


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
    plain, chosen = _estimate([values]), _estimate([values], by_rule=("c",))
    assert chosen["x_low"] < plain["x_low"]
    assert plain["x_high"] < chosen["x_high"]
    few = [values[:6]]
    assert _estimate(few)[ENDS].tolist() == _estimate(few, by_rule=("c",))[ENDS].tolist()


def test_zero_has_no_logarithm() -> None:
    """One process that did nothing makes the geometric mean zero, without an interval; a negative one leaves none."""
    row = _estimate([[0.0, 0.0], [2.0, 2.0]])
    assert (row["x"], row["covers"]) == (0, "nothing")
    assert np.isnan([row["x_low"], row["x_high"]]).all()
    assert np.isnan(_estimate([[-1.0], [2.0], [0.0]])["x"])
    assert _estimate([[0.0] * 6])[ENDS].tolist() == [0, 0, 0]  # no logarithm is needed within one process


def test_what_was_not_measured_is_left_out() -> None:
    """A value that is missing or infinite counts for nothing, and neither does a round of such."""
    row = _estimate([[1.0, np.nan], [4.0, np.inf], [np.nan]])
    assert (row["x"], row["samples"], row["rounds"]) == (pytest.approx(2), 2, 2)


@given(ROUNDS, st.sampled_from([0.25, 3.0, 1024.0]))
@settings(max_examples=40, deadline=None)
def test_other_units_give_the_same_interval_in_other_units(rounds: list[list[float]], scale: float) -> None:
    """Scaling all values scales the estimate and both ends."""
    scaled = _estimate([[value * scale for value in values] for values in rounds])[ENDS]
    expected = _estimate(rounds)[ENDS].astype(float) * scale
    np.testing.assert_allclose(scaled.astype(float), expected, rtol=1e-9)


@given(ROUNDS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_does_not_matter(rounds: list[list[float]], random: Any) -> None:
    """Shuffled rows, trials within their rounds, give the same interval."""
    frame = _frame(rounds)
    order = list(range(len(frame)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(Typical("x")(frame), Typical("x")(frame.iloc[order]))


@given(st.lists(ROUNDS, min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_other_cells_beside_it_change_nothing(cells: list[list[list[float]]]) -> None:
    """A cell's interval does not depend on what else was measured."""
    frames = [_frame(rounds).assign(cell_id=name) for name, rounds in zip("bca", cells, strict=True)]
    together = Typical("x")(pd.concat(frames))
    for name, frame in zip("bca", frames, strict=True):
        pd.testing.assert_frame_equal(together.loc[[name]], Typical("x")(frame))


def test_pairs_divide_rates_within_their_block() -> None:
    """The ratio is of tasks per time, block by block; warm-up, traced and single trials are left out."""
    pairs = Pair()(
        _trials(
            {"kind": "serial", "wall_ns": 100},
            {"kind": "parallel", "wall_ns": 50, "disturbed_by": "steal"},
            {"kind": "parallel", "wall_ns": 1, "traced": True},
            {"kind": "serial", "block": 1, "tasks": 10},
            {"kind": "parallel", "block": 1, "tasks": 30},
            {"kind": "serial", "block": 2, "warmup": True},
            {"kind": "parallel", "block": 2, "warmup": True, "wall_ns": 1},
            {"kind": "serial", "block": 3},
            {"kind": "serial", "block": 0, "round": 1, "wall_ns": 100, "disturbed_by": "throttling"},
            {"kind": "parallel", "block": 0, "round": 1, "wall_ns": 400},
        )
    )
    assert pairs[["round", "block", "speedup"]].to_numpy() == pytest.approx(
        np.array([[0, 0, 2], [0, 1, 3], [1, 0, 0.25]])
    )
    assert pairs["disturbed"].tolist() == [True, False, True]


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
    """Charged to each pair, it lowers the estimate or leaves it, however rounds differ."""
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
    started = Started()(pairs, runs)["c"]
    plain = float(Typical("speedup")(pairs)["speedup"].iloc[0])
    assert 0 < started <= plain * (1 + 1e-9)
    free = Started()(pairs, runs.assign(startup_ns=0, teardown_ns=0))["c"]
    assert free == pytest.approx(plain)
    unknown = Started()(pairs, runs.assign(startup_ns=np.nan))
    assert unknown.isna().all()


def test_no_pair_where_nothing_was_done_in_series() -> None:
    """A serial trial without a task gives no ratio, not an infinite one."""
    assert Pair()(_trials({"kind": "serial", "tasks": 0}, {"kind": "parallel"})).empty


def test_rates_are_of_untraced_parallel_trials() -> None:
    """Tasks per second, of each parallel trial that counts."""
    rates = Rate("tasks", "per_s")(_trials({"kind": "serial"}, {}, {"traced": True, "wall_ns": 1}))
    assert rates["per_s"].tolist() == [1e8]


def test_the_observer_effect_is_of_blocks_that_hold_both() -> None:
    """Traced by untraced time per task, of parallel trials after the warm-up; of the round trips where there are."""
    ratios = Observe()(
        _trials(
            {"kind": "serial"},
            {"wall_ns": 100},
            {"wall_ns": 240, "tasks": 20, "traced": True},
            {"block": 1, "wall_ns": 100},
            {"block": 2, "wall_ns": 100, "warmup": True},
            {"block": 2, "wall_ns": 900, "warmup": True, "traced": True},
            {"block": 3, "latency_p50_ns": 50},
            {"block": 3, "latency_p50_ns": 60, "traced": True, "wall_ns": 900},
        )
    )
    assert ratios["observer_effect"].tolist() == pytest.approx([1.2, 1.2])


def test_latencies_of_several_processes_are_those_of_all_their_messages() -> None:
    """Runs store the percentiles of all messages; their geometric mean is the estimate, trials are counted."""
    runs = _runs({"latency_p50_ns": 100}, {"latency_p50_ns": 400, "round": 1})
    row = Latency("latency_p50_ns")(runs, _trials({}, {}, {"round": 1})).iloc[0]
    assert (row["latency_p50_ns"], row["samples"], row["rounds"], row["covers"]) == (
        pytest.approx(200),
        3,
        2,
        "cell",
    )
    assert row["latency_p50_ns_low"] * row["latency_p50_ns_high"] == pytest.approx(200**2)


def test_one_process_has_the_interval_that_its_run_stored() -> None:
    """It covers that process; where the messages were too few there is none."""
    stored = {"latency_p50_ns": 100, "latency_p50_low_ns": 90, "latency_p50_high_ns": 120}
    row = Latency("latency_p50_ns")(_runs(stored | {"latency_p99_ns": 500}), _trials({})).iloc[0]
    names = ["latency_p50_ns", "latency_p50_ns_low", "latency_p50_ns_high", "covers"]
    assert row[names].tolist() == [100, 90, 120, "process"]
    unknown = Latency("latency_p99_ns")(_runs(stored | {"latency_p99_ns": 500}), _trials({})).iloc[0]
    assert unknown["latency_p99_ns"] == 500
    assert unknown["covers"] == "nothing"


def test_bandwidth_of_messages_is_by_round_trip_not_by_wall_time() -> None:
    """Bytes both ways by the median round trip; the slow end of the one is the fast end of the other."""
    estimates = _cells().assign(latency_p50_ns=100.0, latency_p50_ns_low=75.0, latency_p50_ns_high=150.0)
    assert Carry()(estimates).iloc[0].tolist() == pytest.approx([1.5e9, 1e9, 2e9])


def test_a_disturbed_pair_counts_and_is_told_apart() -> None:
    """The speedup is of all pairs, `speedup_quiet` of the quiet ones; the share of the others is given."""
    rows: list[dict[str, Any]] = []
    for block in range(8):
        slow = {"wall_ns": 200, "disturbed_by": "steal"} if block < 2 else {"wall_ns": 50 + block}
        rows += [{"block": block, "kind": "serial"}, {"block": block, **slow}]
    row = estimate(_cells(), _runs({}), _trials(*rows)).iloc[0]
    assert row["speedup"] == pytest.approx(
        np.median([0.5, 0.5, *(100 / (50 + block) for block in range(2, 8))])
    )
    assert row["speedup_quiet"] == pytest.approx(np.median([100 / (50 + block) for block in range(2, 8)]))
    assert (
        row["speedup_low"] < 1 < row["speedup_quiet_low"] <= row["speedup_quiet"] <= row["speedup_quiet_high"]
    )
    assert row["pairs_disturbed"] == 0.25
    assert row["efficiency_low"] == row["speedup_low"] / 2
    assert (row["samples"], row["rounds"], row["covers"]) == (8, 1, "process")


def test_tracing_that_costs_a_tenth_shows_as_a_tenth() -> None:
    """Over rounds, the ratio less one, with its interval around it."""
    rows: list[dict[str, Any]] = []
    for round_, traced in enumerate((108, 110, 112)):
        for block in range(3):
            about = {"round": round_, "block": block}
            rows += [about | {"kind": "serial"}, about, about | {"wall_ns": traced, "traced": True}]
    runs = _runs(*({"round": round_} for round_ in range(3)))
    row = estimate(_cells(), runs, _trials(*rows)).iloc[0]
    assert row["observer_effect"] == pytest.approx(0.1, abs=0.001)
    assert row["observer_effect_low"] < 0.1 < row["observer_effect_high"]
    assert row["pairs_disturbed"] == 0


def test_messages_have_latency_and_no_speedup() -> None:
    """Of pingpong: the stored percentiles, bandwidth from them, the share of disturbed trials."""
    stored = {
        "latency_p50_ns": 100,
        "latency_p50_low_ns": 90,
        "latency_p50_high_ns": 120,
        "latency_p99_ns": 400,
    }
    trials = _trials(
        {"latency_p50_ns": 100}, {"block": 1, "latency_p50_ns": 110, "disturbed_by": "foreign load"}
    )
    row = estimate(_cells(), _runs(stored | {"pattern": "pingpong"}), trials).iloc[0]
    assert row[["latency_p50_ns", "latency_p50_ns_low", "latency_p50_ns_high"]].tolist() == [100, 90, 120]
    assert row["bandwidth_bytes_per_s"] == pytest.approx(1.5e9)
    assert row["latency_p99_ns"] == 400
    assert np.isnan(row["speedup"])
    assert row["pairs_disturbed"] == 0.5
    assert (row["samples"], row["covers"]) == (2, "process")
