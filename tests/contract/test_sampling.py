"""Rules of sampling: blocks in seeded order, warm-up, stopping, and the figures made of trials."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.schema import TABLES
from breakeven.runner.cell import affinity
from breakeven.runner.cell.intervals import percentile
from breakeven.runner.cell.meter import Counts, MachineCounts, Reading
from breakeven.runner.cell.models._abc import ChannelCosts
from breakeven.runner.cell.patterns._abc import Knobs, Outcome, Pattern
from breakeven.runner.cell.recording import describe
from breakeven.runner.cell.result import LaneRecord, Result, RoundTrips
from breakeven.runner.cell.rusage import Usage
from breakeven.runner.cell.sampling import PARALLEL, SERIAL, TRACED, Sampler, Trial
from breakeven.runner.cell.specification import Rules
from breakeven.runner.cell.stopping import looks
from breakeven.runner.cell.warmup import WINDOW, is_steady
from breakeven.runner.results import rows
from tests.samples import reference, result, run, trial, worker

RULES = Rules(
    warmup=2,
    max_warmup=5,
    min_trials=6,
    max_trials=20,
    max_time_ns=10**12,
    rel_ci=0.01,
    traced=3,
    fewest=6,
    least_traced=1,
)
QUIET = Reading(MachineCounts(runnable=1), Usage(0, 0, 0, 0, 0), [], [], (0,), (0,))


class Crew:
    """Stands for workers: notes what it was synchronized for."""

    def __init__(self) -> None:
        self.synchronized: list[bool] = []

    def synchronize(self, traced: bool) -> None:
        """Note it."""
        self.synchronized.append(traced)

    def read(self, _: Any) -> Reading:
        """Return no counts."""
        return QUIET

    def look(self) -> tuple[int, ...]:
        """Be on two CPUs."""
        return (0, 1)


class Scripted(Pattern):
    """Return trials of lengths that were written down: 1000 serial, parallel from ``lengths`` in turn."""

    def __init__(self, lengths: list[int]) -> None:
        super().__init__({}, Knobs(1, 1, 0))
        self.lengths = lengths
        self.calls = 0

    def serial(self, _: Any) -> Outcome:
        """Take 1000 ns."""
        return Outcome(0, 1000, 1)

    def parallel(self, _: Any, __: Any) -> Outcome:
        """Take what is written."""
        length = self.lengths[self.calls % len(self.lengths)]
        self.calls += 1
        return Outcome(0, length, 1)


def _trials(
    rules: Rules, seed: str = "s", lengths: tuple[int, ...] = (400, 600)
) -> tuple[Sampler, list[Trial]]:
    sampler = Sampler(Scripted(list(lengths)), reference(), Crew(), (), rules)  # type: ignore[arg-type]
    return sampler, list(sampler.trials(seed, None))  # type: ignore[arg-type]


def _blocks(trials: list[Trial]) -> dict[int, list[str]]:
    return {
        block: [trial.kind for trial in trials if trial.block == block]
        for block in sorted({trial.block for trial in trials})
    }


def test_blocks_pair_serial_and_parallel_and_trace_apart() -> None:
    """Every block has one of each; the first ones after the least warm-up have a traced trial besides."""
    sampler, trials = _trials(RULES)
    blocks = _blocks(trials)
    assert len(blocks) == RULES.warmup + RULES.max_trials
    for block, kinds in blocks.items():
        traced = RULES.warmup <= block < RULES.warmup + RULES.traced
        assert sorted(kinds) == sorted([SERIAL, PARALLEL, *([TRACED] if traced else [])])
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert (sampler.series.dropped, sampler.series.warmed_by, sampler.series.stopped_by) == (
        RULES.warmup,
        "rule",
        "max_trials",
    )


def test_workers_are_gathered_before_and_after_each_parallel_trial() -> None:
    """None is timed before every worker waits for it; a serial trial needs none of them."""
    crew = Crew()
    sampler = Sampler(Scripted([500]), reference(), crew, (), RULES)  # type: ignore[arg-type]
    kinds = [trial.kind for trial in sampler.trials("s", None)]  # type: ignore[arg-type]
    assert crew.synchronized == [
        traced for kind in kinds if kind != SERIAL for traced in (kind == TRACED, False)
    ]


def test_the_serial_trial_runs_where_the_first_worker_does() -> None:
    """With workers pinned, the baseline is pinned as well, and freed afterwards."""

    class Placed(Scripted):
        """Notes where it runs."""

        def serial(self, _: Any) -> Outcome:
            """Note it."""
            places.append(os.sched_getaffinity(0))
            return Outcome(0, 1000, 1)

    places: list[set[int]] = []
    before = os.sched_getaffinity(0)
    cpu = max(before)
    sampler = Sampler(Placed([500]), reference(), Crew(), (cpu,), RULES._replace(max_trials=6))  # type: ignore[arg-type]
    assert list(sampler.trials("s", None))  # type: ignore[arg-type]
    assert set(map(frozenset, places)) == {frozenset({cpu})}
    assert os.sched_getaffinity(0) == before


def _cold(first: int) -> tuple[int, ...]:
    return (*range(500 + 100 * first, 500, -100), *(500 + place % 2 for place in range(100)))


@pytest.mark.parametrize("cold", [0, 1, 2, 3, 4, 5])
def test_warm_up_lasts_until_what_follows_is_steady(cold: int) -> None:
    """Trials that get shorter one by one are dropped, at least as many as asked, and no steady ones."""
    sampler, _ = _trials(RULES._replace(traced=0), lengths=_cold(cold))
    assert sampler.series.warmed_by == "rule"
    assert sampler.series.dropped == max(RULES.warmup, cold)


def test_warm_up_is_capped() -> None:
    """Trials that never get steady are measured all the same, and that is told."""
    sampler, trials = _trials(RULES, lengths=tuple(range(90_000, 1000, -1000)))
    assert (sampler.series.dropped, sampler.series.warmed_by) == (RULES.max_warmup, "cap")
    assert len(_blocks(trials)) == RULES.max_warmup + RULES.max_trials


def test_traced_trials_are_made_up_for_when_warm_up_lasts() -> None:
    """As many follow the warm-up as were asked for."""
    sampler, trials = _trials(RULES, lengths=_cold(8))
    assert sampler.series.dropped > RULES.warmup + 1
    assert (
        sum(trial.kind == TRACED and trial.block >= sampler.series.dropped for trial in trials)
        == RULES.traced
    )


@pytest.mark.parametrize(
    ("samples", "steady"),
    [
        ([5.0, 4.0, 3.0, 2.0, 1.0, 0.5], False),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], False),
        ([9.0, 1.0, 1.1, 0.9, 1.05, 0.95], False),
        ([1.02, 1.0, 1.1, 0.9, 1.05, 0.95], True),
        ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], True),
        ([1.005, 1.0, 1.0, 1.0, 1.0, 1.0], True),
        ([9.0, 1.0, 1.0, 1.0], True),
    ],
)
def test_steady_samples_have_neither_trend_nor_an_outlying_start(samples: list[float], steady: bool) -> None:
    """Falling, rising and a start far off are seen; chance, equality and too few samples are no reason."""
    assert is_steady(samples) == steady


def test_steady_samples_are_seldom_taken_for_others() -> None:
    """Of windows of independent samples, nine in ten look steady; where tails are heavy, eight."""
    random = np.random.default_rng(1)
    for draw, least in ((random.normal, 0.9), (random.exponential, 0.8), (random.standard_cauchy, 0.8)):
        windows = draw(size=(2000, WINDOW)) + 100
        assert np.mean([is_steady([float(x) for x in window]) for window in windows]) > least


def test_the_order_is_random_and_repeatable() -> None:
    """The same seed gives the same order, another seed another, and neither kind always comes first."""
    orders = [[trial.kind for trial in _trials(RULES, seed)[1]] for seed in ("a", "a", "b")]
    assert orders[0] == orders[1] != orders[2]
    assert {kinds[0] for kinds in _blocks(_trials(RULES, "a")[1]).values()} >= {SERIAL, PARALLEL}


def test_steady_trials_stop_at_the_interval_asked_for() -> None:
    """Without any spread the fewest trials are enough."""
    sampler, trials = _trials(RULES, lengths=(500,))
    assert sampler.series.stopped_by == "rel_ci"
    assert len(_blocks(trials)) == RULES.warmup + RULES.min_trials


def test_trials_stop_only_at_a_look() -> None:
    """The rule is asked at the counts fixed before, never in between."""
    sampler, trials = _trials(RULES._replace(rel_ci=0.15), lengths=(400, 600, *[500] * 100))
    assert sampler.series.stopped_by == "rel_ci"
    assert len(_blocks(trials)) - sampler.series.dropped in looks(RULES.min_trials, RULES.max_trials)


def test_time_over_stops_after_the_fewest_trials() -> None:
    """The time limit never cuts below the minimum."""
    sampler, trials = _trials(RULES._replace(max_time_ns=0))
    assert sampler.series.stopped_by == "max_time"
    assert len({trial.block for trial in trials}) == RULES.warmup + RULES.min_trials


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_percentiles_are_nearest_rank(samples: list[int], share: float) -> None:
    """The same as NumPy's inverted distribution function."""
    assert percentile(samples, share) == np.percentile(samples, 100 * share, method="inverted_cdf")


