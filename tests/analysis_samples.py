"""Synthetic sweeps, stored as the runner stores them, for tests of the analysis."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from breakeven.base.keys import Key
from breakeven.base.schema import conform
from breakeven.runner.results.statistics import Statistics
from breakeven.runner.store import Sweep
from tests.samples import trial as record
from tests.stored import commit, leave, unsynced

MS = 1_000_000
TRACED_NS = 100 * MS
REFUSAL = "reference hands objects over within one process; choose queue"
POOLS = ("thread_pool", "process_pool", "mp_pool")


@dataclass
class Sample:
    """A sweep under construction: each call adds the runs of one cell and gives its cell_id."""

    path: Path
    cpu_count: int = 2
    rounds: int = 1
    pairs: int = 12
    common: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)  # instead of what follows from trials
    runs: int = 0
    parts: dict[Key, dict[str, pa.Table]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sweep = Sweep(self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.sweep.create()

    def add_map(
        self, *, speedup: float, spread: float = 0.02, spans: bool = False, takes: float = 1.0, **factors: Any
    ) -> str:
        """Add a cell of fixed work: tasks ``takes`` times as long as asked, parallel trials faster by ``speedup``."""
        row = self._row(**{"pattern": "map", "tasks": 200, "task_ns": MS} | factors)
        for round_ in range(self.rounds):
            rng = np.random.default_rng([self.runs, round_])
            ratios = speedup * rng.normal(1, spread, self.pairs)
            serial = row["tasks"] * (row["task_ns"] or MS) * takes
            trials = pd.concat([_pair(block, serial, ratio) for block, ratio in enumerate(ratios)])
            trials["tasks"] = row["tasks"]
            if spans:
                trials = self._trace(row, round_, trials)
            self._write(
                row
                | {"startup_ns": round(40 * MS / speedup), "teardown_ns": round(10 * MS / speedup)}
                | {"channel_construction_ns": MS // 2, "first_message_ns": round(MS / speedup)},
                round_,
                trials,
            )
        return str(row["cell_id"])

    def add_window(
        self, *, per_second: float, serial_per_second: float, bins: int = 100, **factors: Any
    ) -> str:
        """Add a cell of fixed time: workers take turns of 5 ms if threads, else work all the time."""
        row = self._row(pattern="window", window_ns=bins * MS, **factors)
        rng = np.random.default_rng(self.runs)
        rows = []
        for block in range(self.pairs):
            for kind, rate in (("serial", serial_per_second), ("parallel", per_second)):
                tasks = int(rate * bins / 1000 * rng.normal(1, 0.01))
                rows.append({"block": block, "kind": kind, "wall_ns": bins * MS, "tasks": tasks})
        trials = pd.DataFrame(rows)
        self._write(row, 0, trials, activity=_activity(row, bins, per_second))
        return str(row["cell_id"])

    def add_pingpong(self, *, latency_ns: float, memcpy: float = 8e9, **factors: Any) -> str:
        """Add a cell of round trips of ``latency_ns``."""
        row = self._row(pattern="pingpong", tasks=100, workers=1, **factors)
        for round_ in range(self.rounds):
            rng = np.random.default_rng([self.runs, round_])
            p50 = latency_ns * rng.normal(1, 0.03, self.pairs)
            moved = 2 * row["payload_bytes"] * row["tasks"]
            times = {"wall_ns": p50 * row["tasks"], "latency_p50_ns": p50, "latency_p99_ns": p50 * 2.5}
            common = {"block": range(self.pairs), "tasks": row["tasks"], "bytes": moved}
            copies = pd.DataFrame({**common, "kind": "serial", "wall_ns": moved / memcpy * 1e9})
            trials = pd.concat([copies, pd.DataFrame({**common, "kind": "parallel", **times})])
            middle = float(np.median(p50))
            ends = {"low": 0.98, "": 1.0, "high": 1.02}
            told = {
                f"latency_{name}{f'_{end}' if end else ''}_ns": round(middle * factor * share)
                for name, factor in (("p50", 1.0), ("p99", 2.5))
                for end, share in ends.items()
            }
            self._write(row | told | {"memcpy_bytes_per_s": memcpy}, round_, trials)
        return str(row["cell_id"])

    def add_observed(
        self,
        observed: Mapping[str, Sequence[float]],
        *,
        pattern: str,
        serial: Mapping[str, Sequence[float]] | None = None,
        speedup: float = 1.0,
        **factors: Any,
    ) -> str:
        """Add a cell that observed quantities beside times: the values of each are those of its fresh processes, the same in all trials."""
        row = self._row(**{"pattern": pattern, "tasks": 200} | factors)
        rounds = len(next(iter(observed.values())))
        for round_ in range(rounds):
            trials = pd.concat([_pair(block, 200.0 * MS, speedup) for block in range(self.pairs)])
            trials = trials.assign(tasks=row["tasks"]).reset_index(drop=True)
            seen = [
                {"trial": trial, "worker": -1, "quantity": quantity, "value": values[round_]}
                for trial, kind in trials["kind"].items()
                for quantity, values in ((serial or {}) if kind == "serial" else observed).items()
            ]
            self._keep("observations", (row["cell_id"], round_), pd.DataFrame(seen))
            self._write(row, round_, trials)
        return str(row["cell_id"])

    def add_bad(self, status: str, reason: str, **factors: Any) -> str:
        """Add a cell that did not run to its end: a row of `runs` and nothing else."""
        return self.add_bad_run(0, status, reason, **factors)

    def add_bad_run(self, round_: int, status: str, reason: str, **factors: Any) -> str:
        """Add a run that did not end well, of a cell that has others or not."""
        row = self._row(**{"pattern": "map", "tasks": 200, "task_ns": MS} | factors)
        self._store_run(row | {"status": status, "reason": reason, "gil_enabled": None}, round_)
        return str(row["cell_id"])

    def add_rounds(
        self,
        values: Iterable[float | None],
        *,
        column: str = "throughput_per_s",
        facts: dict[str, Any] | None = None,
        **factors: Any,
    ) -> str:
        """Add a cell whose fresh processes measured ``values`` of a column of `runs`; ``facts`` are those of its host."""
        row = self._row(**{"pattern": "map", "tasks": 200, "task_ns": MS} | factors)
        for round_, value in enumerate(values):
            self._store_run(row | {column: value} | (facts or {}), round_)
        return str(row["cell_id"])

    def _row(self, **factors: Any) -> dict[str, Any]:
        row = {
            "status": "ok",
            "workload": "spin",
            "model": "thread",
            "ipc": "native" if factors.get("model") in POOLS else "queue",
            "workers": 2,
            "payload_bytes": 1024,
            "interpreter": "python3",
            "python_version": "3.11.7",
            "implementation": "cpython",
            "gil_enabled": True,
            "cpu_count": self.cpu_count,
            "affinity": "none",
            "hostname": "bench",
            "cpu_model": "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz",
            "kernel": "Linux 6.1",
            "seed": 0,
            "overrides": "\n".join(
                f"{key.removesuffix('_bytes').removesuffix('_ns')}={value}" for key, value in factors.items()
            ),
            **self.common,
            **factors,
        }
        row.setdefault("payload_out_bytes", row["payload_bytes"])
        row["cell_id"] = hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()[:12]
        return row

    def _write(
        self, row: dict[str, Any], round_: int, trials: pd.DataFrame, activity: pd.DataFrame | None = None
    ) -> None:
        trials = trials.reset_index(drop=True)
        filled: dict[str, Any] = {
            "warmup": False,
            "traced": False,
            "bytes": 0,
            "trial": trials.index,
            "latency_p50_ns": None,
            "disturbed_by": None,
        }
        trials = trials.assign(**{name: value for name, value in filled.items() if name not in trials})
        times = [str(name) for name in trials if str(name).endswith("_ns")]
        trials[times] = trials[times].round().astype("Int64")
        self._keep("trials", (row["cell_id"], round_), trials)
        if activity is not None:
            self._keep("activity", (row["cell_id"], round_), activity)
        started = row.get("startup_ns", 0) + row.get("teardown_ns", 0)
        records: Any = trials.astype("object").where(trials.notna(), None).to_dict("records")
        statistics = Statistics(by_rule=False)([record(**columns) for columns in records], startup_ns=started)
        self._store_run(row | statistics | self.facts, round_)

    def store(self, table: str, cell_id: str, round_: int, frame: pd.DataFrame) -> None:
        """Put ``frame`` in the place of that run's part of ``table``, stored or not; columns that it lacks are null."""
        key = (cell_id, round_)
        with unsynced():
            leave(self.sweep, table, key, _keyed(table, key, frame))

    def _keep(self, table: str, key: Key, frame: pd.DataFrame) -> None:
        """Keep ``frame`` as that run's part of ``table`` until its row is stored."""
        self.parts.setdefault(key, {})[table] = _keyed(table, key, frame)

    def _store_run(self, row: dict[str, Any], round_: int) -> None:
        started = datetime(2025, 1, 1, tzinfo=UTC)
        row = row | {"round": round_, "order": self.runs, "started_at": started}
        with unsynced():
            commit(self.sweep, row, **self.parts.pop((row["cell_id"], round_), {}))
        self.runs += 1

    def _trace(self, row: dict[str, Any], round_: int, trials: pd.DataFrame) -> pd.DataFrame:
        spans = trace_lanes(row["model"], row["workers"], min(row["workers"], self.cpu_count), TRACED_NS)
        traced = {"block": 0, "kind": "parallel", "wall_ns": TRACED_NS, "traced": True}
        traced["tasks"] = int(spans["phase"].eq("compute").sum())
        trials = pd.concat([trials, pd.DataFrame([traced])], ignore_index=True)
        trials["traced"] = trials["traced"].eq(True)
        self._keep("spans", (row["cell_id"], round_), spans.assign(trial=len(trials) - 1))
        return trials

    def write_spans(self, cell_id: str, round_: int, spans: pd.DataFrame) -> None:
        """Store ``spans`` of one run; columns that it lacks are null."""
        self.store("spans", cell_id, round_, spans)


