"""Stored cells of patterns that observe more than times, for tests of what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tests.analysis_samples import MS, Sample

FRAME_NS = 1e9 / 60


def ticking(path: Path) -> Sample:
    """Return an empty sweep whose cells have 60 ticks a second."""
    return Sample(path, pairs=2, common={"config": "pattern: {name: heartbeat, hz: 60}"})


def add_heartbeat(sample: Sample, p99_ms: Sequence[float], missed: Sequence[float], **factors: Any) -> str:
    """Add a cell of ticks: the 99th percentile of their lateness, and the share that was missed, in each round."""
    tail = [value * MS for value in p99_ms]
    alone = {"lateness_p50_ns": [0.3 * MS] * len(tail), "lateness_p99_ns": [0.9 * MS] * len(tail)}
    observed = {
        "lateness_p50_ns": [value / 3 for value in tail],
        "lateness_p99_ns": tail,
        "lateness_max_ns": [value * 2 for value in tail],
        "missed_share": missed,
    }
    serial = alone | {"missed_share": [0.0] * len(tail)}
    return sample.add_observed(observed, serial=serial, pattern="heartbeat", window_ns=2000 * MS, **factors)


def add_switching(
    sample: Sample, interval_ns: float, run_ns: Sequence[float], speedup: float = 1.0, **factors: Any
) -> str:
    """Add a cell of interruptions: the switch interval that its workers kept, and the median run of each round."""
    observed = {
        "run_p50_ns": run_ns,
        "run_p99_ns": [value * 1.2 for value in run_ns],
        "run_max_ns": [value * 2 for value in run_ns],
        "switches_per_s": [1e9 / value for value in run_ns],
        "fairness_share": [0.97] * len(run_ns),
    }
    cell = sample.add_observed(
        observed,
        pattern="switching",
        speedup=speedup,
        window_ns=1000 * MS,
        overrides=f"switch_interval={interval_ns:.0f}ns",
        **factors,
    )
    for round_ in range(len(run_ns)):
        rows = pd.DataFrame({"worker": [-1, 0, 1], "switch_interval_ns": round(interval_ns)})
        sample.store("workers", cell, round_, rows)
    return cell
