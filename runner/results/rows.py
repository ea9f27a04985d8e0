"""The rows of one run: the columns known before it, those it measured, and its parts of the other tables."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from breakeven.base.conditions import PACKAGES
from breakeven.base.patterns import ECHOES
from breakeven.base.schema import TABLES, conform
from breakeven.base.variables import write
from breakeven.runner.cell.first_calls import ARGUMENTS, INPUT
from breakeven.runner.cell.models._abc import Lifetime
from breakeven.runner.cell.result import ActivityRecord, Facts, Result, TrialRecord, WorkerRecord
from breakeven.runner.cell.sampling import REL_CI, TRACED
from breakeven.runner.config.cell import Cell, Measure
from breakeven.runner.environment import machine_facts
from breakeven.runner.planning.perturbation import Variation
from breakeven.runner.planning.run import Run
from breakeven.runner.results.disturbance import Judge
from breakeven.runner.results.run_result import RunResult
from breakeven.runner.results.spans import cpu_per_task, spans
from breakeven.runner.results.statistics import Statistics, blocks_of
from breakeven.runner.results.warnings import notes

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times faster, if libyaml is installed

PARENT = -1  # the parent's number in the table ``workers``


def about(run: Run, started: datetime) -> dict[str, Any]:
    """Return the columns of ``runs`` that are known without measuring."""
    cell = run.cell
    return {
        "cell_id": run.cell_id,
        "round": run.round,
        "label": cell.label,
        "workload": cell.workload,
        "function": cell.function,
        "model": cell.model,
        "start_method": cell.start_method,
        "ipc": cell.ipc,
        "pattern": cell.pattern,
        "workers": cell.workers,
        **_payloads(cell),
        "tasks": cell.tasks or None,
        "task_ns": cell.task_ns or None,
        "window_ns": cell.window_ns or None,
        "interpreter": cell.interpreter or "current",
        "executable": run.executable,
        "interpreter_flags": shlex.join(cell.interpreter_flags),
        "variables": write(cell.environment),
        "engine": run.engine,
        "source": run.source and run.source.digest,
        "function_commit": run.source and run.source.commit,
        "function_dirty": run.source and run.source.dirty,
        "verify": cell.workload_options.get("verify"),
        "input_total": (run.source and run.source.inputs) or None,
        "affinity": cell.affinity,
        "seed": cell.seed,
        "order": run.order,
        "started_at": started,
        "config": yaml.dump(dict(run.config), Dumper=_Dumper, sort_keys=False, allow_unicode=True),
        "overrides": "\n".join(run.overrides),
        "memory_limit_asked_bytes": cell.memory_limit_bytes,
        "trial_ns": cell.trial_ns or None,
        "precision": run.precision,
        **run.known_conditions,
        **machine_facts(),
    }


def _payloads(cell: Cell) -> dict[str, int | None]:
    """Return the sizes asked for, also as those that crossed, until these are measured."""
    asked = {"payload_bytes": cell.payload_bytes, "payload_out_bytes": cell.payload_out_bytes}
    return asked | {
        name.replace("_bytes", "_asked_bytes"): None if name in cell.effectless else size
        for name, size in asked.items()
    }


def without_answer(run: Run, reason: str) -> RunResult:
    """Return the result of a run whose node did not say what became of it; which machine that was is not known."""
    row = about(run, datetime.now(UTC)) | dict.fromkeys(machine_facts())
    return RunResult(row=row | {"status": "crashed", "reason": reason, "wall_ns": 0})


def incompatible(run: Run, reason: str) -> RunResult:
    """Return the result of a cell that cannot exist."""
    ended = {"status": "incompatible", "reason": reason, "wall_ns": 0}
    return RunResult(row=about(run, datetime.now(UTC)) | ended)


def _columns(facts: Facts) -> dict[str, Any]:
    """Return the facts that are columns; the build is the planned one if the run was not asked for it."""
    found = {name: value for name, value in facts._asdict().items() if name != "modules"}
    if facts.python_build is None:
        del found["python_build"]
    return found


def measured(run: Run, result: Result) -> dict[str, Any]:
    """Return the columns of ``runs`` that the run measured."""
    facts = result.facts
    startup, teardown = _lifetime(result.lifetimes)
    return {
        "gil_enabled": any(worker.gil for worker in result.workers),
        "payload_bytes": result.bytes_in,
        "payload_out_bytes": result.bytes_back,
        "task_calibrated_ns": result.task_ns if run.cell.pattern not in ECHOES else None,
        "first_call_ns": result.first_call_ns if run.cell.pattern not in ECHOES else None,
        **_inputs(result),
        "inputs": "fresh" if result.changes in (INPUT, ARGUMENTS) else "shared",
        "notes": notes(run, result),
        "n_warmup": result.n_warmup,
        "warmup_ended_by": result.warmup_ended_by,
        "stopped_by": result.stopped_by,
        **_given_up(run.cell.measure, result.trials),
        **_columns(facts),
        PACKAGES: "\n".join(_packages(run, facts)),
        "native_libraries": ", ".join(facts.native_libraries) or None,
        "shared_counted": "\n".join(facts.shared_counted) or None,
        "native_threads": _native_threads(result),
        "clock_error_ns": max(abs(end) for worker in result.workers for end in worker.offset),
        "startup_ns": startup,
        "teardown_ns": teardown,
        "first_created_ns": min(life.created_ns for life in result.lifetimes),
        **_of_channel(result),
        "spans_dropped": sum(lane.dropped for lane in result.lanes),
        **Statistics(by_rule=result.stopped_by == REL_CI)(result.trials, startup_ns=startup + teardown),
        **_latency(result),
    }


def _of_channel(result: Result) -> dict[str, int]:
    """Return the columns of ``runs`` for what the channel costs before the first trial; none without a channel."""
    costs = result.channel_costs
    if costs is None:
        return {}
    return {
        "channel_construction_ns": costs.construction_ns,
        "first_message_ns": costs.first_message_ns,
    }


def _inputs(result: Result) -> dict[str, int | None]:
    """Return the columns of ``runs`` for the inputs that a user gives as a list."""
    number, least, most = result.inputs or (None, None, None)
    return {"input_count": number, "input_least_bytes": least, "input_most_bytes": most}


def _given_up(measure: Measure, trials: Sequence[TrialRecord]) -> dict[str, int]:
    """Return the columns of ``runs`` for what is missing to what a run should have."""
    blocks = blocks_of(trials)
    traced = sum(TRACED in block for block in blocks)
    return {
        "pairs_given_up": max(measure.min_trials - len(blocks), 0),
        "traced_given_up": max(measure.traced - traced, 0),
    }


def _packages(run: Run, facts: Facts) -> list[str]:
    """Return the packages that were imported with the function, or by the run."""
    planned = run.source.packages if run.source else ()
    return sorted({*planned, *facts.packages}, key=str.lower)


def _native_threads(result: Result) -> int | None:
    """Return the most native threads of any process that carries out tasks; threads' process is the parent's."""
    counts = [worker.native_threads for worker in result.workers if worker.pid != result.parent.pid]
    known = [count for count in counts or [result.parent.native_threads] if count is not None]
    return max(known, default=None)


def _lifetime(lifetimes: Sequence[Lifetime]) -> tuple[int, int]:
    """Return the time until all workers were ready, and the time to end all of them."""
    created, ready, stopped, joined = zip(*lifetimes, strict=True)
    return max(ready) - min(created), max(joined) - min(stopped)


def surroundings(variation: Variation) -> dict[str, Any]:
    """Return the columns of ``runs`` for what was varied between rounds."""
    return {"hash_seed": variation.hash_seed, "environment_padding_bytes": variation.padding_bytes}


def task_cpu(result: Result, raw: bytes) -> dict[str, Any]:
    """Return the columns of ``runs`` for a task's CPU time in workers; nothing without traced trials."""
    inside = cpu_per_task(result, raw)
    if not inside or result.round_trips.latency_p50_ns is not None:
        return {}
    return {"task_cpu_ns": round(median(inside)), "task_cpu_least_ns": round(min(inside))}


