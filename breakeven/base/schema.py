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
    ("cell_id", pa.string(), "fingerprint of the cell: a hash of all settings of its measurement"),
    ("round", pa.int32(), "number of the round, one fresh process of the cell, from 0"),
)

_RUNS = (
    *_KEY,
    ("status", pa.string(), "ok, incompatible (the combination cannot exist), failed, timeout or crashed"),
    ("reason", pa.string(), "why the status is not ok; null if it is ok"),
    ("exit_code", pa.int32(), "exit code of the measured process if it exited with an error"),
    ("signal", pa.string(), "signal that ended the measured process, such as SIGKILL; null if none"),
    (
        "stderr",
        pa.string(),
        "end of the stderr of a run that is not ok, with the stacks if it hung; null if empty",
    ),
    ("notes", pa.string(), "warnings about the run's numbers, one per line; null if none"),
    (
        "label",
        pa.string(),
        "name that the user gave the cell; cells that differ only in it are measured separately",
    ),
    ("workload", pa.string(), "what a task computes"),
    ("function", pa.string(), "the user's function, module:callable; null for other workloads"),
    ("model", pa.string(), "execution model: what the workers are"),
    ("start_method", pa.string(), "fork, forkserver or spawn; null if workers are not processes"),
    (
        "ipc",
        pa.string(),
        "channel between parent and workers; native is a pool's own transport, none means that tasks are called in place",
    ),
    ("pattern", pa.string(), "what workers do: map, window, pingpong or another pattern"),
    ("workers", pa.int32(), "number of workers"),
    (
        "payload_asked_bytes",
        pa.int64(),
        "size of one payload to a worker, as the knob payload asks for it, in bytes; null if the knob has no effect",
    ),
    (
        "payload_out_asked_bytes",
        pa.int64(),
        "size of one payload back, as the knob payload_out asks for it, in bytes; null if the knob has no effect",
    ),
    (
        "payload_bytes",
        pa.int64(),
        "size of one payload to a worker as it was sent, in bytes; the size asked for if the run did not measure it",
    ),
    (
        "payload_out_bytes",
        pa.int64(),
        "size of one payload back as it was sent, in bytes; the size asked for if the run did not measure it",
    ),
    (
        "tasks",
        pa.int64(),
        "tasks in one trial (map, scatter, pipeline), or messages (pingpong, shared_pipe, stream); null for patterns that last a window",
    ),
    (
        "task_ns",
        pa.int64(),
        "requested duration of one task, in ns; null for the user's function, which has a duration of its own",
    ),
    (
        "trial_ns",
        pa.int64(),
        "requested duration of one serial trial, from which the column tasks follows, in ns; null if a number of tasks was requested",
    ),
    (
        "task_amount",
        pa.int64(),
        "work in one task, calibrated once per sweep: inner loops, or ns of sleep; null if nothing is calibrated",
    ),
    (
        "task_calibrated_ns",
        pa.int64(),
        "median duration of one task in the parent before workers are started, in ns; of the user's function, when it was calibrated",
    ),
    (
        "task_cpu_ns",
        pa.int64(),
        "CPU time of a task on its worker's own thread, median over traced trials, in ns",
    ),
    (
        "task_cpu_least_ns",
        pa.int64(),
        "CPU time of a task on its worker's own thread, in the traced trial where it is least, in ns",
    ),
    (
        "task_cpu_alone_ns",
        pa.int64(),
        "median CPU time of a task in the serial trials, native threads included, in ns",
    ),
    (
        "cpus_alone",
        pa.float64(),
        "median number of CPUs that a serial trial kept busy with its tasks, native threads included",
    ),
    (
        "cpu_per_task_ns",
        pa.int64(),
        "CPU time of parent and workers per task or message, median over parallel trials, in ns",
    ),
    (
        "faults_per_task",
        pa.float64(),
        "page faults of parent and workers that were served from memory, per task or message, median over parallel trials",
    ),
    ("task_faults_alone", pa.float64(), "page faults per task in the serial trials, median"),
    (
        "task_faults",
        pa.float64(),
        "page faults per task in the parallel trials, of the processes that carry out tasks, median; includes faults while they receive and send",
    ),
    (
        "first_call_ns",
        pa.int64(),
        "duration of the run's very first call of the task, without its waits for a CPU, in ns; with workload.inputs the mean over the first calls with each input",
    ),
    (
        "inputs",
        pa.string(),
        "fresh if each task gets an input of its own, because the function changes it in place; otherwise shared",
    ),
    (
        "input_count",
        pa.int32(),
        "number of inputs of workload.inputs that the run uses, each equally often per trial; null without workload.inputs",
    ),
    (
        "input_total",
        pa.int32(),
        "number of inputs that workload.inputs gives; more than input_count if each round takes only a part of them (longest_trial)",
    ),
    (
        "input_least_bytes",
        pa.int64(),
        "size of the smallest input of workload.inputs, in bytes; payload_bytes is the mean size",
    ),
    ("input_most_bytes", pa.int64(), "size of the largest input of workload.inputs, in bytes"),
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
        "environment variables that the cell sets, NAME=value, one per line (NAME alone if it is removed); empty for none",
    ),
    (
        "environment",
        pa.string(),
        "environment variables that matter to speed, set by the cell or inherited, NAME=value, one per line; empty for none",
    ),
    ("python_version", pa.string(), "version of the interpreter that ran"),
    ("implementation", pa.string(), "name of the interpreter's implementation, such as cpython"),
    ("gil_enabled", pa.bool_(), "whether any worker had a GIL, read inside the workers while they ran"),
    ("cpu_count", pa.int32(), "number of CPUs that the run may use, by affinity and cgroup quota"),
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
        "the user's modules that the run imported, one per line: hash, and file relative to the directory where the command was typed, with a plus sign if only a call imported it; null for other workloads",
    ),
    (
        "verify",
        pa.string(),
        "how results were compared with the serial ones: equal, close, none or module:callable; null except for function",
    ),
    (
        "affinity",
        pa.string(),
        "how workers are pinned to CPUs: none, compact, scatter, cores_only, siblings or fast_cores",
    ),
    (
        "same_cpu",
        pa.float64(),
        "how often a worker was on the parent's CPU, as a share of sampled messages (pingpong) or of beginnings and ends of trials (other patterns), mean over workers and trials; null if unknown",
    ),
    (
        "workers_same_cpu",
        pa.float64(),
        "how often two workers were on one CPU, as a share of the same moments as same_cpu; null for one worker, or if unknown",
    ),
    (
        "precision",
        pa.float64(),
        "half-width of the cell's interval, as a share, at which it gets no further rounds; null if rounds is a number",
    ),
    (
        "n_warmup",
        pa.int32(),
        "number of blocks of trials discarded as warm-up; their trials are marked warmup",
    ),
    (
        "warmup_ended_by",
        pa.string(),
        "rule (the times became steady), cap (measure.max_warmup was reached) or max_time",
    ),
    (
        "n_trials",
        pa.int32(),
        "number of pairs of trials after warm-up, that is, of timed, untraced parallel trials",
    ),
    (
        "pairs_given_up",
        pa.int32(),
        "how many pairs fewer than measure.min_trials were timed, because no more fit into measure.max_time; other rounds make up for them",
    ),
    (
        "traced_given_up",
        pa.int32(),
        "how many traced trials fewer than measure.traced were made after warm-up, because no more fit into measure.max_time",
    ),
    ("n_disturbed", pa.int32(), "how many of the n_trials pairs contain a disturbed trial"),
    ("stopped_by", pa.string(), "what ended the trials: rel_ci, max_trials or max_time"),
    (
        "speedup",
        pa.float64(),
        "median over pairs of trials of serial time divided by parallel time; null for pingpong",
    ),
    ("speedup_low", pa.float64(), "lower end of the 95 % interval of speedup, for this process only"),
    ("speedup_high", pa.float64(), "upper end of the 95 % interval of speedup, for this process only"),
    (
        "speedup_quiet",
        pa.float64(),
        "speedup of the pairs without a disturbed trial; null without such pairs",
    ),
    (
        "speedup_quiet_low",
        pa.float64(),
        "lower end of the 95 % interval of speedup_quiet, for this process only",
    ),
    (
        "speedup_quiet_high",
        pa.float64(),
        "upper end of the 95 % interval of speedup_quiet, for this process only",
    ),
    (
        "observer_effect",
        pa.float64(),
        "how much longer a traced trial takes, as a share: traced divided by untraced time of parallel trials, minus 1, median over blocks",
    ),
    (
        "observer_effect_low",
        pa.float64(),
        "lower end of the 95 % interval of observer_effect, for this process only",
    ),
    (
        "observer_effect_high",
        pa.float64(),
        "upper end of the 95 % interval of observer_effect, for this process only",
    ),
    (
        "speedup_with_startup",
        pa.float64(),
        "speedup if starting and joining the workers counted in every trial",
    ),
    (
        "startup_ns",
        pa.int64(),
        "time from the first worker's creation until the last was ready for its first task, without what breakeven adds, in ns",
    ),
    (
        "teardown_ns",
        pa.int64(),
        "time from the first worker's order to stop until the last was joined, in ns",
    ),
    (
        "channel_construction_ns",
        pa.int64(),
        "time to create the parent's end of the channel, plus that of the slowest worker's end, without imports, in ns; null if the model has its own transport",
    ),
    (
        "first_message_ns",
        pa.int64(),
        "round trip of the channel's first message, an empty one, to a worker that waits for it, in ns; null if the model has its own transport",
    ),
    (
        "throughput_per_s",
        pa.float64(),
        "median number of tasks (or messages) completed per second in the parallel trials",
    ),
    (
        "throughput_low_per_s",
        pa.float64(),
        "lower end of the 95 % interval of throughput_per_s, for this process only",
    ),
    (
        "throughput_high_per_s",
        pa.float64(),
        "upper end of the 95 % interval of throughput_per_s, for this process only",
    ),
    (
        "memcpy_bytes_per_s",
        pa.float64(),
        "bytes per second if the same payloads are copied once each way within one process; null except for pingpong",
    ),
    ("latency_p50_ns", pa.int64(), "median round trip of one message, in ns; null except for pingpong"),
    (
        "latency_p50_low_ns",
        pa.int64(),
        "lower end of the 95 % interval of latency_p50_ns by order statistics, for this process only",
    ),
    (
        "latency_p50_high_ns",
        pa.int64(),
        "upper end of the 95 % interval of latency_p50_ns by order statistics, for this process only",
    ),
    ("latency_p99_ns", pa.int64(), "99th percentile of the round trip, in ns; null except for pingpong"),
    (
        "latency_p99_low_ns",
        pa.int64(),
        "lower end of the 95 % interval of latency_p99_ns by order statistics; null if there are too few round trips",
    ),
    (
        "latency_p99_high_ns",
        pa.int64(),
        "upper end of the 95 % interval of latency_p99_ns by order statistics; null if there are too few round trips",
    ),
    (
        "spans_dropped",
        pa.int64(),
        "number of spans that were merged into the next one because a buffer was full",
    ),
    ("seed", pa.int64(), "seed of order, payloads and pairing"),
    ("order", pa.int32(), "position of the run in the sweep's randomised order, from 0"),
    ("hash_seed", pa.int64(), "PYTHONHASHSEED of the run; different in each round"),
    (
        "environment_padding_bytes",
        pa.int64(),
        "bytes of padding added to the environment; different in each round",
    ),
    ("hostname", pa.string(), "name of the host that made the run"),
    (
        "machine",
        pa.string(),
        "boot id of the kernel, which is the same in all containers on one machine; the machine's name if the system has no boot id",
    ),
    ("cpu_model", pa.string(), "CPU as the kernel names it"),
    ("cpu_quota", pa.float64(), "CPUs that the cgroup's quota allows; null without a quota"),
    ("threads_per_core", pa.int32(), "hardware threads (SMT siblings) that are online per core"),
    ("cpu_mhz", pa.float64(), "mean clock rate of the CPUs that the run may use, when it began, in MHz"),
    (
        "governor",
        pa.string(),
        "frequency governor of the CPUs that the run may use; null if the kernel controls none",
    ),
    ("numa_nodes", pa.int32(), "number of NUMA nodes with memory"),
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
        "time that the kernel takes to provide a page at its first use and to take it back, measured in the run, in ns",
    ),
    ("python_build", pa.string(), "compiler and build options of the interpreter that ran"),
    ("jit_enabled", pa.bool_(), "whether the interpreter's JIT compiler was on; null if it is unknown"),
    (
        "packages",
        pa.string(),
        "name and version of every package that the run imported, one per line; if the status is not ok, of those imported with the function",
    ),
    (
        "native_threads",
        pa.int32(),
        "threads that Python did not start, counted after the trials in the process that carries out tasks and has the most of them",
    ),
    (
        "native_libraries",
        pa.string(),
        "libraries that the run loaded and that have threads of their own, such as openblas, separated by commas; null for none",
    ),
    (
        "shared_counted",
        pa.string(),
        "what threads without a GIL share and whose references they count, one per line; null if nothing, or if it is unknown",
    ),
    ("commit", pa.string(), "commit of breakeven's own repository; null for an installed breakeven"),
    ("dirty", pa.bool_(), "whether breakeven's own repository had uncommitted changes"),
    (
        "function_commit",
        pa.string(),
        "commit of the repository with the user's function; null without one",
    ),
    ("function_dirty", pa.bool_(), "whether the repository with the user's function had uncommitted changes"),
    ("started_at", pa.timestamp("us", tz="UTC"), "when the run began"),
    (
        "began_ns",
        pa.int64(),
        "when the run began, on the monotonic clock that all runs of one machine share, in ns; null if no host made the run",
    ),
    ("ended_ns", pa.int64(), "when the run ended, on the same clock as began_ns, in ns"),
    (
        "first_created_ns",
        pa.int64(),
        "when the creation of the first worker began, on the same clock as began_ns, in ns; spans of trial -1 count from it",
    ),
    (
        "wall_ns",
        pa.int64(),
        "duration of the whole run, its process included, in ns; without the start of an interpreter that was started in advance, while the previous run was stored",
    ),
    ("config", pa.string(), "resolved configuration of the cell as YAML"),
    ("overrides", pa.string(), "overrides as typed, one per line"),
    ("breakeven_version", pa.string(), "version of breakeven"),
    ("code", pa.string(), "hash of those files of breakeven that measured the run"),
    ("memory_limit_asked_bytes", pa.int64(), "limits.memory, in bytes; null for no limit"),
    (
        "parts",
        pa.string(),
        "the run's files in the other tables, one per line: table, bytes and CRC-32 (hexadecimal)",
    ),
)

