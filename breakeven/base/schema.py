"""The stored tables: every column with its type, unit and meaning.

The meaning travels in the Arrow field metadata and is what `outputs/README.md` shows.
Readers check `VERSION`, which changes when a column changes its meaning or leaves; a sweep that lacks a column of
its version is not analysed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

VERSION = "3"

LATER: frozenset[str] = frozenset()
"""Columns that were added since this version began: files that lack them are read, with nulls."""


_KEY = (
    ("cell_id", pa.string(), "fingerprint of the cell: a hash of all that was asked of its measurement"),
    ("round", pa.int32(), "which fresh process of the cell this was, from 0"),
)

_RUNS = (
    *_KEY,
    ("status", pa.string(), "ok, incompatible (the pair cannot exist), failed, timeout or crashed"),
    ("reason", pa.string(), "why the status is not ok; null when it is"),
    ("exit_code", pa.int32(), "exit code of the measured process where it ended by itself and not well"),
    ("signal", pa.string(), "signal that ended the measured process, such as SIGKILL; null for none"),
    (
        "stderr",
        pa.string(),
        "last of what a run that is not ok said, with the stacks of one that hung; null for nothing",
    ),
    ("notes", pa.string(), "what to know before believing the run's numbers, one a line; null for nothing"),
    ("label", pa.string(), "name given to the cell; cells that differ in it alone are measured apart"),
    ("workload", pa.string(), "what a task computes"),
    ("model", pa.string(), "execution model: how workers exist"),
    ("start_method", pa.string(), "fork, forkserver or spawn; null where workers are not processes"),
    ("ipc", pa.string(), "channel; native is a pool's own transport, none is a call in place"),
    ("pattern", pa.string(), "map, window or pingpong"),
    ("workers", pa.int32(), "number of workers"),
    ("payload_bytes", pa.int64(), "size of one payload to a worker, in bytes"),
    ("payload_out_bytes", pa.int64(), "size of one payload back, in bytes"),
    ("tasks", pa.int64(), "tasks asked of one trial (map), or messages (pingpong); null for window"),
    ("task_ns", pa.int64(), "length of one task as asked, in ns; null where the function sets its own"),
    ("task_calibrated_ns", pa.int64(), "median length of one task right after its calibration, in ns"),
    ("task_measured_ns", pa.int64(), "median length of one task in the serial trials, in ns"),
    ("window_ns", pa.int64(), "length of one trial of the window pattern, in ns; null for the others"),
    ("interpreter", pa.string(), "interpreter as asked"),
    ("executable", pa.string(), "absolute path of the interpreter that ran"),
    ("python_version", pa.string(), "version of the interpreter that ran"),
    ("implementation", pa.string(), "name of the interpreter's implementation, such as cpython"),
    ("gil_enabled", pa.bool_(), "state of the GIL read inside the workers while they ran"),
    ("cpu_count", pa.int32(), "CPUs this process may use (affinity and cgroup quota)"),
    ("engine", pa.string(), "who carried the run out; debug measures in a process full of other things"),
    ("source", pa.string(), "hash of the files that hold the user's function; null for other workloads"),
    ("affinity", pa.string(), "none, compact or scatter"),
    ("n_warmup", pa.int32(), "blocks dropped as warm-up; their trials are marked warmup"),
    (
        "warmup_ended_by",
        pa.string(),
        "rule (what follows is steady), cap (measure.max_warmup was reached) or max_time",
    ),
    ("n_trials", pa.int32(), "timed untraced parallel trials after warm-up"),
    ("n_disturbed", pa.int32(), "those of them with a disturbed trial in their pair"),
    ("stopped_by", pa.string(), "what ended the trials: rel_ci, max_trials or max_time"),
    ("speedup", pa.float64(), "median over paired trials of serial time by parallel time; null for pingpong"),
    ("speedup_low", pa.float64(), "lower end of the 95 % interval of speedup, for this process only"),
    ("speedup_high", pa.float64(), "upper end of the 95 % interval of speedup, for this process only"),
    (
        "speedup_quiet",
        pa.float64(),
        "speedup of the pairs without a disturbed trial; null without such pairs",
    ),
    ("speedup_quiet_low", pa.float64(), "lower end of its 95 % interval, for this process only"),
    ("speedup_quiet_high", pa.float64(), "upper end of its 95 % interval, for this process only"),
    (
        "observer_effect",
        pa.float64(),
        "median over blocks of traced by untraced time of a parallel trial, less 1",
    ),
    ("observer_effect_low", pa.float64(), "lower end of its 95 % interval, for this process only"),
    ("observer_effect_high", pa.float64(), "upper end of its 95 % interval, for this process only"),
    (
        "speedup_with_startup",
        pa.float64(),
        "speedup when starting and joining the workers is paid once a trial",
    ),
    ("startup_ns", pa.int64(), "from the first worker's creation until the last was ready, in ns"),
    ("teardown_ns", pa.int64(), "from the order to stop until the last worker was joined, in ns"),
    ("throughput_per_s", pa.float64(), "median tasks (or messages) completed per second, parallel"),
    ("throughput_low_per_s", pa.float64(), "lower end of its 95 % interval, for this process only"),
    ("throughput_high_per_s", pa.float64(), "upper end of its 95 % interval, for this process only"),
    ("memcpy_bytes_per_s", pa.float64(), "the same payload bytes copied once each way in place, per second"),
    ("latency_p50_ns", pa.int64(), "median round trip of one message, in ns; null but for pingpong"),
    (
        "latency_p50_low_ns",
        pa.int64(),
        "lower end of its 95 % interval by order statistics, for this process only",
    ),
    ("latency_p50_high_ns", pa.int64(), "upper end of the same"),
    ("latency_p99_ns", pa.int64(), "99th percentile round trip, in ns; null but for pingpong"),
    (
        "latency_p99_low_ns",
        pa.int64(),
        "lower end of its 95 % interval by order statistics; null with too few",
    ),
    ("latency_p99_high_ns", pa.int64(), "upper end of the same"),
    ("spans_dropped", pa.int64(), "spans merged into their successor because a buffer was full"),
    ("seed", pa.int64(), "seed of order, payloads and pairing"),
    ("order", pa.int32(), "position of the run in the sweep's randomised order, from 0"),
    ("hash_seed", pa.int64(), "PYTHONHASHSEED of the run; another one each round"),
    ("environment_padding_bytes", pa.int64(), "bytes added to the environment; another number each round"),
    ("hostname", pa.string(), "host that ran it"),
    ("cpu_model", pa.string(), "CPU as the kernel names it"),
    ("cpu_quota", pa.float64(), "CPUs that the cgroup's quota allows; null without one"),
    ("threads_per_core", pa.int32(), "hardware threads (SMT siblings) that are on in each core"),
    ("cpu_mhz", pa.float64(), "mean clock rate of the CPUs this process may use when the run began, in MHz"),
    ("governor", pa.string(), "frequency governor of those CPUs; null where the kernel controls none"),
    ("numa_nodes", pa.int32(), "NUMA nodes with memory"),
    ("memory_bytes", pa.int64(), "memory of the machine, in bytes"),
    ("memory_limit_bytes", pa.int64(), "memory that the cgroup allows, in bytes; null without a limit"),
    ("load_1m", pa.float64(), "load average over the last minute when the run began"),
    ("kernel", pa.string(), "operating system and kernel release"),
    ("aslr", pa.int32(), "address space randomisation: 0 off, 1 without the heap, 2 full"),
    ("virtualisation", pa.string(), "hypervisor or container as far as it shows; none for neither"),
    ("clock_source", pa.string(), "what the kernel reads the time from"),
    (
        "clock_step_ns",
        pa.int64(),
        "smallest step between two readings of the clock, measured in the run, in ns",
    ),
    ("clock_error_ns", pa.int64(), "most that the clock of any worker can differ from the parent's, in ns"),
    ("python_build", pa.string(), "compiler and build options of the interpreter that ran"),
    ("jit_enabled", pa.bool_(), "state of the interpreter's JIT compiler; null where it cannot tell"),
    ("packages", pa.string(), "name and version of every package that the run had imported, one a line"),
    ("commit", pa.string(), "commit of breakeven's own repository; null for an installed one"),
    ("dirty", pa.bool_(), "that repository had changes that were not committed"),
    (
        "function_commit",
        pa.string(),
        "commit of the repository that holds the user's function; null without one",
    ),
    ("function_dirty", pa.bool_(), "that repository had changes that were not committed"),
    ("started_at", pa.timestamp("us", tz="UTC"), "when the run began"),
    ("wall_ns", pa.int64(), "length of the whole run, its process included, in ns"),
    ("config", pa.string(), "resolved configuration of the cell, YAML"),
    ("overrides", pa.string(), "overrides as typed, one a line"),
    ("breakeven_version", pa.string(), "version of breakeven that measured it"),
    ("code", pa.string(), "hash of the files of breakeven that measured it"),
    ("memory_limit_asked_bytes", pa.int64(), "limits.memory, in bytes; null for no limit"),
    (
        "parts",
        pa.string(),
        "the run's files in the other tables: table, bytes and CRC-32 (hexadecimal), one a line",
    ),
)

_TRIALS = (
    *_KEY,
    ("trial", pa.int32(), "position in the run's order of execution, from 0"),
    ("block", pa.int32(), "trials of one block are paired: one serial, one parallel, maybe one traced"),
    ("kind", pa.string(), "serial (the baseline) or parallel"),
    ("warmup", pa.bool_(), "made to warm up; left out of the statistics"),
    ("traced", pa.bool_(), "spans were recorded in this trial"),
    (
        "start_ns",
        pa.int64(),
        "start on the host's monotonic clock, in ns; the same for all processes since boot",
    ),
    ("wall_ns", pa.int64(), "timed length of the trial, in ns"),
    ("cpu_ns", pa.int64(), "CPU time of the parent and all workers in the trial, in ns"),
    ("tasks", pa.int64(), "tasks (or messages) completed"),
    ("bytes", pa.int64(), "payload bytes moved, both ways"),
    ("latency_p50_ns", pa.int64(), "median round trip in this trial, in ns; null but for pingpong"),
    ("latency_p99_ns", pa.int64(), "99th percentile round trip in this trial, in ns; null but for pingpong"),
    (
        "disturbed_by",
        pa.string(),
        "steal, throttling, foreign load, or several with commas; null if undisturbed",
    ),
    ("steal_ns", pa.int64(), "time the hypervisor gave to others, summed over our CPUs, in ns"),
    ("busy_ns", pa.int64(), "time our CPUs were busy with anybody's work, summed over them, in ns"),
    ("throttled_ns", pa.int64(), "time the cgroup's quota stopped us, in ns"),
    (
        "run_delay_ns",
        pa.int64(),
        "time parent (in a parallel trial workers, too) were runnable but waited for a CPU, summed, in ns",
    ),
    ("longest_wait_ns", pa.int64(), "the same of the one of them that waited longest, in ns"),
    ("psi_cpu_ns", pa.int64(), "pressure: time in which some task of the machine waited for a CPU, in ns"),
    ("psi_memory_ns", pa.int64(), "pressure: time in which some task waited for memory, in ns"),
    ("psi_io_ns", pa.int64(), "pressure: time in which some task waited for storage, in ns"),
    ("runnable", pa.int32(), "tasks of the machine that ran or waited for a CPU when the trial ended"),
    ("voluntary_switches", pa.int64(), "times parent and workers gave their CPU away to wait"),
    ("involuntary_switches", pa.int64(), "times it was taken from them"),
    ("migrations", pa.int64(), "times they were moved to another CPU; null where the kernel does not tell"),
    ("minor_faults", pa.int64(), "page faults of parent and workers served from memory"),
    ("major_faults", pa.int64(), "page faults that needed storage"),
)

_WORKERS = (
    *_KEY,
    ("worker", pa.int32(), "worker, from 0; -1 is the parent"),
    ("pid", pa.int32(), "its process"),
    ("thread_id", pa.int64(), "its native thread"),
    ("gil_enabled", pa.bool_(), "state of the GIL read in it while it ran"),
    ("create_ns", pa.int64(), "from its creation until it was ready for work, in ns; null for the parent"),
    ("join_ns", pa.int64(), "from the order to stop until it was joined, in ns; null for the parent"),
    ("peak_bytes", pa.int64(), "most memory its process ever held, shared pages included; null for a thread"),
    (
        "pss_bytes",
        pa.int64(),
        "memory of its process after the trials, shared pages in proportion; null for a thread",
    ),
    ("clock_offset_low_ns", pa.int64(), "least that its clock can be ahead of the parent's, in ns"),
    ("clock_offset_high_ns", pa.int64(), "most that its clock can be ahead of the parent's, in ns"),
)

_SPANS = (
    *_KEY,
    ("trial", pa.int32(), "trial the span belongs to; -1 for startup and teardown of the worker"),
    ("worker", pa.int32(), "worker, from 0; -1 is the parent, whose phases partition its own wall time"),
    ("pid", pa.int32(), "process that executed it"),
    ("thread_id", pa.int64(), "native thread that executed it"),
    ("task", pa.int64(), "task it belongs to; -1 for none"),
    (
        "phase",
        pa.dictionary(pa.int8(), pa.string()),
        "startup, serialize, send, wait, receive, deserialize, compute, idle or teardown",
    ),
    ("start_ns", pa.int64(), "start, in ns from the trial's start (from the first creation for trial -1)"),
    ("duration_ns", pa.int64(), "length, in ns"),
    ("on_cpu_ns", pa.int64(), "CPU time of the thread within a compute span, in ns; null for other phases"),
)

_ACTIVITY = (
    *_KEY,
    ("trial", pa.int32(), "trial it was counted in"),
    ("worker", pa.int32(), "worker, from 0"),
    ("bin_start_ns", pa.int64(), "start of the bin, in ns from the trial's start"),
    ("bin_ns", pa.int64(), "width of the bin, in ns"),
    ("calls", pa.int64(), "calls the worker completed in the bin"),
)


def _schema(table: str, columns: tuple[tuple[str, pa.DataType, str], ...]) -> pa.Schema:
    fields = [pa.field(name, kind, metadata={"meaning": meaning}) for name, kind, meaning in columns]
    return pa.schema(fields, metadata={"breakeven_schema": VERSION, "breakeven_table": table})


TABLES: dict[str, pa.Schema] = {
    "runs": _schema("runs", _RUNS),
    "trials": _schema("trials", _TRIALS),
    "workers": _schema("workers", _WORKERS),
    "spans": _schema("spans", _SPANS),
    "activity": _schema("activity", _ACTIVITY),
}


def conform(table: str, columns: Mapping[str, Any] | pa.Table) -> pa.Table:
    """Return ``columns`` as Arrow with the schema of ``table``; columns that are not given are null.

    Raise KeyError for a column that the table does not have, and ArrowInvalid for a value that does not fit its type.
    """
    schema = TABLES[table]
    if isinstance(columns, pa.Table):
        columns = {name: columns.column(name) for name in columns.column_names}
    unknown = sorted(set(columns) - set(schema.names))
    if unknown:
        raise KeyError(f"table {table} has no column {', '.join(unknown)}")
    length = len(next(iter(columns.values())))
    arrays = [_array(columns.get(field.name), field.type, length) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Any, kind: pa.DataType, length: int) -> pa.Array | pa.ChunkedArray:
    if values is None:
        return pa.nulls(length, kind)
    if isinstance(values, pa.ChunkedArray | pa.Array):
        return values if values.type == kind else values.cast(kind)
    return pa.array(values, type=kind)
