"""What a run stores of its trials: what counts, what is paired, and the intervals."""

from __future__ import annotations

from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.stopping import reported_interval
from breakeven.runner.results.statistics import Statistics
from tests.examples import at_most
from tests.samples import trial

LENGTHS = st.integers(1, 10**9)
PAIRS = st.lists(st.tuples(LENGTHS, LENGTHS), min_size=1, max_size=20)


def _told(*trials: dict[str, Any], by_rule: bool = False, startup_ns: int = 0) -> dict[str, Any]:
    return Statistics(by_rule)(
        [trial(**{"block": 0, "wall_ns": 100} | changes) for changes in trials], startup_ns=startup_ns
    )


def _of_pairs(pairs: list[tuple[int, int]], **options: Any) -> dict[str, Any]:
    trials = [
        {"block": block, "kind": kind, "wall_ns": wall}
        for block, walls in enumerate(pairs)
        for kind, wall in zip(("serial", "parallel"), walls, strict=True)
    ]
    return _told(*trials, **options)


def test_pairs_divide_rates_within_their_block() -> None:
    """The ratio is of tasks per time, block by block; warm-up and traced trials are left out."""
    told = _told(
        {"kind": "serial", "wall_ns": 100},
        {"wall_ns": 50, "disturbed_by": "steal"},
        {"wall_ns": 1, "traced": True},
        {"kind": "serial", "block": 1},
        {"block": 1, "tasks": 30},
        {"kind": "serial", "block": 2, "warmup": True},
        {"block": 2, "warmup": True, "wall_ns": 1},
    )
    assert (told["n_trials"], told["n_disturbed"]) == (2, 1)
    assert (told["speedup"], told["speedup_quiet"]) == pytest.approx((2.5, 3))
    assert told["throughput_per_s"] == pytest.approx(2.5e8)


def test_no_speedup_where_nothing_was_done_in_series() -> None:
    """A serial trial without a task gives no ratio, not an infinite one; the throughput is known all the same."""
    told = _told({"kind": "serial", "tasks": 0}, {})
    assert "speedup" not in told
    assert (told["n_trials"], told["throughput_per_s"]) == (1, pytest.approx(1e8))


def test_the_observer_effect_is_of_blocks_that_hold_both() -> None:
    """Traced by untraced time per task, of parallel trials after the warm-up, less one."""
    told = _told(
        {"kind": "serial"},
        {"wall_ns": 100},
        {"wall_ns": 240, "tasks": 20, "traced": True},
        {"kind": "serial", "block": 1},
        {"block": 1, "wall_ns": 100},
        {"kind": "serial", "block": 2, "warmup": True},
        {"block": 2, "wall_ns": 100, "warmup": True},
        {"block": 2, "wall_ns": 900, "warmup": True, "traced": True},
    )
    assert told["observer_effect"] == pytest.approx(0.2)
    assert told["observer_effect_low"] is None


def test_the_observer_effect_of_messages_is_of_their_round_trips() -> None:
    """Their wall time counts the checks between messages too; and they have no speedup."""
    told = _told(
        {"kind": "serial"}, {"latency_p50_ns": 50}, {"latency_p50_ns": 60, "traced": True, "wall_ns": 900}
    )
    assert told["observer_effect"] == pytest.approx(0.2)
    assert "speedup" not in told


@given(PAIRS, st.booleans())
def test_every_interval_is_that_of_the_stopping_rule(pairs: list[tuple[int, int]], by_rule: bool) -> None:
    """Of speedup and throughput, for any number of pairs: the reported one, which holds the median."""
    told = _of_pairs(pairs, by_rule=by_rule)
    rates = [10 / parallel for _, parallel in pairs]
    samples = {
        "speedup{}": [rate / (10 / serial) for rate, (serial, _) in zip(rates, pairs, strict=True)],
        "throughput{}_per_s": [1e9 * rate for rate in rates],
    }
    for name, values in samples.items():
        ends = reported_interval(values, by_rule=by_rule) or (None, None)
        assert told[name.format("")] == pytest.approx(median(values))
        assert [told[name.format(end)] for end in ("_low", "_high")] == list(ends)
    assert told["speedup_quiet"] == told["speedup"]  # nothing disturbed any pair


def test_a_disturbed_pair_counts_and_is_told_apart() -> None:
    """The speedup is of all pairs, `speedup_quiet`, with its interval, of the quiet ones."""
    trials: list[dict[str, Any]] = []
    for block in range(8):
        slow = {"wall_ns": 200, "disturbed_by": "steal"} if block < 2 else {"wall_ns": 50 + block}
        trials += [{"block": block, "kind": "serial"}, {"block": block, **slow}]
    told = _told(*trials)
    quiet = [100 / (50 + block) for block in range(2, 8)]
    assert told["speedup"] == pytest.approx(median([0.5, 0.5, *quiet]))
    assert told["speedup_quiet"] == pytest.approx(median(quiet))
    assert told["speedup_low"] < 1 < told["speedup_quiet_low"] <= told["speedup_quiet"]
    assert told["speedup_quiet"] <= told["speedup_quiet_high"]
    assert (told["n_disturbed"], told["n_trials"]) == (2, 8)


@given(PAIRS, st.integers(0, 10**9))
@at_most(60)
def test_start_up_never_adds_to_a_speedup(pairs: list[tuple[int, int]], startup_ns: int) -> None:
    """Charged to each pair, it lowers the speedup or leaves it; no start-up leaves it as it is."""
    told = _of_pairs(pairs, startup_ns=startup_ns)
    assert 0 < told["speedup_with_startup"] <= told["speedup"] * (1 + 1e-12)
    free = _of_pairs(pairs)
    assert free["speedup_with_startup"] == pytest.approx(free["speedup"])


@pytest.mark.parametrize(
    ("counts", "cpus"),
    [
        ({"cpu_ns": 100}, 1.0),
        ({"cpu_ns": 190, "other_cpu_ns": 90}, 1.9),
        ({"cpu_ns": 100, "other_cpu_ns": 50, "run_delay_ns": 50}, 2.0),
        ({"cpu_ns": 300}, 1.0),
        ({"cpu_ns": 20}, 0.2),
    ],
)
def test_the_cpus_that_a_task_alone_keeps_busy(counts: dict[str, int], cpus: float) -> None:
    """Those of other threads count in full; the calling one no longer than the trial, and not while it had no CPU."""
    told = _told({"kind": "serial", "wall_ns": 100, **counts}, {"wall_ns": 100})
    assert told["cpus_alone"] == pytest.approx(cpus)
    assert told["task_cpu_alone_ns"] == pytest.approx(cpus * (100 - counts.get("run_delay_ns", 0)) / 10)