_TRIALS = (
    *_KEY,
    ("trial", pa.int32(), "position in the run's order of execution, from 0"),
    (
        "block",
        pa.int32(),
        "number of the block of trials: one serial and one parallel, which make a pair, and maybe one traced",
    ),
    ("kind", pa.string(), "serial (the baseline) or parallel"),
    ("warmup", pa.bool_(), "whether the trial belongs to the warm-up, which the statistics leave out"),
    ("traced", pa.bool_(), "whether spans were recorded in this trial"),
    (
        "start_ns",
        pa.int64(),
        "when the trial began, on the monotonic clock that all processes of its host share, in ns",
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
        "what disturbed the trial: steal, throttling, foreign load, native threads, or several, separated by commas; null if nothing",
    ),
    (
        "steal_ns",
        pa.int64(),
        "time that the hypervisor gave to other guests, summed over the run's CPUs, in ns",
    ),
    ("busy_ns", pa.int64(), "time that the run's CPUs were busy with any process, summed over them, in ns"),
    ("throttled_ns", pa.int64(), "time for which the cgroup's quota stopped the run's processes, in ns"),
    (
        "run_delay_ns",
        pa.int64(),
        "time that the parent, and in a parallel trial the workers, could have run but waited for a CPU, summed over them, in ns",
    ),
    ("longest_wait_ns", pa.int64(), "the part of run_delay_ns of whichever thread waited longest, in ns"),
    (
        "psi_cpu_ns",
        pa.int64(),
        "pressure: time during which some thread of the machine waited for a CPU, in ns",
    ),
    (
        "psi_memory_ns",
        pa.int64(),
        "pressure: time during which some thread of the machine waited for memory, in ns",
    ),
    (
        "psi_io_ns",
        pa.int64(),
        "pressure: time during which some thread of the machine waited for storage, in ns",
    ),
    (
        "runnable",
        pa.int32(),
        "threads of the machine that were running or waiting for a CPU when the trial ended",
    ),
    ("voluntary_switches", pa.int64(), "how often the parent or a worker gave up its CPU to wait"),
    ("involuntary_switches", pa.int64(), "how often a CPU was taken from the parent or a worker"),
    (
        "migrations",
        pa.int64(),
        "how often the parent or a worker was moved to another CPU; null if the kernel does not report it",
    ),
    ("minor_faults", pa.int64(), "page faults of parent and workers served from memory"),
    ("major_faults", pa.int64(), "page faults of parent and workers that needed storage"),
    (
        "task_faults",
        pa.int64(),
        "page faults served from memory, in the processes that carried out tasks: the parent in a serial trial and with threads, otherwise the workers",
    ),
    (
        "same_cpu",
        pa.float64(),
        "how often a worker was on the parent's CPU, as a share of sampled messages (pingpong) or of the trial's beginning and end (other patterns), mean over workers; null for serial trials, or if unknown",
    ),
    (
        "workers_same_cpu",
        pa.float64(),
        "how often two workers were on one CPU, as a share of the same moments as same_cpu; null for one worker, serial trials, or if unknown",
    ),
)

