"""The stored tables: every column with its type, unit and meaning.

The meaning travels in the Arrow field metadata and is what `outputs/README.md` shows.
Readers check `VERSION`, which changes when a column changes its meaning or leaves.
"""

from __future__ import annotations

import pyarrow as pa

VERSION = "1"
STATUSES = ("ok", "incompatible", "failed", "timeout", "crashed")

_KEY = (
    ("cell_id", pa.string(), "fingerprint of the cell: a hash of all that affects its measurement"),
    ("round", pa.int32(), "which fresh process of the cell this was, from 0"),
)

_RUNS = (
    *_KEY,
    ("status", pa.string(), "ok, incompatible (the pair cannot exist), failed, timeout or crashed"),
    ("reason", pa.string(), "why the status is not ok; null when it is"),
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
    ("n_trials", pa.int32(), "timed untraced parallel trials after warm-up"),
    ("stopped_by", pa.string(), "what ended the trials: rel_ci, max_trials or max_time"),
    ("speedup", pa.float64(), "median over paired trials of serial time by parallel time; null for pingpong"),
    ("speedup_low", pa.float64(), "lower end of the 95 % interval of speedup, for this process only"),
    ("speedup_high", pa.float64(), "upper end of the 95 % interval of speedup, for this process only"),
    (
        "speedup_with_startup",
        pa.float64(),
        "speedup when starting and joining the workers is paid once a trial",
    ),
    ("startup_ns", pa.int64(), "from the first worker's creation until the last was ready, in ns"),
    ("teardown_ns", pa.int64(), "from the order to stop until the last worker was joined, in ns"),
    ("throughput_per_s", pa.float64(), "median tasks (or messages) completed per second, parallel"),
    ("bandwidth_bytes_per_s", pa.float64(), "median payload bytes moved, both ways, per second, parallel"),
    ("memcpy_bytes_per_s", pa.float64(), "the same payload bytes copied once each way in place, per second"),
    ("latency_p50_ns", pa.int64(), "median round trip of one message, in ns; null but for pingpong"),
    ("latency_p99_ns", pa.int64(), "99th percentile round trip, in ns; null but for pingpong"),
    ("efficiency", pa.float64(), "speedup divided by workers"),
    ("spans_dropped", pa.int64(), "spans merged into their successor because a buffer was full"),
    ("seed", pa.int64(), "seed of order, payloads and pairing"),
    ("order", pa.int32(), "position of the run in the sweep's randomised order, from 0"),
    ("hostname", pa.string(), "host that ran it"),
    ("cpu_model", pa.string(), "CPU as the kernel names it"),
    ("kernel", pa.string(), "operating system and kernel release"),
    ("started_at", pa.timestamp("us", tz="UTC"), "when the run began"),
    ("wall_ns", pa.int64(), "length of the whole run, its process included, in ns"),
    ("config", pa.string(), "resolved configuration of the cell, YAML"),
    ("overrides", pa.string(), "overrides as typed, one a line"),
    ("breakeven_version", pa.string(), "version of breakeven that measured it"),
)

_TRIALS = (
    *_KEY,
    ("trial", pa.int32(), "position in the run's order of execution, from 0"),
    ("block", pa.int32(), "trials of one block are paired: one serial, one parallel, maybe one traced"),
    ("kind", pa.string(), "serial (the baseline) or parallel"),
    ("warmup", pa.bool_(), "made to warm up; left out of the statistics"),
    ("traced", pa.bool_(), "spans were recorded in this trial"),
    ("wall_ns", pa.int64(), "timed length of the trial, in ns"),
    ("cpu_ns", pa.int64(), "CPU time of the parent and all workers in the trial, in ns"),
    ("tasks", pa.int64(), "tasks (or messages) completed"),
    ("bytes", pa.int64(), "payload bytes moved, both ways"),
    ("latency_p50_ns", pa.int64(), "median round trip in this trial, in ns; null but for pingpong"),
    ("latency_p99_ns", pa.int64(), "99th percentile round trip in this trial, in ns; null but for pingpong"),
    ("verified", pa.bool_(), "every result equalled the serial one"),
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
    "spans": _schema("spans", _SPANS),
    "activity": _schema("activity", _ACTIVITY),
}
