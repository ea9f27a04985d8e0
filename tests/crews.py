"""Workers of every kind there is, joined in every way, and small workloads to keep them busy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
import yaml

from breakeven.runner.cell import channels, models, workloads
from breakeven.runner.cell.board import Geometry
from breakeven.runner.cell.compatibility import NATIVE, NONE, channel_for, why_not
from breakeven.runner.cell.families import FAMILIES, NOTHING, lacks_of
from breakeven.runner.cell.member import Lack
from breakeven.runner.cell.models import Model
from breakeven.runner.cell.models._abc import CrewSettings
from breakeven.runner.cell.patterns._abc import Knobs, Pattern
from breakeven.runner.cell.patterns.map import Map
from breakeven.runner.cell.question import Asked
from breakeven.runner.cell.spaces import PARENTS_THREAD
from breakeven.runner.cell.worker import Work
from breakeven.runner.cell.workloads._abc import Sizes, Task, Workload
from breakeven.runner.cell.workloads.echo import Echo
from breakeven.runner.config.cell import _Member
from breakeven.runner.config.files import conf_folder


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


def options_of(family: str, name: str) -> dict[str, Any]:
    """Return the options of a member with the defaults of its YAML file, in base units."""
    return deepcopy(_options_of(family, name))


@cache  # every pair of a model and a channel asks for those of both, whenever a test session starts
def _options_of(family: str, name: str) -> dict[str, Any]:
    if name not in FAMILIES[family].REGISTRY:
        return {}
    given = yaml.safe_load((conf_folder() / family / f"{name}.yaml").read_text())
    return _Member.read({family: given}, family).options


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
        work = Work(pattern, workload or Echo({}, Sizes(1024, 1024), 7), geometry, (), ())
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


# --- workloads, whose tasks are found by name in a worker that is spawned --------------------------------------


class Sample(Workload):
    """A workload that tests give the payloads of; it has no length of its own."""

    LENGTH = False

    def __init__(self) -> None:
        super().__init__({}, Sizes(0, 0), 0)


class Times(Sample):
    """Returns the task's payload times three, and fails on a negative one."""

    def open(self) -> Task:
        """Return the task."""
        return _times


def _times(payload: int) -> tuple[int, int]:
    if payload < 0:
        raise ValueError(f"negative: {payload}")
    return payload, 3 * payload


class Identity(Sample):
    """Returns what comes, whatever it is."""

    def open(self) -> Task:
        """Return the task."""
        return _identity


def _identity(payload: Any) -> tuple[int, Any]:
    return 41, payload


class Timed(Sample):
    """Sleeps for 5 ms, and returns when that began and when it ended."""

    def open(self) -> Task:
        """Return the task."""
        return _timed


def _timed(payload: int) -> tuple[int, tuple[int, int]]:
    start = time.perf_counter_ns()
    time.sleep(0.005)
    return payload, (start, time.perf_counter_ns())


class Busy(Sample):
    """Keeps a CPU busy for 50 ms of its own CPU time."""

    def open(self) -> Task:
        """Return the task."""
        return _busy


def _busy(payload: int) -> tuple[int, int]:
    end = time.thread_time_ns() + 50_000_000
    while time.thread_time_ns() < end:
        pass
    return payload, payload
