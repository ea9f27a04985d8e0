"""Rules of sampling: blocks in seeded order, stopping, and the figures made of trials."""

from __future__ import annotations

from datetime import UTC, datetime
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner import environment, rows
from runner.cell import placement
from runner.cell.patterns._abc import Knobs, Outcome, Pattern
from runner.cell.sampling import (
    PARALLEL,
    SERIAL,
    TRACED,
    Rules,
    Sampler,
    Trial,
    describe,
    median_interval,
    percentile,
)
from runner.schema import TABLES
from tests.samples import bench, run

RULES = Rules(warmup=2, min_trials=6, max_trials=20, max_time_ns=10**12, rel_ci=0.01, traced=3)
SAMPLES = st.lists(st.floats(0.1, 10), min_size=1, max_size=60)


class Crew:
    """Stands for workers: notes what it was gathered for."""

    def __init__(self) -> None:
        self.gathered: list[bool] = []

    def gather(self, traced: bool) -> None:
        """Note it."""
        self.gathered.append(traced)

    def cpu_ns(self) -> int:
        """Give no time."""
        return 0


class Scripted(Pattern):
    """Gives trials of lengths that were written down: 1000 serial, parallel from ``lengths`` in turn."""

    def __init__(self, lengths: list[int]) -> None:
        super().__init__({}, Knobs(1, 1, 0))
        self.lengths = lengths
        self.calls = 0

    def serial(self, _: Any) -> Outcome:
        """Take 1000 ns."""
        return Outcome(0, 1000, 1)

    def parallel(self, _: Any, __: Any) -> Outcome:
        """Take what is written."""
        self.calls += 1
        return Outcome(0, self.lengths[self.calls % len(self.lengths)], 1)


def _trials(
    rules: Rules, seed: str = "s", lengths: tuple[int, ...] = (400, 600)
) -> tuple[Sampler, list[Trial]]:
    sampler = Sampler(Scripted(list(lengths)), bench(), Crew(), ())  # type: ignore[arg-type]
    return sampler, list(sampler.trials(rules, seed))


def test_blocks_pair_serial_and_parallel_and_trace_apart() -> None:
    """Every block has one of each; warm-up comes first and untraced; traced trials are extra."""
    sampler, trials = _trials(RULES)
    blocks = {
        block: [trial.kind for trial in trials if trial.block == block] for block in {t.block for t in trials}
    }
    assert len(blocks) == RULES.warmup + RULES.max_trials
    for block, kinds in blocks.items():
        traced = RULES.warmup <= block < RULES.warmup + RULES.traced
        assert sorted(kinds) == sorted([SERIAL, PARALLEL, *([TRACED] if traced else [])])
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert all(trial.warmup == (trial.block < RULES.warmup) for trial in trials)
    assert sampler.stopped_by == "max_trials"


def test_the_order_is_random_and_repeatable() -> None:
    """The same seed gives the same order, another seed another, and neither kind always comes first."""
    orders = [[trial.kind for trial in _trials(RULES, seed)[1]] for seed in ("a", "a", "b")]
    assert orders[0] == orders[1] != orders[2]
    firsts = {block[0] for block in zip(orders[0][13::2], orders[0][14::2], strict=False)}
    assert firsts == {SERIAL, PARALLEL}


def test_steady_trials_stop_at_the_interval_asked_for() -> None:
    """Without any spread the fewest trials are enough."""
    sampler, trials = _trials(RULES, lengths=(500,))
    assert sampler.stopped_by == "rel_ci"
    assert len({trial.block for trial in trials}) == RULES.warmup + RULES.min_trials


def test_time_over_stops_after_the_fewest_trials() -> None:
    """The time limit never cuts below the minimum."""
    sampler, trials = _trials(RULES._replace(max_time_ns=0))
    assert sampler.stopped_by == "max_time"
    assert len({trial.block for trial in trials}) == RULES.warmup + RULES.min_trials


