"""The result of a run, which the measured process writes and the host reads; times are clock readings in ns.

The result is JSON with a checksum in its first line. The marks of traced trials are in the raw trace beside
it; each `LaneRecord` says where its lane begins there.
"""

from __future__ import annotations

from typing import Optional

from .models._abc import ChannelCosts, Lifetime
from .named import NamedTuple

RESULT, TRACE = "result.json", "trace.bin"


class TrialRecord(NamedTuple):
    """One trial and what was counted meanwhile: columns of the table ``trials``, see `breakeven.base.schema`.

    The host fills in ``disturbed_by``.
    """

    trial: int
    block: int
    kind: str
    warmup: bool
    traced: bool
    start_ns: int
    wall_ns: int
    tasks: int
    bytes: int
    latency_p50_ns: Optional[int]
    latency_p99_ns: Optional[int]
    steal_ns: Optional[int]
    busy_ns: Optional[int]
    throttled_ns: Optional[int]
    psi_cpu_ns: Optional[int]
    psi_memory_ns: Optional[int]
    psi_io_ns: Optional[int]
    runnable: Optional[int]
    cpu_ns: int
    voluntary_switches: int
    involuntary_switches: int
    minor_faults: int
    major_faults: int
    run_delay_ns: Optional[int]
    longest_wait_ns: Optional[int]
    migrations: Optional[int]
    other_cpu_ns: int
    task_faults: int
    same_cpu: Optional[float]
    workers_same_cpu: Optional[float]
    disturbed_by: Optional[str] = None


class ActivityRecord(NamedTuple):
    """The calls of one worker in each bin of a trial."""

    trial: int
    worker: int
    calls: tuple[int, ...]


class ObservationRecord(NamedTuple):
    """A quantity that the pattern observed in a trial, in one worker; -1 is all of them together."""

    trial: int
    worker: int
    quantity: str
    value: float


class LaneRecord(NamedTuple):
    """One lane of a traced trial: its bounds, its worker (-1 for the parent), and its place in the trace.

    From ``offset`` on there are ``marks`` stamps (float64, clock readings in s), as many codes (one byte each, padded
    to 8) and ``tasks`` pairs of int64: number and on-CPU time. ``feeder`` is true for a thread that sends or reads on
    behalf of ``worker``.
    """

    trial: int
    start_ns: int
    end_ns: int
    worker: int
    feeder: bool
    thread_id: int
    offset: int
    marks: int
    tasks: int
    dropped: int


class WorkerRecord(NamedTuple):
    """One worker, or the parent.

    Memory and ``native_threads`` are those of a whole process, None for a thread of the parent. ``offset`` bounds how
    far its clock is ahead of the parent's. ``cpu`` is where it was seen most often in the trials that count, at
    ``cpu_share`` of the looks. ``jit`` and ``collects`` are whether its JIT compiler (None if unknown) and its garbage
    collector were on.
    """

    pid: int
    thread_id: int
    gil: bool
    peak_bytes: Optional[int]
    pss_bytes: Optional[int]
    offset: tuple[int, int]
    native_threads: Optional[int] = None
    cpu: Optional[int] = None
    cpu_share: Optional[float] = None
    jit: Optional[bool] = None
    switch_interval_ns: Optional[int] = None
    collects: Optional[bool] = None


class RoundTrips(NamedTuple):
    """Percentiles of all timed round trips with their intervals, and the median copy; pingpong only."""

    copy_p50_ns: Optional[int] = None
    latency_p50_ns: Optional[int] = None
    latency_p50_low_ns: Optional[int] = None
    latency_p50_high_ns: Optional[int] = None
    latency_p99_ns: Optional[int] = None
    latency_p99_low_ns: Optional[int] = None
    latency_p99_high_ns: Optional[int] = None


class InputSizes(NamedTuple):
    """The inputs that a user gives as a list: how many, and the smallest and largest size.

    A size is None if an input has none.
    """

    number: int
    least_bytes: Optional[int]
    most_bytes: Optional[int]


class Facts(NamedTuple):
    """Facts about the interpreter, taken after the trials.

    ``packages`` are those that were imported, ``native_libraries`` the names of those with threads of their own,
    ``shared_counted`` what threads without a GIL share and count references to, in words, ``modules`` the files of the
    user's modules that were imported. ``python_build`` is None if the plan has asked the same interpreter for it.
    """

    python_version: str
    implementation: str
    jit_enabled: Optional[bool]
    clock_step_ns: int
    packages: tuple[str, ...]
    native_libraries: tuple[str, ...] = ()
    page_fault_ns: Optional[int] = None
    shared_counted: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    python_build: Optional[str] = None


class Result(NamedTuple):
    """One run.

    ``cpus`` is the number of CPUs that its counts cover, ``task_ns`` the length of one task after calibration,
    ``first_call_ns`` that of the first one, ``changes`` what it changes in place (see `FirstCalls`), ``bytes_in`` and
    ``bytes_back`` the mean sizes of one payload each way, None for an object that cannot be pickled; ``inputs``
    describes those that a user gives as a list. ``channel_costs`` is None where no channel joins the workers.
    ``cached``: serial calls were answered from the function's own cache.
    """

    trials: tuple[TrialRecord, ...]
    activity: tuple[ActivityRecord, ...]
    lanes: tuple[LaneRecord, ...]
    round_trips: RoundTrips
    workers: tuple[WorkerRecord, ...]
    parent: WorkerRecord
    lifetimes: tuple[Lifetime, ...]
    facts: Facts
    cpus: int
    n_warmup: int
    warmup_ended_by: str
    stopped_by: str
    task_ns: int
    first_call_ns: int
    changes: str
    bytes_in: Optional[int]
    bytes_back: Optional[int]
    trace_crc32: int
    inputs: Optional[InputSizes] = None
    channel_costs: Optional[ChannelCosts] = None
    observations: tuple[ObservationRecord, ...] = ()
    cached: bool = False
