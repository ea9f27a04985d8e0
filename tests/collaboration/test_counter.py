"""Workers that add to one number: what is lost is counted, what may not be lost fails the run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from breakeven.runner import host
from breakeven.runner.cell import models
from breakeven.runner.cell.errors import WrongResult
from breakeven.runner.cell.models._threads import Context
from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.patterns.counter import Counter, Share
from breakeven.runner.planning.run import Run
from tests.collaboration.host_runs import execute
from tests.machines import FREE_THREADED
from tests.samples import run

WINDOW_NS = 20_000_000
LONG_NS = 200_000_000
"""A window in which two workers run at the same time even if others use the CPUs."""


def _changes(model: str, method: str | None, lock: str, step: str = "literal") -> dict[str, Any]:
    native = models.load(model).TRANSPORT
    return {
        "model": model,
        "start_method": method,
        "ipc": native or "queue",
        "pattern": "counter",
        "pattern_options": {"lock": lock, "step": step},
        "affinity": "scatter",  # workers that take turns on one CPU are hardly ever stopped within an update
        "window_ns": LONG_NS,
        **dict.fromkeys(("tasks", "task_ns", "payload_bytes", "payload_out_bytes"), 0),
    }


def _seen(tables: Mapping[str, Any]) -> pd.DataFrame:
    """Return what parallel trials observed, a column a quantity, beside their tasks."""
    trials: pd.DataFrame = tables["trials"].to_pandas().set_index("trial")
    seen: pd.DataFrame = (
        tables["observations"].to_pandas().pivot_table(index="trial", columns="quantity", values="value")
    )
    return seen.join(trials[["kind", "tasks", "wall_ns"]])


def test_processes_without_a_lock_lose_updates(tmp_path: Path) -> None:
    """A RawValue is read and stored apart."""
    result = execute(tmp_path, **_changes("process", "fork", "none"))
    seen = _seen(result.tables)
    assert seen.loc[seen["kind"].eq("parallel"), "lost_per_million"].max() > 0


def test_threads_lose_updates_where_the_gil_is_handed_over_between_reading_and_storing(
    tmp_path: Path,
) -> None:
    """A call within the update is such a place, on every interpreter."""
    changes = _changes("thread", None, "none", "call")
    seen = _seen(execute(tmp_path, **changes).tables)
    assert seen.loc[seen["kind"].eq("parallel"), "lost_per_million"].max() > 0


@FREE_THREADED
def test_threads_without_a_gil_lose_updates(tmp_path: Path, executable: str) -> None:
    """Of the plainest update there is."""
    planned: Run = run(executable, tmp_path, **_changes("thread", None, "none"))
    result = host.execute(planned)
    assert result.row["status"] == "ok", result.row["reason"]
    seen = _seen(result.tables)
    assert seen.loc[seen["kind"].eq("parallel"), "lost_per_million"].max() > 0


class NoLock(Context):
    """Primitives of threads with a lock that holds nobody back."""

    @staticmethod
    def Lock() -> AbstractContextManager[None]:  # type: ignore[override]  # noqa: N802  # as in multiprocessing
        """Return what does nothing."""
        return nullcontext()


class Scripted:
    """A crew whose workers answer what the test says, after which the number is what it says."""

    def __init__(self, counter: Counter, number: int, *shares: Share) -> None:
        self.counter, self.number, self.shares = counter, number, shares

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Return the answers."""
        assert len(items) == len(self.shares)
        self.counter.number.value = self.number
        return [(worker, tuple(share)) for worker, share in enumerate(self.shares)]


@pytest.mark.parametrize(
    ("lock", "number", "said"),
    [
        (
            "lock",
            2_999,
            "the number is 2999 after 3000 updates in a parallel trial with pattern.lock=lock: none may be lost there",
        ),
        (
            "none",
            3_001,
            "the number is 3001 after 3000 updates in a parallel trial with pattern.lock=none: more than were made",
        ),
    ],
)
def test_what_cannot_be_fails_the_run(lock: str, number: int, said: str) -> None:
    """A lock that loses an update, and a number that is larger than the updates that were made."""
    counter = Counter({"lock": lock, "step": "literal"}, Knobs(2, 0, WINDOW_NS))
    counter.equip(NoLock())
    crew: Any = Scripted(counter, number, Share(1_000, 0, 1_000_000), Share(2_000, 0, 1_000_000))
    with pytest.raises(WrongResult) as wrong:
        counter.parallel(None, crew)  # type: ignore[arg-type]  # it needs no reference
    assert str(wrong.value) == said


def test_the_time_of_an_update_is_at_the_sum_of_the_rates() -> None:
    """Of workers with 1 and 2 updates a us, one takes a third of a us, and of 3000 updates 30 are 10 000 per million."""
    counter = Counter({"lock": "none", "step": "literal"}, Knobs(2, 0, WINDOW_NS))
    counter.equip(Context())
    crew: Any = Scripted(counter, 2_970, Share(1_000, 5, 1_000_005), Share(2_000, 0, 1_000_000))
    outcome = counter.parallel(None, crew)  # type: ignore[arg-type]  # as above
    seen = {observation.quantity: observation.value for observation in outcome.observations}
    assert seen == {"lost_per_million": pytest.approx(10_000), "update_ns": pytest.approx(1000 / 3)}
    assert (outcome.tasks, outcome.start_ns, outcome.wall_ns) == (3_000, 0, 1_000_000)


@pytest.mark.parametrize(("lock", "step"), [*product(("none", "lock"), ("literal", "call"))])
def test_every_way_to_update_adds_one(lock: str, step: str) -> None:
    """Alone, in each of them nothing is lost."""
    counter = Counter({"lock": lock, "step": step}, Knobs(1, 0, 1_000_000))
    counter.equip(Context())
    outcome = counter.serial(None)  # type: ignore[arg-type]  # as above
    assert counter.number.value == outcome.tasks > 0
    assert outcome.wall_ns >= 1_000_000