def test_a_trial_is_described_in_columns() -> None:
    """Kind, flags, length, bytes and latencies of one trial."""
    counts = Counts(MachineCounts(busy_ns=9), Usage(77, 1, 2, 3, 4), 5, 4, None, 8, 2)
    found = describe(Trial(3, 1, TRACED, Outcome(100, 350, 4, (10, 20, 30, 40)), counts), 5)
    assert found == trial(
        trial=3,
        block=1,
        kind="parallel",
        traced=True,
        start_ns=100,
        wall_ns=250,
        tasks=4,
        bytes=20,
        latency_p50_ns=20,
        latency_p99_ns=40,
        busy_ns=9,
        other_cpu_ns=8,
        task_faults=2,
        cpu_ns=77,
        voluntary_switches=1,
        involuntary_switches=2,
        minor_faults=3,
        major_faults=4,
        run_delay_ns=5,
        longest_wait_ns=4,
    )


def _made_up(pairs: list[tuple[int, int]], **changes: Any) -> Result:
    trials = []
    for block, lengths in enumerate(pairs):
        for kind, wall in zip((SERIAL, PARALLEL), lengths, strict=True):
            why = "steal" if block == 1 and kind == SERIAL else None
            trials.append(trial(block=block, kind=kind, warmup=block == 0, wall_ns=wall, disturbed_by=why))
    traced = trials[-1]._replace(traced=True, wall_ns=660)
    workers = (worker(offset=(-5, 7)), worker(offset=(-9, 3)))
    lane = LaneRecord(0, 0, 0, 0, feeder=False, thread_id=6, offset=0, marks=0, tasks=0, dropped=2)
    lanes = (lane, lane._replace(dropped=3))
    return result(*trials, traced, workers=workers, lanes=lanes, **changes)