def _keyed(table: str, key: Key, frame: pd.DataFrame) -> pa.Table:
    keyed = frame.assign(cell_id=key[0], round=key[1])
    return conform(table, pa.Table.from_pandas(keyed, preserve_index=False))


def _pair(block: int, serial: float, ratio: float) -> pd.DataFrame:
    walls = {"serial": serial, "parallel": serial / ratio}
    rows = [{"block": block, "kind": kind, "wall_ns": wall} for kind, wall in walls.items()]
    return pd.DataFrame(rows)


def _activity(row: dict[str, Any], bins: int, per_second: float) -> pd.DataFrame:
    worker, start = (grid.ravel() for grid in np.mgrid[: row["workers"], :bins])
    if row["model"].startswith("thread"):
        share = (start // 5) % row["workers"] == worker
    else:
        share = np.full(len(start), 1 / row["workers"])
    rng = np.random.default_rng(0)
    calls = rng.poisson(per_second / 1000 * share)
    return pd.DataFrame(
        {"trial": 1, "worker": worker, "bin_start_ns": start * MS, "bin_ns": MS, "calls": calls}
    )


PASSING = {"serialize": 2_000, "send": 4_000, "wait": 5_000, "receive": 3_000, "deserialize": 1_000}
"""What a worker does between two tasks, in ns."""


@dataclass(frozen=True)
class Turns:
    """Who has a CPU when: worker w in those turns whose number, modulo ``workers``, is w or one of the next."""

    workers: int
    turn: int
    at_once: int
    wall: int

    def finish(self, worker: int, start: int, busy: int) -> tuple[int, int]:
        """Return when ``worker`` has had ``busy`` ns of CPU from ``start`` on, and how much it had by the end."""
        now, left = start, busy
        while left > 0 and now < self.wall:
            rest = self.turn - now % self.turn
            step = min(left, rest)
            has_cpu = (now // self.turn - worker) % self.workers < self.at_once
            left -= step * has_cpu
            now += step if has_cpu else rest
        return min(now, self.wall), busy - left - max(0, now - self.wall)


@cache
def trace_lanes(model: str, workers: int, cpus: int, wall: int) -> pd.DataFrame:
    """Make the spans of a trial: threads take turns of 5 ms on one CPU, processes of 3 ms on ``cpus``.

    A task that is cut by a turn's end lasts until the worker's next turn, as it does in a real trace. The frame is made
    once for all cells that are alike in this: do not change it.
    """
    turn, at_once = (5 * MS, 1) if model.startswith("thread") else (3 * MS, cpus)
    turns = Turns(workers, turn, at_once, wall)
    return pd.concat([_lane(worker, turns) for worker in range(workers)], ignore_index=True)


def _lane(worker: int, turns: Turns) -> pd.DataFrame:
    rng = np.random.default_rng(worker)
    rows: list[tuple[Any, ...]] = []
    now, number = 0, worker
    while now < turns.wall:
        end, used = turns.finish(worker, now, int(rng.integers(225_000, 275_000)))
        rows.append((worker, number, "compute", now, end - now, used))
        now, number = end, number + turns.workers
        for phase, length in PASSING.items():
            rows.append((worker, number, phase, now, min(length, turns.wall - now), None))
            now += rows[-1][4]
    names = ["worker", "task", "phase", "start_ns", "duration_ns", "on_cpu_ns"]
    frame = pd.DataFrame(rows, columns=names).astype({"on_cpu_ns": "Int64"})
    return frame[frame["duration_ns"] > 0].assign(pid=1, thread_id=worker)


def add_counted(sample: Sample, observed: Mapping[str, Sequence[float]], lock: str, **factors: Any) -> str:
    """Add a cell of workers that share a number, with or without a lock."""
    options = {"overrides": f"pattern.lock={lock}", "config": f"pattern: {{lock: {lock}, step: literal}}"}
    alone = {"update_ns": [20.0] * len(observed["update_ns"])}
    common: dict[str, Any] = {
        "pattern": "counter",
        "tasks": 5_000_000,
        "serial": alone,
        "payload_bytes": None,
    }
    return sample.add_observed(observed, **common | options | factors)


def build_richer(path: Path) -> Path:
    """Store the rich sweep with cells of patterns that observe more than times, and oversubscribed ones."""
    sample = _rich(path)
    for model, lock in product(("thread", "process"), ("none", "lock")):
        lost = (3e5, 2e5) if (model, lock) == ("process", "none") else (0.0, 0.0)
        add_counted(sample, {"lost_per_million": lost, "update_ns": (80.0, 90.0)}, lock, model=model)
    for workers, threads, gain in ((1, 1, 1.0), (2, 1, 1.3), (2, 2, 0.6)):
        variable = f"OPENBLAS_NUM_THREADS={threads}"
        factors: dict[str, Any] = {
            "model": "process",
            "workers": workers,
            "workload": "matmul",
            "variables": variable,
        }
        sample.facts = {"cpus_alone": 0.95 * threads}
        sample.add_map(speedup=gain, overrides=f"environment.{variable}", **factors)
        sample.facts = {}
    for (model, each), workers in product({"thread": 2**20, "process": 60 * 2**20}.items(), (1, 2, 4)):
        added = {"added_bytes": (each * 1.0, each * 1.01)}
        sample.add_observed(added, pattern="memory", window_ns=20 * MS, model=model, workers=workers)
    return path


def build_rich(path: Path) -> Path:
    """Store a sweep with tasks, windows and messages, several models, bad cells, and spans."""
    return _rich(path).path


def _rich(path: Path) -> Sample:
    sample = Sample(path, rounds=2, pairs=8)
    shares = {"thread": 0.5, "process": 0.96, "process_pool": 0.85}
    for (model, share), workers, payload in product(shares.items(), (1, 2, 4), (1024, 2**20)):
        gain = share * (2 if model == "thread" else min(workers, 2) * (0.7 if payload > 1024 else 1))
        factors: dict[str, Any] = {"model": model, "workers": workers, "payload_bytes": payload}
        sample.add_map(speedup=gain, spans=True, **factors)
    for ipc, workers in product(("pipe", "shared_memory"), (1, 2, 4)):
        sample.add_map(model="process", ipc=ipc, workers=workers, speedup=min(workers, 2) * 0.9)
    costs = {"queue": (60e3, 1.4), "pipe": (22e3, 0.9), "shared_memory": (15e3, 0.3)}
    for (ipc, (fixed, per_byte)), payload in product(costs.items(), (64, 1024, 65536, 2**20)):
        latency = fixed + per_byte * payload
        sample.add_pingpong(model="process", ipc=ipc, payload_bytes=payload, latency_ns=latency)
    for model, workers in product(("thread", "process"), (1, 2, 4)):
        rate = 20_000.0 * (min(workers, 2) if model == "process" else 1)
        sample.add_window(
            model=model, workers=workers, workload="histogram", per_second=rate, serial_per_second=20_000.0
        )
    for workers in (1, 2, 4):
        sample.add_bad("incompatible", REFUSAL, model="process", ipc="reference", workers=workers)
    sample.add_bad("timeout", "no result within 30 s", model="thread", ipc="pipe", workers=4)
    return sample