def _latency(result: Result) -> dict[str, Any]:
    """Return the round trips of pingpong and the rate of copying the same bytes; nothing for others."""
    found = result.round_trips._asdict()
    copy = found.pop("copy_p50_ns")
    if found["latency_p50_ns"] is None:
        return {}
    both = (result.bytes_in or 0) + (result.bytes_back or 0)
    return found | {"memcpy_bytes_per_s": 1e9 * both / max(copy, 1)}


def judged(run: Run, result: Result) -> Result:
    """Return ``result`` with the disturbance of each trial filled in."""
    causes = Judge(run.cell.workers, result.cpus)(result.trials)
    pairs = zip(result.trials, causes, strict=True)
    return result._replace(trials=tuple(trial._replace(disturbed_by=cause) for trial, cause in pairs))


def tables(run: Run, result: Result, raw: bytes) -> dict[str, pa.Table]:
    """Return the run's parts of all tables except ``runs``, without empty parts."""
    parts = {
        "workers": pa.Table.from_pylist(_workers(result), schema=_without_key("workers")),
        "trials": pa.Table.from_pylist(
            [trial._asdict() for trial in result.trials], schema=_without_key("trials")
        ),
        "spans": spans(result, raw),
        "activity": _activity(run, result.activity),
        "observations": pa.Table.from_pylist(
            [observed._asdict() for observed in result.observations], schema=_without_key("observations")
        ),
    }
    return {name: _keyed(run, name, part) for name, part in parts.items() if part.num_rows}