_WORKERS = (
    *_KEY,
    ("worker", pa.int32(), "worker, from 0; -1 is the parent"),
    ("pid", pa.int32(), "id of the worker's process"),
    ("thread_id", pa.int64(), "native id of the worker's thread"),
    ("gil_enabled", pa.bool_(), "whether the GIL was on, read in the worker while it ran"),
    ("jit_enabled", pa.bool_(), "whether the JIT compiler was on, read in the worker; null if it is unknown"),
    (
        "switch_interval_ns",
        pa.int64(),
        "the switch interval, after which a thread hands over the GIL, read in the worker, in ns",
    ),
    ("gc_enabled", pa.bool_(), "whether the cyclic garbage collector was on, read in the worker"),
    (
        "create_ns",
        pa.int64(),
        "time from the worker's creation until it was ready, in ns; null for the parent",
    ),
    (
        "join_ns",
        pa.int64(),
        "time from the worker's order to stop until it was joined, in ns; null for the parent",
    ),
    (
        "peak_bytes",
        pa.int64(),
        "peak memory of the worker's process, shared pages included; null for a thread",
    ),
    (
        "pss_bytes",
        pa.int64(),
        "memory of the worker's process after the trials, shared pages counted proportionally; null for a thread",
    ),
    (
        "native_threads",
        pa.int32(),
        "threads of the worker's process that Python did not start, after the trials; null for a thread",
    ),
    (
        "cpu",
        pa.int32(),
        "CPU on which the worker was seen most often in the untraced parallel trials after warm-up; null if unknown",
    ),
    (
        "cpu_share",
        pa.float64(),
        "how often the worker was seen on the CPU of column cpu, as a share; null if unknown",
    ),
    (
        "clock_offset_low_ns",
        pa.int64(),
        "lower bound of how far the worker's clock is ahead of the parent's, in ns",
    ),
    (
        "clock_offset_high_ns",
        pa.int64(),
        "upper bound of how far the worker's clock is ahead of the parent's, in ns",
    ),
)