def test_a_runs_figures_follow_from_its_trials() -> None:
    """Warm-up and traced trials do not count; ratios are of pairs; start-up is paid once a trial."""
    made = _made_up([(1, 1000), (1000, 500), (1200, 400), (900, 600)])
    row = rows.measured(run("python"), made)
    assert row["n_trials"] == 3
    assert (row["pairs_given_up"], row["traced_given_up"]) == (0, 0)
    assert row["speedup"] == 2
    assert (row["speedup_low"], row["speedup_high"]) == (None, None)
    assert (row["startup_ns"], row["teardown_ns"]) == (100, 100)
    assert row["speedup_with_startup"] == pytest.approx(
        sorted([2 * 500 / 700, 3 * 400 / 600, 1.5 * 600 / 800])[1]
    )
    assert row["throughput_per_s"] == pytest.approx(10 / 500e-9)
    assert (row["throughput_low_per_s"], row["throughput_high_per_s"]) == (None, None)
    assert row["task_measured_ns"] == 100
    assert row["spans_dropped"] == 5
    assert (row["n_disturbed"], row["speedup_quiet"]) == (1, (3 + 1.5) / 2)
    assert row["observer_effect"] == pytest.approx(0.1)
    assert (row["observer_effect_low"], row["observer_effect_high"]) == (None, None)
    assert (row["packages"], row["clock_error_ns"]) == ("a 1\nb 2", 9)
    assert row["gil_enabled"] is True
    assert not {"channel_construction_ns", "first_message_ns"} & row.keys()