def _workers(result: Result) -> list[dict[str, Any]]:
    """Return one row per worker, followed by the parent's."""
    rows = [
        _worker(number, worker) | {"create_ns": ready - created, "join_ns": joined - stopped}
        for number, (worker, (created, ready, stopped, joined)) in enumerate(
            zip(result.workers, result.lifetimes, strict=True)
        )
    ]
    return [*rows, _worker(PARENT, result.parent)]


def _worker(number: int, about: WorkerRecord) -> dict[str, Any]:
    low, high = about.offset
    return {
        "worker": number,
        "pid": about.pid,
        "thread_id": about.thread_id,
        "peak_bytes": about.peak_bytes,
        "pss_bytes": about.pss_bytes,
        "native_threads": about.native_threads,
        "cpu": about.cpu,
        "cpu_share": about.cpu_share,
        "gil_enabled": about.gil,
        "jit_enabled": about.jit,
        "switch_interval_ns": about.switch_interval_ns,
        "gc_enabled": about.collects,
        "clock_offset_low_ns": low,
        "clock_offset_high_ns": high,
    }


def _keyed(run: Run, name: str, part: pa.Table) -> pa.Table:
    keys = {"cell_id": run.cell_id, "round": run.round}
    for column, value in keys.items():
        part = part.append_column(column, pa.array([value] * part.num_rows))
    return conform(name, part)


def _without_key(table: str) -> pa.Schema:
    return pa.schema([field for field in TABLES[table] if field.name not in ("cell_id", "round")])


def _activity(run: Run, rows: Sequence[ActivityRecord]) -> pa.Table:
    if not rows:
        return pa.table({})
    bin_ns = run.cell.pattern_options["bin"]
    bins = len(rows[0].calls)
    return pa.table(
        {
            "trial": np.repeat([row.trial for row in rows], bins),
            "worker": np.repeat([row.worker for row in rows], bins),
            "bin_start_ns": np.tile(np.arange(bins, dtype=np.int64) * bin_ns, len(rows)),
            "bin_ns": np.full(bins * len(rows), bin_ns),
            "calls": np.concatenate([row.calls for row in rows]),
        }
    )
