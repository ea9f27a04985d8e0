"""Made-up sweeps for every claim: data that support it, data that contradict it, and data that leave it open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from tests.analysis_samples import MS, Sample, add_counted
from tests.observed_samples import add_heartbeat, add_switching

MIB = 2**20
WRONG = "task 3 of a trial returned a different result from the serial call: checksum: 1 instead of 2"

Add = Callable[[Sample], None]


class Data(NamedTuple):
    """What fills a sweep so that a claim is supported, contradicted, or left open."""

    supported: Add
    contradicted: Add
    inconclusive: Add


def near(value: float) -> list[float]:
    """Return what three fresh processes measured that agree."""
    return [value * 0.99, value, value * 1.01]


def wide(value: float) -> list[float]:
    """Return what three fresh processes measured that do not."""
    return [value * 0.5, value, value * 2]


def _whole(values: Sequence[float]) -> list[float]:
    return [round(value) for value in values]


# --- cells ---------------------------------------------------------------------------------------------------


def windows(sample: Sample, gains: dict[int, Sequence[float]], **factors: Any) -> None:
    """Add cells that compute in a window, each as many times as fast as one serial worker, by the number of workers."""
    for workers, values in gains.items():
        known = {"pattern": "window", "workload": "histogram", "tasks": None, "window_ns": 80 * MS}
        sample.add_rounds(values, column="speedup", **known | factors | {"workers": workers})


def gains(sample: Sample, values: Sequence[float], **factors: Any) -> None:
    """Add a cell of fixed work that is so many times as fast as serial."""
    sample.add_rounds(values, column="speedup", **factors)


def busy(sample: Sample, cpus: Sequence[float], **factors: Any) -> None:
    """Add a cell whose workers keep so many CPUs busy together."""
    known: dict[str, Any] = {"workload": "spin", "workers": 4}
    cell = sample.add_rounds([1.0] * len(cpus), column="speedup", **known | factors)
    for round_, count in enumerate(cpus):
        trials = {"trial": [0, 1], "kind": ["serial", "parallel"], "wall_ns": 100 * MS}
        done = {"warmup": False, "traced": False, "tasks": 10, "cpu_ns": [90 * MS, round(100 * MS * count)]}
        sample.store("trials", cell, round_, pd.DataFrame(trials | done))


def results(sample: Sample, tasks: int, **factors: Any) -> None:
    """Add cells of fixed work, all of whose results were right."""
    sample.add_map(speedup=1.5, tasks=tasks, **factors)


def pipe(sample: Sample, lost: Sequence[float], tasks: int = 5_000, **factors: Any) -> None:
    """Add four workers that share a pipe without a lock, and lose so many messages of a million."""
    nothing = [0.0] * len(lost)
    seen = {"lost_per_million": lost, "torn_per_million": nothing, "duplicated_per_million": nothing}
    known: dict[str, Any] = {
        "overrides": "pattern.lock=none",
        "config": "pattern: {lock: none, form: connection}",
        "workers": 4,
    }
    sample.add_observed(seen, pattern="shared_pipe", tasks=tasks, payload_bytes=64, **known | factors)


def locks(sample: Sample, deadlocks: Sequence[float], tasks: int = 50_000) -> None:
    """Add threads that take two locks in opposite order, with so many deadlocks in a million."""
    seen = {"deadlocks_per_million": deadlocks, "pair_ns": [2_000.0] * len(deadlocks)}
    known: dict[str, Any] = {"overrides": "pattern.order=opposite", "config": "pattern: {order: opposite}"}
    sample.add_observed(seen, pattern="deadlock", tasks=tasks, **known)


def updates(sample: Sample, lock: str, lost: Sequence[float], took: Sequence[float], **factors: Any) -> None:
    """Add workers that share a number: so many updates of a million lost, and the time of one."""
    add_counted(sample, {"lost_per_million": lost, "update_ns": took}, lock, **factors)


def beats(sample: Sample, late_ms: Sequence[float], missed: Sequence[float], workload: str = "spin") -> None:
    """Add ticks of the main thread beside threads."""
    sample.common = {"config": "pattern: {name: heartbeat, hz: 60}"}
    add_heartbeat(sample, late_ms, missed, model="thread", workload=workload)
    sample.common = {}


def runs(sample: Sample, length_ms: Sequence[float], interval_ms: float = 5.0) -> None:
    """Add threads that run for so long in one go."""
    add_switching(sample, interval_ms * MS, [length * MS for length in length_ms], model="thread")


def echoes(sample: Sample, times: dict[int, Sequence[float]], **factors: Any) -> None:
    """Add round trips of so long, by the size of the payload."""
    for size, values in times.items():
        known: dict[str, Any] = {"pattern": "pingpong", "workers": 1, "payload_bytes": size}
        sample.add_rounds(_whole(values), column="latency_p50_ns", **known | factors)


def starts(sample: Sample, took: Sequence[float], **factors: Any) -> None:
    """Add workers that take so long to start."""
    sample.add_rounds(_whole(took), column="startup_ns", facts={"teardown_ns": 1000}, ipc="queue", **factors)


def setups(sample: Sample, took: Sequence[float], ipc: str) -> None:
    """Add a channel between processes that takes so long until its first message is back."""
    facts = {"first_message_ns": 50_000}
    sample.add_rounds(_whole(took), column="channel_construction_ns", facts=facts, model="process", ipc=ipc)


def builds(sample: Sample, rates: dict[bool, Sequence[float]], of_free: str = "GCC 12.2.0, -O3") -> None:
    """Add serial work of two builds of one version, by whether they have the GIL."""
    for gil, values in rates.items():
        build = "GCC 12.2.0, -O3" if gil else f"{of_free}, free-threaded"
        facts = {"gil_enabled": gil, "python_build": build, "python_version": "3.13.5"}
        known: dict[str, Any] = {
            "model": "serial",
            "workers": 1,
            "interpreter": f"python3.13{'' if gil else 't'}",
        }
        sample.add_rounds(values, facts=facts, **known)


def memory(sample: Sample, added: Sequence[float], **factors: Any) -> None:
    """Add workers that take so many bytes each."""
    sample.add_observed({"added_bytes": added}, pattern="memory", window_ns=20 * MS, **factors)


def passing(sample: Sample, shares: Sequence[float], **factors: Any) -> None:
    """Add processes that spend such a share of their time on messages."""
    sample.rounds, before = len(shares), sample.rounds
    cell = sample.add_map(speedup=1.5, spans=True, model="process", ipc="pipe", **factors)
    sample.rounds = before
    for round_, share in enumerate(shares):
        phases = {"compute": 1 - share, "send": share}
        rows = [{"phase": phase, "duration_ns": round(part * MS)} for phase, part in phases.items()]
        sample.write_spans(
            cell, round_, pd.DataFrame(rows).assign(worker=0, trial=2 * sample.pairs, task=0, start_ns=0)
        )


def natives(sample: Sample, gain: Sequence[float]) -> None:
    """Add processes on top of a library that keeps two CPUs busy alone."""
    facts = {"cpus_alone": 1.9, "throughput_per_s": 100.0}
    sample.add_rounds(gain, column="speedup", facts=facts, model="process", workload="matmul")


def scaled(sample: Sample, reached: dict[int, float], cpus: int = 16) -> None:
    """Add threads that gain nothing and processes that gain so much, by their number."""
    sample.cpu_count = cpus
    windows(sample, {workers: near(1.0) for workers in reached}, model="thread")
    windows(sample, {workers: near(gain) for workers, gain in reached.items()}, model="mp_pool")


def waits(sample: Sample, gain: dict[str, Sequence[float]]) -> None:
    """Add threads that do I/O and gain so much, by the work."""
    for workload, values in gain.items():
        gains(sample, values, workload=workload)


def wrong(sample: Sample, **factors: Any) -> None:
    """Add a run that ended since a result was wrong."""
    sample.add_bad("failed", WRONG, **factors)


def both(*parts: Add) -> Add:
    """Return what adds all ``parts``."""

    def add(sample: Sample) -> None:
        for part in parts:
            part(sample)

    return add


# --- claims --------------------------------------------------------------------------------------------------

_NONE = [0.0, 0.0, 0.0]
_FEW: dict[str, Any] = {"tasks": 10}
_MANY: dict[str, Any] = {"tasks": 5_000}
_POOL: dict[str, Any] = {"model": "mp_pool"}
_THREADS: dict[str, Any] = {"model": "thread", "ipc": "queue"}
_PROCESSES: dict[str, Any] = {"model": "process", "ipc": "queue"}
_BY_REFERENCE: dict[str, Any] = {"model": "thread", "ipc": "reference"}
_BY_COPY: dict[str, Any] = {"model": "process", "ipc": "pipe"}
_LINEAR = {2: 1.95, 4: 3.9, 8: 7.5, 16: 11.0}
_SHORT: dict[str, Any] = {"model": "process", "task_ns": 50_000, "payload_bytes": 1024}
_LARGE: dict[str, Any] = {"model": "process", "task_ns": MS, "payload_bytes": MIB}

_many = partial(windows, model="thread")
_lost = partial(updates, model="process", took=near(50.0), lock="none")
_kept = partial(updates, model="process", lock="lock", lost=_NONE)
_one_at_a_time = both(partial(busy, cpus=near(1.0), model="thread"), partial(runs, length_ms=near(5.0)))

DATA: dict[str, Data] = {
    "C01": Data(
        partial(busy, cpus=near(1.0), model="thread"),
        partial(busy, cpus=near(1.9), model="thread"),
        partial(busy, cpus=wide(1.0), model="thread"),
    ),
    "C02": Data(
        partial(_many, gains=dict.fromkeys((4, 8, 16), near(0.95))),
        partial(_many, gains={4: near(1.0), 8: near(1.9)}),
        partial(_many, gains={4: near(1.0), 8: wide(1.0)}),
    ),
    "C03": Data(
        partial(runs, length_ms=near(5.0)),
        partial(runs, length_ms=near(50.0)),
        partial(runs, length_ms=near(5.0), interval_ms=20.0),
    ),
    "C04": Data(
        partial(scaled, reached=_LINEAR),
        partial(scaled, reached=_LINEAR | {8: 3.0}),
        partial(scaled, reached=_LINEAR, cpus=2),
    ),
    "C05": Data(
        partial(results, **_POOL, **_MANY),
        both(partial(results, **_POOL, **_MANY), partial(wrong, **_POOL)),
        partial(results, **_POOL, **_FEW),
    ),
    "C06": Data(
        both(partial(starts, took=near(4e6), model="process"), partial(starts, took=near(1e5))),
        both(partial(starts, took=near(1e5), model="process"), partial(starts, took=near(4e6))),
        both(partial(starts, took=wide(1e6), model="process"), partial(starts, took=wide(1e6))),
    ),
    "C07": Data(
        partial(waits, gain=dict.fromkeys(("sleep", "file", "socket"), near(1.8))),
        partial(waits, gain={"sleep": near(1.9), "file": near(0.9), "socket": near(1.5)}),
        partial(waits, gain={"sleep": near(1.9)}),
    ),
    "C08": Data(
        partial(beats, late_ms=near(1.0), missed=_NONE),
        partial(beats, late_ms=near(40.0), missed=near(0.3)),
        partial(beats, late_ms=wide(15.0), missed=[0.0, 0.005, 0.05]),
    ),
    "C09": Data(
        partial(_many, gains={2: near(1.0), 8: near(0.8)}),
        partial(_many, gains={2: near(1.9)}),
        partial(_many, gains={2: near(1.0)}),
    ),
    "C10": Data(
        partial(builds, rates={True: near(1.3), False: near(1.0)}),
        partial(builds, rates={True: near(1.0), False: near(1.3)}),
        partial(builds, rates={True: near(1.3), False: near(1.0)}, of_free="GCC 12.2.0, -O0"),
    ),
    "C11": Data(
        both(
            partial(echoes, times={1024: near(9e3), MIB: near(9e3)}, **_BY_REFERENCE),
            partial(echoes, times={1024: near(2e4), MIB: near(9e5)}, **_BY_COPY),
        ),
        both(
            partial(echoes, times={1024: near(9e3), MIB: near(9e4)}, **_BY_REFERENCE),
            partial(echoes, times={1024: near(2e4), MIB: near(9e5)}, **_BY_COPY),
        ),
        both(
            partial(echoes, times={1024: near(9e3), MIB: near(9e3)}, **_BY_REFERENCE),
            partial(echoes, times={1024: near(2e4), 4096: near(3e4)}, **_BY_COPY),
        ),
    ),
    "C12": Data(
        both(partial(_lost, lost=near(2e5)), partial(_kept, took=near(500.0))),
        both(partial(_lost, lost=_NONE), partial(_kept, took=near(500.0))),
        partial(_lost, lost=near(2e5)),
    ),
    "C13": Data(
        both(partial(results, **_THREADS, **_MANY), partial(pipe, lost=near(2e5), model="thread")),
        both(partial(results, **_THREADS, **_MANY), partial(pipe, lost=_NONE, model="thread")),
        both(partial(results, **_THREADS, **_MANY), partial(pipe, lost=_NONE, tasks=10, model="thread")),
    ),
    "C14": Data(
        both(
            partial(results, **_PROCESSES, **_MANY),
            partial(pipe, lost=near(2e5), model="process"),
            partial(setups, took=near(9e5), ipc="queue"),
            partial(setups, took=near(1e5), ipc="pipe"),
        ),
        both(
            partial(results, **_PROCESSES, **_MANY),
            partial(pipe, lost=near(2e5), model="process"),
            partial(setups, took=near(1e5), ipc="queue"),
            partial(setups, took=near(9e5), ipc="pipe"),
        ),
        both(partial(results, **_PROCESSES, **_MANY), partial(pipe, lost=near(2e5), model="process")),
    ),
    "C15": Data(
        both(partial(gains, values=near(0.4), **_SHORT), partial(gains, values=near(0.2), **_LARGE)),
        both(partial(gains, values=near(1.4), **_SHORT), partial(gains, values=near(0.2), **_LARGE)),
        both(partial(gains, values=wide(1.0), **_SHORT), partial(gains, values=near(0.2), **_LARGE)),
    ),
    "C16": Data(
        partial(natives, gain=near(0.6)),
        partial(natives, gain=near(1.7)),
        partial(natives, gain=wide(1.0)),
    ),
    "C17": Data(
        both(partial(locks, deadlocks=_NONE), partial(_lost, lost=_NONE, model="thread")),
        both(partial(locks, deadlocks=near(100.0)), partial(_lost, lost=_NONE, model="thread")),
        both(partial(locks, deadlocks=_NONE, tasks=10), partial(_lost, lost=_NONE, model="thread")),
    ),
    "C18": Data(
        both(partial(memory, added=near(9e6), model="process"), partial(memory, added=near(9e4))),
        both(partial(memory, added=near(9e4), model="process"), partial(memory, added=near(9e4))),
        both(partial(memory, added=wide(1e6), model="process"), partial(memory, added=near(9e4))),
    ),
    "C19": Data(
        partial(passing, shares=near(0.4)),
        partial(passing, shares=near(0.02)),
        partial(passing, shares=[0.02, 0.1, 0.2]),
    ),
    "C20": Data(
        both(_one_at_a_time, partial(busy, cpus=near(1.9), model="process")),
        both(_one_at_a_time, partial(busy, cpus=near(1.0), model="process")),
        both(_one_at_a_time, partial(busy, cpus=wide(1.5), model="process")),
    ),
}
"""For each claim the data of its tests: a claim that is registered and has none fails them."""
