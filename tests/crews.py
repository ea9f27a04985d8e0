"""Workers of every kind there is, joined in every way, and small workloads to keep them busy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from breakeven.runner.cell import channels, models, workloads
from breakeven.runner.cell.board import Geometry
from breakeven.runner.cell.compatibility import NATIVE, NONE, channel_for, why_not
from breakeven.runner.cell.families import NOTHING, lacks_of
from breakeven.runner.cell.member import Lack
from breakeven.runner.cell.models import Model
from breakeven.runner.cell.models._abc import CrewSettings
from breakeven.runner.cell.patterns._abc import Knobs, Pattern
from breakeven.runner.cell.patterns.map import Map
from breakeven.runner.cell.question import Asked
from breakeven.runner.cell.spaces import PARENTS_THREAD, SHARING_OBJECTS
from breakeven.runner.cell.worker import Work
from breakeven.runner.cell.workloads._abc import Sizes, Workload
from breakeven.runner.cell.workloads.echo import Echo
from tests import tasks
from tests.options import options_of


class Mechanism(NamedTuple):
    """A model, the start method of its processes, and the channel that joins its workers."""

    model: str
    start_method: str | None
    ipc: str

    def __str__(self) -> str:
        return "-".join(part for part in self if part)

    @property
    def workers(self) -> int:
        """Two workers, or one if the model refuses two."""
        return 1 if models.load(self.model).refuses_workers(2) else 2

    @property
    def alone(self) -> bool:
        """Whether its workers are in the parent's thread, so that nothing tells their calls from the parent's own."""
        return models.load(self.model).SPACE in PARENTS_THREAD

    @property
    def imports(self) -> bool:
        """Whether its workers import the module of what they are sent: they neither share objects nor inherit them."""
        return models.load(self.model).SPACE not in SHARING_OBJECTS and self.start_method != "fork"

    @property
    def can_exist(self) -> bool:
        """Whether the model has the start method, and the channel joins its workers."""
        reason = why_not(
            **self._asdict(),
            pattern="map",
            workers=self.workers,
            model_options=options_of("model", self.model),
            ipc_options=options_of("ipc", self.ipc),
        )
        return reason is None

    @property
    def lacks(self) -> list[Lack]:
        """What this interpreter lacks for it."""
        members = [("model", self.model), *([("ipc", self.ipc)] if self.ipc in channels.REGISTRY else [])]
        found = [lacks_of(Asked(family, name, options_of(family, name))) for family, name in members]
        return [lack for lack in found if lack != NOTHING]


def _mechanisms() -> Iterator[Mechanism]:
    for model, ipc in product(models.REGISTRY, [*channels.REGISTRY, NATIVE, NONE]):
        for method in models.load(model).START_METHODS or (None,):
            yield Mechanism(model, method, ipc)


_POSSIBLE = [mechanism for mechanism in _mechanisms() if mechanism.can_exist]
_HERE = [mechanism for mechanism in _POSSIBLE if not mechanism.lacks]
PACKAGED = [mechanism for mechanism in _HERE if models.load(mechanism.model).REQUIRES]
"""Pools of packages: the suites for what can happen to a worker leave them to `test_packages`, in which fewer are started."""
MECHANISMS = [mechanism for mechanism in _HERE if mechanism not in PACKAGED]
LACKING = {mechanism: mechanism.lacks for mechanism in _POSSIBLE if mechanism.lacks}
"""Those that this interpreter cannot have, and why; `test_members` skips them one by one and says how to get them."""
EVERY_MODEL = [mechanism for mechanism in MECHANISMS if mechanism.ipc == channel_for(mechanism.model, "auto")]
EVERY_CHANNEL = [
    mechanism
    for mechanism in MECHANISMS
    if mechanism.ipc in channels.REGISTRY and mechanism.start_method in (None, "fork", "spawn")
]
THREADS = Mechanism("thread", None, "queue")


class StartCrew(Protocol):
    """Starts workers of the mechanism under test, and stops them at the end."""

    def __call__(
        self, workload: Workload | None = None, pattern: Pattern | None = None, message_bytes: int = 1 << 20
    ) -> AbstractContextManager[Model]:
        """Provide the workers, ready for a trial."""


def refuse_long_import(mechanism: Mechanism, workload: Workload) -> None:
    """Fail a test whose workers would import more than their tasks need, which takes longer than all else they do."""
    kind = type(workload)
    assert not mechanism.imports or kind.__module__.startswith(("breakeven.", tasks.__name__)), (
        f"each worker would import all of {kind.__module__} to find {kind.__name__}: move it to tests/tasks.py"
    )


def crew_of(mechanism: Mechanism, folder: Path, ipc_changes: Any = None, **changes: Any) -> StartCrew:
    """Return what starts workers of a mechanism, with their board in ``folder``.

    ``changes`` are of the model's knobs, the mapping ``ipc_changes`` of the channel's.
    """

    @contextmanager
    def start(
        workload: Workload | None = None, pattern: Pattern | None = None, message_bytes: int = 1 << 20
    ) -> Iterator[Model]:
        model, method, ipc = mechanism
        count = pattern.knobs.workers if pattern is not None and pattern.BETWEEN else mechanism.workers
        geometry = Geometry(str(folder / "board"), count, 4096, 512)
        pattern = pattern or Map({}, Knobs(count, 16, 0))
        workload = workload or Echo({}, Sizes(1024, 1024), 7)
        refuse_long_import(mechanism, workload)
        work = Work(pattern, workload, geometry, (), ())
        options, ipc_options = (
            options_of("model", model) | changes,
            options_of("ipc", ipc) | (ipc_changes or {}),
        )
        settings = CrewSettings(count, method, options, ipc, ipc_options, message_bytes)
        made = models.load(model)(settings, work, geometry.create())
        if pattern.EQUIPPED:
            pattern.equip(made.primitives)
        made.start()
        try:
            made.synchronize(traced=False)
            yield made
        except BaseException:
            made.abandon()
            raise
        made.stop()

    return start


# --- the workloads that are registered --------------------------------------------------------------------------

SMALL = Sizes(64, 64)
FUNCTION: dict[str, Any] = {"target": "math:sqrt", "args": [2.0], "kwargs": {}, "make_input": None}
"""The options of a user's function."""


def small_workload(name: str, sizes: Sizes = SMALL, **options: Any) -> Workload:
    """Return a workload with tasks of about 200 us; skip the test if it lacks a package."""
    kind = workloads.load(name)
    lack = kind.lacks(options)
    if lack is not None:
        pytest.skip(f"needs {lack.what}: pip install 'breakeven[{lack.extra}]'")
    made = kind(FUNCTION if name == "function" else options, sizes, 3)
    if made.LENGTH:
        made.amount = made.calibrate(200_000)
    return made