_SPANS = (
    *_KEY,
    ("trial", pa.int32(), "trial that the span belongs to; -1 for the start-up and teardown of the worker"),
    ("worker", pa.int32(), "worker, from 0; -1 is the parent, whose phases add up to its own wall time"),
    ("pid", pa.int32(), "id of the process that executed the span"),
    ("thread_id", pa.int64(), "native id of the thread that executed the span"),
    ("task", pa.int64(), "number of the task that the span belongs to; -1 for none"),
    (
        "phase",
        pa.dictionary(pa.int8(), pa.string()),
        "startup, serialize, send, wait, receive, deserialize, compute, idle or teardown",
    ),
    (
        "start_ns",
        pa.int64(),
        "start, in ns from the start of the trial; for trial -1 from when the creation of the first worker began",
    ),
    ("duration_ns", pa.int64(), "duration, in ns"),
    ("on_cpu_ns", pa.int64(), "CPU time of the thread within a compute span, in ns; null for other phases"),
)

_ACTIVITY = (
    *_KEY,
    ("trial", pa.int32(), "trial in which the calls were counted"),
    ("worker", pa.int32(), "worker, from 0"),
    ("bin_start_ns", pa.int64(), "start of the bin, in ns from the trial's start"),
    ("bin_ns", pa.int64(), "width of the bin, in ns"),
    ("calls", pa.int64(), "number of calls that the worker completed in the bin"),
)

_OBSERVATIONS = (
    *_KEY,
    ("trial", pa.int32(), "trial in which the quantity was observed"),
    ("worker", pa.int32(), "worker, from 0; -1 stands for all of them together"),
    ("quantity", pa.string(), "what the pattern observed; its name ends in its unit"),
    ("value", pa.float64(), "the value, in that unit"),
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