def test_what_a_channel_costs_before_the_first_trial_is_stored() -> None:
    """Both parts have a column; a transport of the model's own has neither."""
    row = rows.measured(run("python"), _made_up([(1, 1000), (1000, 500)], channel_costs=ChannelCosts(7, 9)))
    assert (row["channel_construction_ns"], row["first_message_ns"]) == (7, 9)


def test_pingpong_has_latency_and_no_speedup() -> None:
    """The memory's bandwidth is that of the bytes both ways by the median copy."""
    trips = RoundTrips(latency_p50_ns=2000, latency_p99_ns=9000, copy_p50_ns=100)
    made = _made_up([(5, 9), (5, 9)], round_trips=trips)
    timed = (trial._replace(latency_p50_ns=2000 if trial.kind == PARALLEL else None) for trial in made.trials)
    row = rows.measured(run("python"), made._replace(trials=tuple(timed)))
    assert "speedup" not in row
    assert (row["latency_p50_ns"], row["latency_p99_ns"]) == (2000, 9000)
    assert row["memcpy_bytes_per_s"] == pytest.approx(100 / 100e-9)


def test_what_is_known_before_a_run_fits_the_table() -> None:
    """Every name is a column, and knobs without effect are null."""
    row = rows.about(run("python", window_ns=0, task_ns=0), datetime.now(UTC))
    assert set(row) <= set(TABLES["runs"].names)
    assert row["window_ns"] is None
    assert row["task_ns"] is None


TOPOLOGY = {0: (0, 0), 1: (0, 1), 2: (0, 0), 3: (0, 1), 4: (1, 0), 5: (1, 1), 6: (1, 0), 7: (1, 1)}


@pytest.mark.parametrize(
    ("asked", "order"),
    [("none", ()), ("compact", (0, 2, 1, 3, 4, 6, 5, 7)), ("scatter", (0, 4, 1, 5, 2, 6, 3, 7))],
)
def test_placement_on_two_sockets_with_two_threads_a_core(
    monkeypatch: pytest.MonkeyPatch, asked: str, order: tuple[int, ...]
) -> None:
    """Compact fills siblings and cores first, scatter goes round the sockets and comes to siblings last."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(TOPOLOGY))
    monkeypatch.setattr(affinity, "package_of", lambda cpu: TOPOLOGY[cpu][0])
    monkeypatch.setattr(affinity, "node_of", lambda _: 0)
    monkeypatch.setattr(
        affinity, "core_of", lambda cpu: min(a for a in TOPOLOGY if TOPOLOGY[a] == TOPOLOGY[cpu])
    )
    assert affinity.cpus_for(asked) == order


@pytest.mark.parametrize(
    ("asked", "workers", "parent"),
    [
        ("none", 1, ()),
        ("compact", 1, (4,)),
        ("compact", 9, (4,)),
        ("scatter", 1, (2,)),
        ("scatter", 2, (9,)),
        ("scatter", 3, (4,)),
        ("scatter", 4, (2,)),
    ],
)
def test_the_parent_has_a_place_too(asked: str, workers: int, parent: tuple[int, ...]) -> None:
    """Compact puts it beside its first worker, scatter where a further worker would be, also if they need all CPUs."""
    cpus = () if asked == "none" else (4, 2, 9)
    assert affinity.cpu_of_parent(asked, cpus, workers) == parent


@given(st.sampled_from(["compact", "scatter"]), st.sets(st.integers(0, 99), min_size=1), st.integers(1, 99))
def test_each_choice_fixes_one_placement_of_a_round_trip(asked: str, found: set[int], workers: int) -> None:
    """With one worker, compact is one CPU and scatter is two, if there are two; nothing is left to the system."""
    cpus = tuple(found)
    parent = affinity.cpu_of_parent(asked, cpus, workers)
    assert len(parent) == 1
    assert set(parent) <= found
    if workers == 1:
        assert (parent[0] == cpus[0]) == (asked == "compact" or len(cpus) == 1)
