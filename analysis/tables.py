"""The stored columns that the analysis needs: its own half of the contract with the measuring side.

A file may hold more columns than these; one that holds fewer, or has another version, is refused.
"""

from __future__ import annotations

import pyarrow as pa

VERSION = b"2"

_TEXT, _FLAG, _REAL = pa.string(), pa.bool_(), pa.float64()
_SHORT, _LONG = pa.int32(), pa.int64()

_KEY = {"cell_id": _TEXT, "round": _SHORT}

NEEDED: dict[str, dict[str, pa.DataType]] = {
    "runs": {
        **_KEY,
        **dict.fromkeys(
            ("status", "reason", "notes", "label", "workload", "model", "start_method", "ipc", "pattern"),
            _TEXT,
        ),
        "workers": _SHORT,
        **dict.fromkeys(("payload_bytes", "payload_out_bytes", "tasks", "task_ns", "window_ns"), _LONG),
        **dict.fromkeys(("task_measured_ns", "startup_ns", "teardown_ns"), _LONG),
        **dict.fromkeys(("interpreter", "python_version", "implementation", "affinity"), _TEXT),
        "gil_enabled": _FLAG,
        "cpu_count": _SHORT,
        **dict.fromkeys(("memcpy_bytes_per_s", "speedup", "throughput_per_s", "observer_effect"), _REAL),
        **dict.fromkeys(("latency_p50_ns", "latency_p50_low_ns", "latency_p50_high_ns"), _LONG),
        **dict.fromkeys(
            ("latency_p99_ns", "latency_p99_low_ns", "latency_p99_high_ns", "clock_step_ns"), _LONG
        ),
        **dict.fromkeys(("n_warmup", "n_trials", "n_disturbed"), _SHORT),
        **dict.fromkeys(("warmup_ended_by", "stopped_by"), _TEXT),
        "order": _SHORT,
        "seed": _LONG,
        "threads_per_core": _SHORT,
        **dict.fromkeys(("hostname", "cpu_model", "kernel", "clock_source", "overrides"), _TEXT),
        **dict.fromkeys(("engine", "source", "executable", "config"), _TEXT),
        **dict.fromkeys(("cpu_quota", "cpu_mhz", "load_1m"), _REAL),
        "memory_limit_bytes": _LONG,
        **dict.fromkeys(
            ("python_build", "packages", "breakeven_version", "governor", "virtualisation"), _TEXT
        ),
        "jit_enabled": _FLAG,
    },
    "trials": {
        **_KEY,
        **dict.fromkeys(("trial", "block"), _SHORT),
        "kind": _TEXT,
        **dict.fromkeys(("warmup", "traced"), _FLAG),
        **dict.fromkeys(("wall_ns", "tasks", "bytes", "latency_p50_ns", "latency_p99_ns"), _LONG),
        "disturbed_by": _TEXT,
    },
    "workers": {
        **_KEY,
        "worker": _SHORT,
        "gil_enabled": _FLAG,
        **dict.fromkeys(("create_ns", "join_ns", "peak_bytes", "pss_bytes"), _LONG),
    },
    "spans": {
        **_KEY,
        **dict.fromkeys(("trial", "worker"), _SHORT),
        "task": _LONG,
        "phase": pa.dictionary(pa.int8(), _TEXT),
        **dict.fromkeys(("start_ns", "duration_ns", "on_cpu_ns"), _LONG),
    },
    "activity": {
        **_KEY,
        **dict.fromkeys(("trial", "worker"), _SHORT),
        **dict.fromkeys(("bin_start_ns", "bin_ns", "calls"), _LONG),
    },
}

FACTORS = (
    "label",
    "workload",
    "model",
    "start_method",
    "ipc",
    "pattern",
    "workers",
    "payload_bytes",
    "payload_out_bytes",
    "tasks",
    "task_ns",
    "window_ns",
    "interpreter",
    "affinity",
)
"""Columns of `runs` that were chosen, not measured: what one cell differs from another by."""
