"""The stored tables: every column with its type, unit and meaning.

The meaning is stored in the Arrow metadata of each field and listed in `outputs/README.md`. Readers check
`VERSION`, which changes if a column changes its meaning or is removed; a sweep that lacks a column of its
version is not analysed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

VERSION = "3"

LATER: frozenset[str] = frozenset(
    {
        "began_ns",
        "channel_construction_ns",
        "cpu_per_task_ns",
        "cpus_alone",
        "ended_ns",
        "environment",
        "faults_per_task",
        "first_call_ns",
        "first_created_ns",
        "first_message_ns",
        "function",
        "gc_enabled",
        "input_count",
        "input_least_bytes",
        "input_most_bytes",
        "input_total",
        "inputs",
        "interpreter_flags",
        "jit_enabled",
        "machine",
        "native_libraries",
        "native_threads",
        "node",
        "other_cpu_ns",
        "page_fault_ns",
        "pairs_given_up",
        "payload_asked_bytes",
        "payload_out_asked_bytes",
        "cpu",
        "cpu_share",
        "precision",
        "same_cpu",
        "shared_counted",
        "sources",
        "switch_interval_ns",
        "task_amount",
        "task_cpu_alone_ns",
        "task_cpu_least_ns",
        "task_cpu_ns",
        "task_faults",
        "task_faults_alone",
        "traced_given_up",
        "trial_ns",
        "variables",
        "workers_same_cpu",
    }
)
"""Columns added since this version began: files that lack them are read with nulls."""


_KEY = (
    (
        "cell_id",
        pa.string(),
        "fingerprint of the cell: a hash of everything that was requested of its measurement",
    ),
    ("round", pa.int32(), "number of the cell's fresh process, from 0"),
)

_RUNS = (
    *_KEY,
    ("status", pa.string(), "ok, incompatible (the combination cannot exist), failed, timeout or crashed"),
    ("reason", pa.string(), "why the status is not ok; null when it is"),
    ("exit_code", pa.int32(), "exit code of the measured process if it exited with an error"),
    ("signal", pa.string(), "signal that ended the measured process, such as SIGKILL; null if none"),
    (
        "stderr",
        pa.string(),
        "end of the stderr of a run that is not ok, with the stacks if it hung; null if empty",
    ),
    ("notes", pa.string(), "warnings about the run's numbers, one per line; null if none"),
    ("label", pa.string(), "name of the cell; cells that differ only in it are measured separately"),
    ("workload", pa.string(), "what a task computes"),
    ("function", pa.string(), "the user's function, module:callable; null for other workloads"),
    ("model", pa.string(), "execution model: what the workers are"),
    ("start_method", pa.string(), "fork, forkserver or spawn; null if workers are not processes"),
    ("ipc", pa.string(), "channel; native is a pool's own transport, none is a call in place"),
    ("pattern", pa.string(), "what workers do: map, window, pingpong or another pattern"),
    ("workers", pa.int32(), "number of workers"),
    (
        "payload_asked_bytes",
        pa.int64(),
        "size of one payload to a worker as asked by the knob payload, in bytes; null if it has no effect",
    ),
    (
        "payload_out_asked_bytes",
        pa.int64(),
        "size of one payload back as asked by the knob payload_out, in bytes; null if it has no effect",
    ),
    (
        "payload_bytes",
        pa.int64(),
        "size of one payload to a worker as it crossed, in bytes; as asked if the run did not measure it",
    ),
    ("payload_out_bytes", pa.int64(), "size of one payload back as it crossed, in bytes; likewise"),
    (
        "tasks",
        pa.int64(),
        "tasks in one trial (map, scatter, pipeline), or messages (pingpong, shared_pipe, stream); null for patterns that last a window",
    ),
    ("task_ns", pa.int64(), "requested duration of one task, in ns; null if the function sets its own"),
    (
        "trial_ns",
        pa.int64(),
        "requested duration of one serial trial, from which tasks follows, in ns; null if tasks was requested",
    ),
    (
        "task_amount",
        pa.int64(),
        "work in one task, calibrated once a sweep: inner loops, or ns of sleep; null if nothing is calibrated",
    ),
    ("task_calibrated_ns", pa.int64(), "median duration of one task right after its calibration, in ns"),
    (
        "task_cpu_ns",
        pa.int64(),
        "CPU time of a task on its worker's own thread, median over traced trials, in ns",
    ),
    ("task_cpu_least_ns", pa.int64(), "the same, in the traced trial with the least, in ns"),
    (
        "task_cpu_alone_ns",
        pa.int64(),
        "CPU time of a task in the serial trials, native threads included, median, in ns",
    ),
    (
        "cpus_alone",
        pa.float64(),
        "CPUs that a serial trial kept busy with its tasks, native threads included, median",
    ),
    (
        "cpu_per_task_ns",
        pa.int64(),
        "CPU time of parent and workers for one task or message, median over parallel trials, in ns",
    ),
    (
        "faults_per_task",
        pa.float64(),
        "page faults of parent and workers for one task or message that were served from memory, median over parallel trials",
    ),
    (
        "task_faults_alone",
        pa.float64(),
        "page faults for one task in the serial trials, median",
    ),
    (
        "task_faults",
        pa.float64(),
        "page faults of the processes that carry out tasks for one task in the parallel trials, what they receive and send included, median",
    ),
    (
        "first_call_ns",
        pa.int64(),
        "duration of the process's very first call of the task, in ns; with workload.inputs the mean over the first call with each",
    ),
    (
        "inputs",
        pa.string(),
        "shared by all tasks, or fresh for each since the function changes its input in place",
    ),
    (
        "input_count",
        pa.int32(),
        "how many inputs of workload.inputs the run does, each equally often in a trial of the column tasks; null without it",
    ),
    (
        "input_total",
        pa.int32(),
        "how many inputs workload.inputs gives; more than input_count if each round does a part of them (longest_trial)",
    ),
    ("input_least_bytes", pa.int64(), "size of the smallest of them, in bytes; payload_bytes is their mean"),
    ("input_most_bytes", pa.int64(), "size of the largest of them, in bytes"),
    ("task_measured_ns", pa.int64(), "median duration of one task in the serial trials, in ns"),
    (
        "window_ns",
        pa.int64(),
        "duration of one trial of patterns that last a window, in ns; null for the others",
    ),
    ("interpreter", pa.string(), "interpreter as configured"),
    ("executable", pa.string(), "absolute path of the interpreter that ran"),
    ("interpreter_flags", pa.string(), "options with which it was started, as configured; empty for none"),
    (
        "variables",
        pa.string(),
        "environment variables that the cell sets, NAME=value, one per line (NAME alone: removed); empty for none",
    ),
    (
        "environment",
        pa.string(),
        "environment variables of the run that matter to speed, set or inherited, NAME=value, one per line; empty for none",
    ),
    ("python_version", pa.string(), "version of the interpreter that ran"),
    ("implementation", pa.string(), "name of the interpreter's implementation, such as cpython"),
    ("gil_enabled", pa.bool_(), "state of the GIL read inside the workers while they ran"),
    ("cpu_count", pa.int32(), "CPUs this process may use (affinity and cgroup quota)"),
    ("engine", pa.string(), "engine that executed the run; debug measures inside breakeven's own process"),
    ("node", pa.string(), "node of the engine that executed the run; null for an engine on this machine"),
    (
        "source",
        pa.string(),
        "hash of the user's modules that are imported with the function; null for other workloads",
    ),
    (
        "sources",
        pa.string(),
        "the user's modules that the run imported, by the directory typed in: hash and file, one per line, with a plus sign if only a call imported it; null for other workloads",
    ),
    (
        "verify",
        pa.string(),
        "how results were compared with the serial ones: equal, close, none or module:callable; null except for function",
    ),
    ("affinity", pa.string(), "none, compact, scatter, cores_only, siblings or fast_cores"),
    (
        "same_cpu",
        pa.float64(),
        "share of messages (pingpong; a sample), or of beginnings and ends of trials, at which a worker was on the parent's CPU, mean over workers and trials; null if unknown",
    ),
    (
        "workers_same_cpu",
        pa.float64(),
        "the same share at which two workers were on one CPU; null for one worker, or if unknown",
    ),
    (
        "precision",
        pa.float64(),
        "half-width of its interval, a share, at which a cell gets no further rounds; null if rounds is a number",
    ),
    ("n_warmup", pa.int32(), "blocks discarded as warm-up; their trials are marked warmup"),
    (
        "warmup_ended_by",
        pa.string(),
        "rule (the times became steady), cap (measure.max_warmup was reached) or max_time",
    ),
    ("n_trials", pa.int32(), "timed untraced parallel trials after warm-up"),
    (
        "pairs_given_up",
        pa.int32(),
        "how many fewer that is than measure.min_trials, since measure.max_time holds no more; other rounds make up for them",
    ),
    (
        "traced_given_up",
        pa.int32(),
        "how many traced trials after warm-up are missing to measure.traced, since measure.max_time holds no more",
    ),
    ("n_disturbed", pa.int32(), "how many of them have a disturbed trial in their pair"),
    ("stopped_by", pa.string(), "what ended the trials: rel_ci, max_trials or max_time"),
    (
        "speedup",
        pa.float64(),
        "median over paired trials of serial time divided by parallel time; null for pingpong",
    ),
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
        "median over blocks of traced divided by untraced time of a parallel trial, minus 1",
    ),
    ("observer_effect_low", pa.float64(), "lower end of its 95 % interval, for this process only"),
    ("observer_effect_high", pa.float64(), "upper end of its 95 % interval, for this process only"),
    (
        "speedup_with_startup",
        pa.float64(),
        "speedup if every trial had to start and join the workers",
    ),
    (
        "startup_ns",
        pa.int64(),
        "time from the first worker's creation until the last was ready for its first task, without what breakeven adds, in ns",
    ),
    ("teardown_ns", pa.int64(), "time from the order to stop until the last worker was joined, in ns"),
    (
        "channel_construction_ns",
        pa.int64(),
        "time to make the channel: the parent's end, and a worker's where that took longest, without imports, in ns; null for a transport of the model's own",
    ),
    (
        "first_message_ns",
        pa.int64(),
        "time of the channel's first message out and back, an empty one, to a worker that waits for it, in ns; null as before",
    ),
    ("throughput_per_s", pa.float64(), "median tasks (or messages) completed per second, parallel"),
    ("throughput_low_per_s", pa.float64(), "lower end of its 95 % interval, for this process only"),
    ("throughput_high_per_s", pa.float64(), "upper end of its 95 % interval, for this process only"),
    (
        "memcpy_bytes_per_s",
        pa.float64(),
        "rate of copying the same payload bytes once each way within one process, per second",
    ),
    ("latency_p50_ns", pa.int64(), "median round trip of one message, in ns; null except for pingpong"),
    (
        "latency_p50_low_ns",
        pa.int64(),
        "lower end of its 95 % interval by order statistics, for this process only",
    ),
    ("latency_p50_high_ns", pa.int64(), "upper end of the same"),
    ("latency_p99_ns", pa.int64(), "99th percentile of the round trip, in ns; null except for pingpong"),
    (
        "latency_p99_low_ns",
        pa.int64(),
        "lower end of its 95 % interval by order statistics; null if there are too few",
    ),
    ("latency_p99_high_ns", pa.int64(), "upper end of the same"),
    ("spans_dropped", pa.int64(), "spans merged into their successors because a buffer was full"),
    ("seed", pa.int64(), "seed of order, payloads and pairing"),
    ("order", pa.int32(), "position of the run in the sweep's randomised order, from 0"),
    ("hash_seed", pa.int64(), "PYTHONHASHSEED of the run; different in each round"),
    (
        "environment_padding_bytes",
        pa.int64(),
        "bytes of padding added to the environment; different in each round",
    ),
    ("hostname", pa.string(), "name of the host that ran it"),
    (
        "machine",
        pa.string(),
        "id of the boot of its kernel, which containers on one machine share; its name if the system has no such id",
    ),
    ("cpu_model", pa.string(), "CPU as the kernel names it"),
    ("cpu_quota", pa.float64(), "CPUs that the cgroup's quota allows; null without a quota"),
    ("threads_per_core", pa.int32(), "hardware threads (SMT siblings) that are online in each core"),
    ("cpu_mhz", pa.float64(), "mean clock rate of the CPUs this process may use when the run began, in MHz"),
    ("governor", pa.string(), "frequency governor of those CPUs; null if the kernel controls none"),
    ("numa_nodes", pa.int32(), "NUMA nodes with memory"),
    ("memory_bytes", pa.int64(), "memory of the machine, in bytes"),
    ("memory_limit_bytes", pa.int64(), "memory that the cgroup allows, in bytes; null without a limit"),
    ("load_1m", pa.float64(), "load average over the last minute when the run began"),
    ("kernel", pa.string(), "operating system and kernel release"),
    ("aslr", pa.int32(), "address space randomisation: 0 off, 1 without the heap, 2 full"),
    ("virtualisation", pa.string(), "hypervisor or container, as far as visible; none for neither"),
    ("clock_source", pa.string(), "clock source of the kernel"),
    (
        "clock_step_ns",
        pa.int64(),
        "smallest step between two readings of the clock, measured in the run, in ns",
    ),
    (
        "clock_error_ns",
        pa.int64(),
        "largest possible difference between a worker's clock and the parent's, in ns",
    ),
    (
        "page_fault_ns",
        pa.int64(),
        "time in which the kernel provides a page at its first use and takes it back, measured in the run, in ns",
    ),
    ("python_build", pa.string(), "compiler and build options of the interpreter that ran"),
    ("jit_enabled", pa.bool_(), "state of the interpreter's JIT compiler; null if it is unknown"),
    (
        "packages",
        pa.string(),
        "name and version of every package that the run imported, one per line; of one that is not ok, those imported with the function",
    ),
    (
        "native_threads",
        pa.int32(),
        "threads that Python did not start, after the trials, in the process of a worker that had the most",
    ),
    (
        "native_libraries",
        pa.string(),
        "libraries with threads of their own that the run loaded, such as openblas, with commas; null for none",
    ),
    (
        "shared_counted",
        pa.string(),
        "what threads without a GIL share and count references to, one per line; null if that is nothing or unknown",
    ),
    ("commit", pa.string(), "commit of breakeven's own repository; null for an installed breakeven"),
    ("dirty", pa.bool_(), "whether that repository had uncommitted changes"),
    (
        "function_commit",
        pa.string(),
        "commit of the repository with the user's function; null without one",
    ),
    ("function_dirty", pa.bool_(), "whether that repository had uncommitted changes"),
    ("started_at", pa.timestamp("us", tz="UTC"), "when the run began"),
    (
        "began_ns",
        pa.int64(),
        "when it began on its host's monotonic clock, which all runs of one machine share, in ns; null if no host made it",
    ),
    ("ended_ns", pa.int64(), "when it ended on the same clock, in ns"),
    (
        "first_created_ns",
        pa.int64(),
        "when the first worker's creation began, on the same clock: spans of trial -1 count from it, in ns",
    ),
    (
        "wall_ns",
        pa.int64(),
        "duration of the whole run, its process included, in ns; without the start of an interpreter that was made ready while the last run was stored",
    ),
    ("config", pa.string(), "resolved configuration of the cell as YAML"),
    ("overrides", pa.string(), "overrides as typed, one per line"),
    ("breakeven_version", pa.string(), "version of breakeven"),
    ("code", pa.string(), "hash of breakeven's files that measured the run"),
    ("memory_limit_asked_bytes", pa.int64(), "limits.memory, in bytes; null for no limit"),
    (
        "parts",
        pa.string(),
        "the run's files in the other tables: table, bytes and CRC-32 (hexadecimal), one per line",
    ),
)

_TRIALS = (
    *_KEY,
    ("trial", pa.int32(), "position in the run's order of execution, from 0"),
    (
        "block",
        pa.int32(),
        "number of the block; its trials are paired: one serial, one parallel, maybe one traced",
    ),
    ("kind", pa.string(), "serial (the baseline) or parallel"),
    ("warmup", pa.bool_(), "whether the trial belongs to the warm-up, which the statistics leave out"),
    ("traced", pa.bool_(), "whether spans were recorded in this trial"),
    (
        "start_ns",
        pa.int64(),
        "start on the host's monotonic clock, which all its processes share, in ns",
    ),
    ("wall_ns", pa.int64(), "duration of the timed part of the trial, in ns"),
    ("cpu_ns", pa.int64(), "CPU time of the parent and all workers in the trial, in ns"),
    (
        "other_cpu_ns",
        pa.int64(),
        "CPU time of other threads in the processes that carried out tasks (BLAS, OpenMP, or started by the function), in ns",
    ),
    ("tasks", pa.int64(), "tasks (or messages) completed"),
    ("bytes", pa.int64(), "payload bytes moved, both ways"),
    ("latency_p50_ns", pa.int64(), "median round trip in this trial, in ns; null except for pingpong"),
    (
        "latency_p99_ns",
        pa.int64(),
        "99th percentile of the round trip in this trial, in ns; null except for pingpong",
    ),
    (
        "disturbed_by",
        pa.string(),
        "steal, throttling, foreign load, native threads, or several with commas; null if undisturbed",
    ),
    ("steal_ns", pa.int64(), "time that the hypervisor gave to other guests, summed over our CPUs, in ns"),
    ("busy_ns", pa.int64(), "time that our CPUs were busy with any process, summed over them, in ns"),
    ("throttled_ns", pa.int64(), "time that the cgroup's quota stopped our processes, in ns"),
    (
        "run_delay_ns",
        pa.int64(),
        "time that the parent (in a parallel trial also the workers) was runnable but waited for a CPU, summed, in ns",
    ),
    ("longest_wait_ns", pa.int64(), "the same for the one of them that waited longest, in ns"),
    (
        "psi_cpu_ns",
        pa.int64(),
        "pressure: time during which some task of the machine waited for a CPU, in ns",
    ),
    ("psi_memory_ns", pa.int64(), "pressure: time during which some task waited for memory, in ns"),
    ("psi_io_ns", pa.int64(), "pressure: time during which some task waited for storage, in ns"),
    (
        "runnable",
        pa.int32(),
        "tasks of the machine that were running or waiting for a CPU when the trial ended",
    ),
    ("voluntary_switches", pa.int64(), "times that the parent and workers gave up their CPU to wait"),
    ("involuntary_switches", pa.int64(), "times that their CPU was taken from them"),
    (
        "migrations",
        pa.int64(),
        "times that they were moved to another CPU; null if the kernel does not report it",
    ),
    ("minor_faults", pa.int64(), "page faults of parent and workers served from memory"),
    ("major_faults", pa.int64(), "page faults that needed storage"),
    (
        "task_faults",
        pa.int64(),
        "page faults served from memory in the processes that carried out tasks: the parent in a serial trial and with threads, else the workers",
    ),
    (
        "same_cpu",
        pa.float64(),
        "share of messages (a sample), or of its beginning and end, at which a worker was on the parent's CPU, mean over workers; null for serial trials, or if unknown",
    ),
    (
        "workers_same_cpu",
        pa.float64(),
        "the same share at which two workers were on one CPU; null for one worker, serial trials, or if unknown",
    ),
)

_WORKERS = (
    *_KEY,
    ("worker", pa.int32(), "worker, from 0; -1 is the parent"),
    ("pid", pa.int32(), "id of its process"),
    ("thread_id", pa.int64(), "native id of its thread"),
    ("gil_enabled", pa.bool_(), "state of the GIL, read in the worker while it ran"),
    ("jit_enabled", pa.bool_(), "state of its JIT compiler, read there; null if it is unknown"),
    (
        "switch_interval_ns",
        pa.int64(),
        "its switch interval, read there: after so long a thread hands over the GIL, in ns",
    ),
    ("gc_enabled", pa.bool_(), "whether its cyclic garbage collector was on, read there"),
    ("create_ns", pa.int64(), "time from its creation until it was ready, in ns; null for the parent"),
    ("join_ns", pa.int64(), "time from the order to stop until it was joined, in ns; null for the parent"),
    ("peak_bytes", pa.int64(), "peak memory of its process, shared pages included; null for a thread"),
    (
        "pss_bytes",
        pa.int64(),
        "memory of its process after the trials, shared pages counted proportionally; null for a thread",
    ),
    (
        "native_threads",
        pa.int32(),
        "threads of its process that Python did not start, after the trials; null for a thread",
    ),
    (
        "cpu",
        pa.int32(),
        "CPU on which it was seen most often in the untraced parallel trials that count; null if unknown",
    ),
    ("cpu_share", pa.float64(), "share of the looks at it at which it was there; null if unknown"),
    ("clock_offset_low_ns", pa.int64(), "least by which its clock can be ahead of the parent's, in ns"),
    ("clock_offset_high_ns", pa.int64(), "most by which its clock can be ahead of the parent's, in ns"),
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
    ("duration_ns", pa.int64(), "duration, in ns"),
    ("on_cpu_ns", pa.int64(), "CPU time of the thread within a compute span, in ns; null for other phases"),
)

_ACTIVITY = (
    *_KEY,
    ("trial", pa.int32(), "trial in which the calls were counted"),
    ("worker", pa.int32(), "worker, from 0"),
    ("bin_start_ns", pa.int64(), "start of the bin, in ns from the trial's start"),
    ("bin_ns", pa.int64(), "width of the bin, in ns"),
    ("calls", pa.int64(), "calls the worker completed in the bin"),
)

_OBSERVATIONS = (
    *_KEY,
    ("trial", pa.int32(), "trial in which it was observed"),
    ("worker", pa.int32(), "worker, from 0; -1 is all of them together"),
    ("quantity", pa.string(), "what the pattern observed; its name ends in its unit"),
    ("value", pa.float64(), "how much, in that unit"),
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
    "observations": _schema("observations", _OBSERVATIONS),
}


def conform(table: str, columns: Mapping[str, Any] | pa.Table) -> pa.Table:
    """Return ``columns`` as an Arrow table with the schema of ``table``; missing columns are null.

    Raise KeyError for a column that the table does not have and ArrowInvalid for a value that does not fit
    its type.
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
