"""Workers that get in each other's way, in runs of their own: verified, their time accounted for, and nothing left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from breakeven.runner import host
from breakeven.runner.cell import models
from breakeven.runner.results import RunResult
from tests.collaboration.host_runs import execute
from tests.machines import EVERY_INTERPRETER
from tests.samples import run

WINDOW_NS = 20_000_000
MESSAGES = 400
STARTED = [
    (name, method)
    for name in models.REGISTRY
    if models.load(name).EQUIPS
    for method in models.load(name).START_METHODS or (None,)
]


class Asked(NamedTuple):
    """A pattern with its options, what it may not observe, and its workers."""

    pattern: str
    options: dict[str, Any]
    never: tuple[str, ...] = ()
    workers: int = 2
    payload_bytes: int = 0

    def __str__(self) -> str:
        return " ".join([self.pattern, *map(str, self.options.values()), str(self.payload_bytes)])


BROKEN = ("lost_per_million", "torn_per_million", "duplicated_per_million")
EVERYWHERE = [
    Asked("counter", {"lock": "none", "step": "literal"}),
    Asked("counter", {"lock": "lock", "step": "literal"}, BROKEN[:1]),
    Asked("shared_pipe", {"lock": "lock", "form": "connection"}, BROKEN, 4, 64),
    Asked("shared_pipe", {"lock": "none", "form": "raw"}, (), 4, 65536),
    Asked("deadlock", {"order": "opposite", "patience": 2_000_000}),
]
FURTHER = [
    Asked("shared_pipe", {"lock": "lock", "form": "connection"}, BROKEN, 4, 65536),
    Asked("shared_pipe", {"lock": "lock", "form": "raw"}, BROKEN, 3, 65536),
    Asked("shared_pipe", {"lock": "lock", "form": "raw"}, BROKEN, 4, 1),
    Asked("shared_pipe", {"lock": "none", "form": "connection"}, (), 5, 64),
    Asked("shared_pipe", {"lock": "none", "form": "connection"}, (), 4, 65536),
    Asked("shared_pipe", {"lock": "none", "form": "connection"}, (), 4, 1 << 20),
    Asked("deadlock", {"order": "same", "patience": 2_000_000}, ("deadlocks_per_million",), 3),
]


def _changes(asked: Asked, model: str, method: str | None) -> dict[str, Any]:
    counted = asked.pattern == "shared_pipe"
    return {
        "model": model,
        "start_method": method,
        "ipc": models.load(model).TRANSPORT or "queue",
        "pattern": asked.pattern,
        "pattern_options": asked.options,
        "workers": asked.workers,
        "payload_bytes": asked.payload_bytes,
        "payload_out_bytes": 0,
        "task_ns": 0,
        "tasks": MESSAGES if counted else 0,
        "window_ns": 0 if counted else WINDOW_NS,
    }


def _seen(result: RunResult) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the tables of a run as frames, and what it observed, a row a trial."""
    assert result.row["status"] == "ok", result.row["reason"]
    tables = {name: table.to_pandas() for name, table in result.tables.items()}
    seen = tables["observations"].pivot_table(index="trial", columns="quantity", values="value")
    return tables, seen.join(tables["trials"].set_index("trial")[["kind", "tasks", "wall_ns", "traced"]])


def _check(asked: Asked, tables: dict[str, Any], seen: pd.DataFrame) -> None:
    assert set(seen["kind"]) == {"serial", "parallel"}
    assert seen["tasks"].gt(0).all()
    rare = [name for name in seen if str(name).endswith("_per_million")]
    assert rare
    assert seen.loc[seen["kind"].eq("serial"), rare].eq(0).all(axis=None)
    assert seen[list(asked.never)].eq(0).all(axis=None)
    spans = tables["spans"]
    sums = spans[spans.trial >= 0].groupby(["trial", "worker"]).duration_ns.sum().unstack("worker")
    assert list(sums.index) == seen.index[seen["traced"]].tolist()
    assert (sums.div(seen.loc[sums.index, "wall_ns"], axis=0) - 1).abs().to_numpy().max() < 0.02


@pytest.mark.parametrize(("model", "method"), STARTED)
@pytest.mark.parametrize("asked", EVERYWHERE, ids=str)
def test_every_model_that_can_share_takes_part(
    tmp_path: Path, asked: Asked, model: str, method: str | None
) -> None:
    """However its workers are started, they have what they share; alone, nothing is lost."""
    _check(asked, *_seen(execute(tmp_path, **_changes(asked, model, method))))


@pytest.mark.parametrize(("model", "method"), [("thread", None), ("process", "fork")])
@pytest.mark.parametrize("asked", FURTHER, ids=str)
def test_sizes_orders_and_numbers_of_workers(
    tmp_path: Path, asked: Asked, model: str, method: str | None
) -> None:
    """Messages of a byte and of a MiB, on a pipe that holds 64 KiB, and readers that outnumber writers or not."""
    _check(asked, *_seen(execute(tmp_path, **_changes(asked, model, method))))


@EVERY_INTERPRETER
@pytest.mark.parametrize("asked", EVERYWHERE, ids=str)
def test_every_interpreter_takes_part(tmp_path: Path, asked: Asked, executable: str) -> None:
    """From the oldest to the newest, with a GIL and without, in threads: what they share is an object there."""
    _check(asked, *_seen(host.execute(run(executable, tmp_path, **_changes(asked, "thread", None)))))
