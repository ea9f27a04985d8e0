"""The rows of one run: what is known before it, what it measured, and its parts of the other tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

from runner.cell.sampling import PARALLEL, SERIAL, median_interval
from runner.engines import Run
from runner.environment import machine_facts
from runner.schema import TABLES
from runner.traces import spans

_LATENCIES = ("latency_p50_ns", "latency_p99_ns")


def about(run: Run, started: datetime) -> dict[str, Any]:
    """Give the columns of ``runs`` that are known without measuring."""
    cell = run.cell
    return {
        "cell_id": run.cell_id,
        "round": run.round,
        "workload": cell.workload,
        "model": cell.model,
        "start_method": cell.start_method,
        "ipc": cell.ipc,
        "pattern": cell.pattern,
        "workers": cell.workers,
        "payload_bytes": cell.payload_bytes,
        "payload_out_bytes": cell.payload_out_bytes,
        "tasks": cell.tasks or None,
        "task_ns": cell.task_ns or None,
        "window_ns": cell.window_ns or None,
        "interpreter": cell.interpreter or "current",
        "executable": run.executable,
        "engine": run.engine,
        "source": run.source,
        "affinity": cell.affinity,
        "seed": cell.seed,
        "order": run.order,
        "started_at": started,
        "config": run.config,
        "overrides": "\n".join(run.overrides),
        **machine_facts(),
    }


def measured(run: Run, result: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns of ``runs`` that the run found out."""
    facts, workers = result["facts"], result["workers"]
    startup, teardown = _lifetime(result["lifetimes"])
    return {
        "python_version": facts["python_version"],
        "implementation": facts["implementation"],
        "gil_enabled": any(worker["gil"] for worker in workers),
        "payload_bytes": result["bytes_in"],
        "payload_out_bytes": result["bytes_back"],
        "stopped_by": result["stopped_by"],
        "startup_ns": startup,
        "teardown_ns": teardown,
        "spans_dropped": sum(lane["dropped"] for lane in result["lanes"]),
        **_speed(run, result, startup + teardown),
        **_latency(result),
    }


def _lifetime(lifetimes: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Give the time to have all workers ready and to have all of them gone."""
    created, ready, stopped, joined = zip(*lifetimes, strict=True)
    return max(ready) - min(created), max(joined) - min(stopped)


def _speed(run: Run, result: Mapping[str, Any], apart_ns: int) -> dict[str, Any]:
    pairs = _pairs(result["trials"])
    parallel = [trial for _, trial in pairs]
    found: dict[str, Any] = {
        "n_trials": len(pairs),
        "throughput_per_s": median(1e9 * trial["tasks"] / trial["wall_ns"] for trial in parallel),
        "bandwidth_bytes_per_s": median(1e9 * trial["bytes"] / trial["wall_ns"] for trial in parallel),
    }
    if result["latency_p50_ns"] is not None:
        return found
    ratios = [_rate(trial) / _rate(serial) for serial, trial in pairs if serial["tasks"]]
    if not ratios:
        return found
    low, high = median_interval(ratios) or (None, None)
    shares = [trial["wall_ns"] / (trial["wall_ns"] + apart_ns) for _, trial in pairs if _["tasks"]]
    return found | {
        "task_measured_ns": round(median(1 / _rate(serial) for serial, _ in pairs if serial["tasks"])),
        "speedup": median(ratios),
        "speedup_low": low,
        "speedup_high": high,
        "speedup_with_startup": median(ratio * share for ratio, share in zip(ratios, shares, strict=True)),
        "efficiency": median(ratios) / run.cell.workers,
    }


def _rate(trial: Mapping[str, Any]) -> float:
    return float(trial["tasks"] / trial["wall_ns"])


def _pairs(trials: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Give the serial and the untraced parallel trial of each block after the warm-up."""
    blocks: dict[int, dict[str, Mapping[str, Any]]] = {}
    for trial in trials:
        if not trial["warmup"] and not trial["traced"]:
            blocks.setdefault(trial["block"], {})[trial["kind"]] = trial
    return [(block[SERIAL], block[PARALLEL]) for block in blocks.values()]


def _latency(result: Mapping[str, Any]) -> dict[str, Any]:
    """Give the round trips of pingpong, and the bandwidths that follow from their medians; nothing otherwise."""
    if result["latency_p50_ns"] is None:
        return {}
    moved = 1e9 * (result["bytes_in"] + result["bytes_back"])
    return {
        **{name: result[name] for name in _LATENCIES},
        "bandwidth_bytes_per_s": moved / result["latency_p50_ns"],
        "memcpy_bytes_per_s": moved / max(result["copy_p50_ns"], 1),
    }


def tables(run: Run, result: Mapping[str, Any], raw: bytes) -> dict[str, pa.Table]:
    """Give the run's parts of ``trials``, ``spans`` and ``activity``; a part without rows is left out."""
    parts = {
        "trials": pa.Table.from_pylist(result["trials"], schema=_without_key("trials")),
        "spans": spans(result, raw),
        "activity": _activity(run, result["activity"]),
    }
    return {name: _keyed(run, part) for name, part in parts.items() if part.num_rows}


def _without_key(table: str) -> pa.Schema:
    return pa.schema([field for field in TABLES[table] if field.name not in ("cell_id", "round")])


def _keyed(run: Run, part: pa.Table) -> pa.Table:
    keys = {
        "cell_id": pa.array([run.cell_id] * part.num_rows),
        "round": pa.array([run.round] * part.num_rows),
    }
    for name, values in keys.items():
        part = part.append_column(name, values)
    return part


def _activity(run: Run, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    if not rows:
        return pa.table({})
    bin_ns = run.cell.pattern_options["bin"]
    bins = len(rows[0]["calls"])
    return pa.table(
        {
            "trial": np.repeat([row["trial"] for row in rows], bins),
            "worker": np.repeat([row["worker"] for row in rows], bins),
            "bin_start_ns": np.tile(np.arange(bins, dtype=np.int64) * bin_ns, len(rows)),
            "bin_ns": np.full(bins * len(rows), bin_ns),
            "calls": np.concatenate([row["calls"] for row in rows]),
        }
    )
