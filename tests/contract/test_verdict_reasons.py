"""The reason why a candidate is not faster: found on data that supports it, and not on data that does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from breakeven.analysis.frames.rows import to_rows
from breakeven.analysis.verdicts.parts import (
    COUNTS,
    CPU,
    FAULTS,
    GIL,
    LOCK,
    LOOP,
    NATIVE_THREADS,
    PARTS,
    SERIALISING,
    SLOWED,
    STARTING,
    STRAGGLING,
    TRANSPORT,
    WORK,
    divide,
)
from breakeven.analysis.verdicts.reasons import Reason, find_reason

MS = 1_000_000.0
THREADS = {"model": "thread", "gil_enabled": True}
FAULTING = {"task_faults": 900.0, "task_faults_alone": 400.0, "page_fault_ns": 1000.0}
TASKS = {"model": "asyncio", "gil_enabled": True}
FREE = {"model": "thread", "gil_enabled": False, "cpus": 2.0}


Case = tuple[dict[str, float], dict[str, Any], dict[str, float]]
"""What workers spent, in ms; facts of their cell; shares of the parent."""


def _divided(*cases: Case) -> pd.DataFrame:
    """Divide the time of two workers with tasks of 1 ms, on 2 CPUs, case by case."""
    names = ("compute", "serialize", "deserialize", "send", "receive", "wait", "idle", "startup", "teardown")
    spent = [{name: phases.get(name, 0.0) * MS for name in names} for phases, _, _ in cases]
    shares = [{SERIALISING: 0.0, TRANSPORT: 0.0} | parent for _, _, parent in cases]
    return divide(*map(pd.DataFrame, (spent, [_row(facts) for _, facts, _ in cases], shares)))


def _row(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a cell: ``facts``, and what is usual."""
    usual: dict[str, Any] = {"model": "process", "gil_enabled": True, "workers": 2, "cpu_count": 2}
    times = {"on_cpu": 1.0, "alone_on_cpu": 1.0, "task_measured_ns": 1.0, "delay": 0.0}
    times |= {name: facts[name] for name in times if name in facts}
    rest = (
        {"cpus": 1.0, "cpus_alone": 1.0, "shared_counted": None, "straggler_share": np.nan}
        | dict.fromkeys(FAULTING, np.nan)
        | usual
        | facts
    )
    return rest | {name: value * MS for name, value in times.items()}


def _reason(
    phases: dict[str, float], facts: dict[str, Any], parent: dict[str, float] | None = None
) -> Reason | None:
    (row,) = to_rows(_divided((phases, facts, parent or {})))
    return find_reason(row)


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        (GIL, ({"compute": 1.9, "wait": 0.1}, THREADS)),
        (LOOP, ({"compute": 1.0, "wait": 1.0}, TASKS)),
        (LOOP, ({"compute": 1.0, "idle": 1.0}, TASKS | {"on_cpu": 0.01, "alone_on_cpu": 0.01, "cpus": 0.01})),
        (LOOP, ({"compute": 2.0, "wait": 0.1}, TASKS)),
        (STARTING, ({"compute": 1.0, "startup": 0.8, "teardown": 0.2}, {})),
        (CPU, ({"compute": 2.0}, {"workers": 4, "delay": 1.0, "cpus": 2.0})),
        (CPU, ({"compute": 1.9}, {"delay": 0.9})),
        (LOCK, ({"compute": 2.0}, {})),
        (NATIVE_THREADS, ({"compute": 1.9}, {"cpus_alone": 1.9})),
        (SLOWED, ({"compute": 1.5}, {"on_cpu": 1.5})),
        (FAULTS, ({"compute": 1.5}, {"on_cpu": 1.5} | FAULTING)),
        (COUNTS, ({"compute": 3.0}, {"on_cpu": 3.0, "shared_counted": "arguments of f"} | FREE)),
        (SERIALISING, ({"compute": 1.0, "serialize": 0.3, "deserialize": 0.3, "send": 0.1}, {})),
        (SERIALISING, ({"compute": 1.0, "wait": 1.0}, {}, {SERIALISING: 0.8})),
        (TRANSPORT, ({"compute": 1.0, "send": 0.5, "receive": 0.5, "serialize": 0.2}, {})),
        (TRANSPORT, ({"compute": 1.0, "wait": 1.0}, {}, {TRANSPORT: 0.8})),
        (WORK, ({"compute": 1.0, "idle": 0.8}, {})),
        (WORK, ({"compute": 1.0, "idle": 1.0}, {"straggler_share": 0.1})),
        (STRAGGLING, ({"compute": 1.0, "wait": 1.0}, {"straggler_share": 0.4})),
    ],
)
def test_what_takes_most_of_the_time_is_the_reason(kind: str, case: Any) -> None:
    """On data in which it does."""
    found = _reason(*case)
    assert found is not None
    assert found.kind == kind
    assert found.explains >= 0.5


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        (GIL, ({"compute": 1.9, "wait": 0.1}, FREE)),
        (GIL, ({"compute": 1.9, "wait": 0.1}, THREADS | {"cpus": 1.9})),
        (GIL, ({"compute": 1.0, "wait": 1.0}, THREADS | {"on_cpu": 0.05, "alone_on_cpu": 0.05, "cpus": 0.1})),
        (GIL, ({"compute": 1.9, "wait": 0.1}, {"model": "process"})),
        (LOOP, ({"compute": 1.0, "wait": 1.0}, THREADS | {"cpus": 0.1})),
        (LOOP, ({"compute": 1.0, "wait": 0.2}, TASKS | {"on_cpu": 0.01, "alone_on_cpu": 0.01, "cpus": 0.01})),
        (CPU, ({"compute": 2.0}, {"workers": 4, "delay": 0.1})),
        (LOCK, ({"compute": 1.0}, {"on_cpu": 0.02, "alone_on_cpu": 0.02})),
        (NATIVE_THREADS, ({"compute": 1.9}, {"cpus_alone": 1.0})),
        (SLOWED, ({"compute": 1.5}, {"on_cpu": 1.5, "alone_on_cpu": 1.5, "task_measured_ns": 1.5})),
        (SLOWED, ({"compute": 1.5}, {"on_cpu": 1.5} | FAULTING)),
        (FAULTS, ({"compute": 1.5}, {"on_cpu": 1.5} | FAULTING | {"task_faults": 500.0})),
        (FAULTS, ({"compute": 1.5}, FAULTING)),
        (COUNTS, ({"compute": 3.0}, {"on_cpu": 3.0} | FREE)),
        (SERIALISING, ({"compute": 1.0, "wait": 1.0}, {}, {SERIALISING: 0.1})),
        (TRANSPORT, ({"compute": 1.0, "send": 0.02, "receive": 0.02}, {})),
        (WORK, ({"compute": 1.0, "idle": 0.8}, {}, {TRANSPORT: 0.9})),
        (WORK, ({"compute": 1.0, "idle": 1.0}, {"straggler_share": 0.4})),
        (STRAGGLING, ({"compute": 1.0, "wait": 1.0}, {"straggler_share": 0.1})),
        (STRAGGLING, ({"compute": 1.0, "wait": 1.0}, THREADS | {"straggler_share": 0.4})),
    ],
)
def test_it_is_not_the_reason_otherwise(kind: str, case: Any) -> None:
    """On data that looks alike in one respect and differs in another."""
    found = _reason(*case)
    assert found is None or found.kind != kind