@given(SAMPLES)
def test_the_interval_holds_the_median_and_its_level(samples: list[float]) -> None:
    """The ranks it takes cover the median with at least 95 %, and the next ones inside would not."""
    interval = median_interval(samples)
    n = len(samples)
    if interval is None:
        assert 2 / 2**n > 0.05
        return
    low, high = interval
    assert low <= np.median(samples) <= high
    ordered = sorted(samples)
    rank = max(k for k in range(1, n // 2 + 1) if (ordered[k - 1], ordered[n - k]) == interval)
    outside = 2 * sum(comb(n, k) for k in range(rank)) / 2**n
    if len(set(samples)) == n:
        assert outside <= 0.05
        assert outside + 2 * comb(n, rank) / 2**n > 0.05


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_percentiles_are_nearest_rank(samples: list[int], share: float) -> None:
    """The same as NumPy's inverted distribution function."""
    assert percentile(samples, share) == np.percentile(samples, 100 * share, method="inverted_cdf")


def test_a_trial_is_described_in_columns() -> None:
    """Kind, flags, length, bytes and latencies of one trial."""
    trial = Trial(3, 1, TRACED, False, Outcome(100, 350, 4, (10, 20, 30, 40)), 77)
    assert describe(trial, 5) == {
        "trial": 3,
        "block": 1,
        "kind": "parallel",
        "warmup": False,
        "traced": True,
        "wall_ns": 250,
        "cpu_ns": 77,
        "tasks": 4,
        "bytes": 20,
        "latency_p50_ns": 20,
        "latency_p99_ns": 40,
        "verified": True,
    }


def _made_up(pairs: list[tuple[int, int]], **changes: Any) -> dict[str, Any]:
    trials = []
    for block, lengths in enumerate(pairs):
        for kind, wall in zip((SERIAL, PARALLEL), lengths, strict=True):
            about = {"block": block, "kind": kind, "warmup": block == 0, "traced": False}
            trials.append(about | {"wall_ns": wall, "tasks": 10, "bytes": 1000})
    return {
        "trials": [*trials, trials[-1] | {"traced": True, "wall_ns": 1}],
        "facts": {"python_version": "3.11.0", "implementation": "cpython"},
        "workers": [{"gil": True}, {"gil": True}],
        "lifetimes": [[0, 50, 900, 950], [10, 100, 900, 1000]],
        "lanes": [{"dropped": 2}, {"dropped": 3}],
        "bytes_in": 60,
        "bytes_back": 40,
        "stopped_by": "max_time",
        "latency_p50_ns": None,
        "latency_p99_ns": None,
        "copy_p50_ns": None,
    } | changes


def test_a_runs_figures_follow_from_its_trials() -> None:
    """Warm-up and traced trials do not count; ratios are of pairs; start-up is paid once a trial."""
    result = _made_up([(1, 1000), (1000, 500), (1200, 400), (900, 600)])
    row = rows.measured(run(Path(), "python"), result)
    assert row["n_trials"] == 3
    assert row["speedup"] == 2
    assert row["efficiency"] == 1
    assert (row["speedup_low"], row["speedup_high"]) == (None, None)
    assert (row["startup_ns"], row["teardown_ns"]) == (100, 100)
    assert row["speedup_with_startup"] == pytest.approx(
        sorted([2 * 500 / 700, 3 * 400 / 600, 1.5 * 600 / 800])[1]
    )
    assert row["throughput_per_s"] == pytest.approx(10 / 500e-9)
    assert row["bandwidth_bytes_per_s"] == pytest.approx(1000 / 500e-9)
    assert row["task_measured_ns"] == 100
    assert row["spans_dropped"] == 5
    assert row["gil_enabled"] is True


def test_pingpong_has_latency_and_no_speedup() -> None:
    """Bandwidths are the bytes both ways by the median round trip and by the median copy."""
    result = _made_up([(5, 9), (5, 9)], latency_p50_ns=2000, latency_p99_ns=9000, copy_p50_ns=100)
    row = rows.measured(run(Path(), "python"), result)
    assert "speedup" not in row
    assert (row["latency_p50_ns"], row["latency_p99_ns"]) == (2000, 9000)
    assert row["bandwidth_bytes_per_s"] == pytest.approx(100 / 2000e-9)
    assert row["memcpy_bytes_per_s"] == pytest.approx(100 / 100e-9)


def test_what_is_known_before_a_run_fits_the_table() -> None:
    """Every name is a column, and knobs without effect are null."""
    row = rows.about(run(Path(), "python", window_ns=0, task_ns=0), datetime.now(UTC))
    assert set(row) <= set(TABLES["runs"].names)
    assert row["window_ns"] is None
    assert row["task_ns"] is None


TOPOLOGY = {0: (0, 0), 1: (0, 1), 2: (0, 0), 3: (0, 1), 4: (1, 0), 5: (1, 1), 6: (1, 0), 7: (1, 1)}


@pytest.mark.parametrize(
    ("affinity", "order"),
    [("none", ()), ("compact", (0, 2, 1, 3, 4, 6, 5, 7)), ("scatter", (0, 4, 1, 5, 2, 6, 3, 7))],
)
def test_placement_on_two_sockets_with_two_threads_a_core(
    monkeypatch: pytest.MonkeyPatch, affinity: str, order: tuple[int, ...]
) -> None:
    """Compact fills siblings and cores first, scatter goes round the sockets and comes to siblings last."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(TOPOLOGY))
    facts = {"physical_package_id": 0, "core_id": 1}
    monkeypatch.setattr(placement, "_read", lambda cpu, fact: TOPOLOGY[cpu][facts[fact]])
    assert placement.cpus_for(affinity) == order


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8)],
)
def test_a_quota_limits_the_cpus(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, expected: int
) -> None:
    """A container with a quota of 2 of its 8 CPUs has 2, and never fewer than one."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(environment, "_CGROUP", tmp_path)
    monkeypatch.setattr(Path, "read_text", _reading("/proc/self/cgroup", "0::/a/b\n", Path.read_text))
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "cpu.max").write_text(limit)
    assert environment.cpu_count() == expected


def _reading(name: str, text: str, original: Any) -> Any:
    return lambda path, *args, **kwargs: text if str(path) == name else original(path, *args, **kwargs)


def test_the_machine_is_described() -> None:
    """Every fact has a value and a column."""
    facts = environment.machine_facts()
    assert set(facts) <= set(TABLES["runs"].names)
    assert all(facts.values())
