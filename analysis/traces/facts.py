"""What is known of a run, a trial, a worker and a phase, as texts and numbers beside their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from breakeven.analysis.traces.events import Facts, Value
from breakeven.analysis.traces.recorded import Span

RUN = (
    *("cell_id", "round", "model", "start_method", "ipc", "pattern", "workload", "function", "workers"),
    *("payload_bytes", "payload_out_bytes", "tasks", "task_ns", "python_version", "gil_enabled", "affinity"),
    *("hostname", "speedup", "observer_effect", "startup_ns", "teardown_ns", "clock_error_ns"),
    *("spans_dropped", "began_ns", "started_at", "breakeven_version"),
)
TRIAL = ("trial", "block", "kind", "warmup", "traced", "tasks", "wall_ns", "cpu_ns", "disturbed_by")
DISTURBANCE = ("steal_ns", "throttled_ns", "busy_ns", "run_delay_ns", "other_cpu_ns", "involuntary_switches")
WORKER = (
    *("worker", "gil_enabled", "jit_enabled", "gc_enabled", "switch_interval_ns"),
    *("cpu", "cpu_share", "clock_offset_low_ns", "clock_offset_high_ns"),
)


def facts_of(row: Mapping[str, Any], names: Sequence[str]) -> Facts:
    """Return the columns ``names`` of a row, without those that are null."""
    known = ((name, row[name]) for name in names if name in row)
    return {name: _plain(value) for name, value in known if not pd.isna(value)}


def facts_of_phase(span: Span) -> Facts:
    """Return the span's task, and the time that a task had a CPU."""
    known = {"task": span.task} if span.task >= 0 else {}
    return known if span.on_cpu_ns is None else {**known, "on_cpu_ns": span.on_cpu_ns}


def _plain(value: Any) -> Value:
    """Return a value of a column as Python has it: a whole number where a null made a column floating-point."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, bool | int | float | str) else str(value)