def test_nothing_is_named_that_explains_less_than_half() -> None:
    """Several small losses have no common reason."""
    assert _reason({"compute": 1.1, "send": 0.1, "serialize": 0.1, "idle": 0.1}, {"on_cpu": 1.1}) is None


def test_the_parts_are_all_that_is_missing() -> None:
    """What workers spend beyond the task alone is divided without rest, whoever waits for whom."""
    rng = np.random.default_rng(4)
    found = _divided(*(_any_case(rng) for _ in range(200)))
    assert found[list(PARTS)].ge(0).all(axis=None)
    missing = (found["total"] - found["task"]).tolist()
    assert found[list(PARTS)].sum(axis=1).tolist() == pytest.approx(missing)


def _any_case(rng: np.random.Generator) -> Case:
    names = ("serialize", "deserialize", "send", "receive", "wait", "idle", "startup")
    phases = dict(zip(names, rng.exponential(0.3, len(names)), strict=True))
    on_cpu = 1 + rng.exponential(0.2)
    phases["compute"] = on_cpu + rng.exponential(0.5)
    facts: dict[str, Any] = {
        "on_cpu": on_cpu,
        "delay": rng.exponential(0.5),
        "workers": int(rng.integers(1, 5)),
        "straggler_share": rng.uniform(0, 0.5),
    }
    facts |= {name: rng.exponential(value) for name, value in FAULTING.items()}
    facts["model"] = str(rng.choice(["thread", "process", "asyncio"]))
    return phases, facts, {SERIALISING: rng.uniform(0, 0.5), TRANSPORT: rng.uniform(0, 0.5)}


def test_a_reason_is_a_clause_with_numbers() -> None:
    """Its subject is the workers."""
    texts = [
        _reason({"compute": 2.0}, THREADS),
        _reason({"compute": 1.0, "send": 0.5, "receive": 0.5, "serialize": 0.2}, {}),
        _reason({"compute": 2.0}, {"workers": 4, "delay": 1.0}),
        _reason({"compute": 1.0, "wait": 1.0}, TASKS),
        _reason({"compute": 2.0, "wait": 0.1}, TASKS),
        _reason({"compute": 1.0, "startup": 0.8, "teardown": 0.2}, {}),
        _reason({"compute": 1.0, "wait": 1.0}, {"straggler_share": 0.4}),
    ]
    assert [found.text for found in texts if found] == [
        "wait for the GIL 50 % of their time in a task",
        "spend 1.20 ms on handing over a task of 1.00 ms, most of it sending and copying",
        "share 2 CPUs and wait for a CPU 50 % of their time",
        "wait for their event loop 50 % of their time: a task that awaits nothing blocks it",
        "wait for their event loop 52 % of their time: its thread computes all the time",
        "start and end 50 % of their time: each trial has a pool of its own (model.lifetime=per_map)",
        "wait for the last of them 40 % of their time: tasks are uneven, and so are the shares that they get",
    ]
