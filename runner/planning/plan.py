"""Plan a sweep: turn composed configurations into ordered runs, and check everything before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from breakeven.base.errors import BadValue
from breakeven.base.factors import POLICY
from breakeven.base.layout import LATEST
from breakeven.runner.cell import workloads
from breakeven.runner.cell.compatibility import why_not
from breakeven.runner.config.cell import CURRENT, Cell, parse
from breakeven.runner.config.naming import distinguish
from breakeven.runner.config.parsing import read_choice, read_count
from breakeven.runner.config.policy import Policy, read_policy
from breakeven.runner.planning.conditions import conditions, digest
from breakeven.runner.planning.interpreters import Interpreter, Start, find_interpreter
from breakeven.runner.planning.request import Origin, Request
from breakeven.runner.planning.run import Run, Source
from breakeven.runner.planning.sources import Sources
from breakeven.runner.planning.variables import environment_that_matters


@dataclass(frozen=True)
class PlannedCell:
    """A checked cell with its identity; ``reason`` says why it cannot exist, and is None if it can."""

    cell: Cell
    cell_id: str
    rounds: int
    reason: str | None
    executable: str
    engine: str
    source: Source | None
    conditions: Mapping[str, Any]
    config: Mapping[str, Any]
    overrides: tuple[str, ...]
    distinct: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A sweep, ready to be carried out.

    ``cells`` are the ids of the cells that can exist, in the order of the grid. ``runs`` are in the order of
    execution; ``incompatible`` holds a run and the reason for each cell that cannot exist; ``collapsed`` is
    the number of duplicate configurations.
    """

    sweep: Path
    engine: str
    seed: int
    policy: Policy
    cells: tuple[str, ...]
    runs: tuple[Run, ...]
    incompatible: tuple[tuple[Run, str], ...]
    collapsed: int


def make_plan(requests: Sequence[Request], origin: Origin, engines: Collection[str]) -> Plan:
    """Check every configuration and put the runs in order; raise BadInput.

    ``engines`` are the names of the known engines. Paths of outputs and of the user's function are relative
    to the folder of ``origin``, which also names a sweep without a name.
    """
    parsed = [parse(request.plain) for request in requests]
    engine = read_choice(_same(requests, "engine")["name"], "engine", engines)
    sweep = _sweep_folder(requests, origin)
    seed = parsed[0].seed
    cells = _collapse(_plan_cells(requests, parsed, origin.folder, engine))
    runs = [_run(planned, round_, origin.folder) for round_, planned in in_blocks(cells, seed)]
    refused = [
        (_run(planned, 0, origin.folder), planned.reason) for planned in cells if planned.reason is not None
    ]
    return Plan(
        sweep=sweep,
        engine=engine,
        seed=seed,
        policy=read_policy(_shared(requests)),
        cells=tuple(planned.cell_id for planned in cells if planned.reason is None),
        runs=tuple(replace(run, order=place) for place, run in enumerate(runs)),
        incompatible=tuple(
            (replace(run, order=len(runs) + place), why) for place, (run, why) in enumerate(refused)
        ),
        collapsed=len(requests) - len(cells),
    )


def in_blocks(cells: Iterable[PlannedCell], seed: int) -> list[tuple[int, PlannedCell]]:
    """Return (round, cell) in randomised complete blocks: in each block every cell once, in random order.

    A drift during the sweep then affects every cell alike (Fisher, *The Design of Experiments*, 1935, section
    26). Cells that cannot exist are left out.
    """
    random = Random(seed)
    possible = [planned for planned in cells if planned.reason is None]
    order = []
    for round_ in range(max((planned.rounds for planned in possible), default=0)):
        block = [planned for planned in possible if planned.rounds > round_]
        random.shuffle(block)
        order += [(round_, planned) for planned in block]
    return order


def fingerprint(cell: Cell, engine: str) -> str:
    """Return the ``cell_id``: a hash of everything that was requested of the measurement.

    The engine is part of it, since a debug run is not a measurement of the cell. The time limit is not: a run
    that ends within a limit measures the same under a longer one. An environment and flags that are not set are left
    out as well, so that cells from before there were any keep their identity.
    """
    requested = asdict(cell)
    del requested["time_limit_ns"]
    for name in ("environment", "interpreter_flags"):
        if not requested[name]:
            del requested[name]
    # Options that came later leave a cell its identity as long as they have their defaults.
    later = workloads.load(cell.workload).DEFAULTS if cell.workload in workloads.REGISTRY else {}
    options = requested["workload_options"]
    requested["workload_options"] = {
        name: options[name] for name in options if options[name] != later.get(name, ...)
    }
    return digest({**requested, "engine": engine})


def _plan_cells(
    requests: Sequence[Request], cells: Sequence[Cell], folder: Path, engine: str
) -> list[PlannedCell]:
    interpreters = _Interpreters()
    sources = Sources(folder)
    under = cache(conditions)  # takes a millisecond and is the same for most cells
    planned = []
    for cell, request in zip(cells, requests, strict=True):
        interpreter, environment = interpreters.of(cell)
        source = sources.of(cell, interpreter)
        found = under(interpreter, source, environment)
        planned.append(_planned(cell, request, engine, Surroundings(interpreter.executable, source, found)))
    return planned


class _Interpreters:
    """The interpreters of cells, each started once in each way that a cell asks for."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[Interpreter, str]] = {}

    def of(self, cell: Cell) -> tuple[Interpreter, str]:
        """Return the interpreter of a cell, and its environment variables that matter."""
        key = cell.interpreter, cell.interpreter_flags, tuple(cell.environment.items())
        if key not in self._known:
            name = "" if cell.interpreter == CURRENT else cell.interpreter
            start = Start(cell.interpreter_flags, cell.environment)
            self._known[key] = find_interpreter(name, start), environment_that_matters(cell.environment)
        return self._known[key]


@dataclass(frozen=True)
class Surroundings:
    """The interpreter, source and conditions with which a cell is measured."""

    executable: str
    source: Source | None
    conditions: Mapping[str, Any]


def _planned(cell: Cell, request: Request, engine: str, surroundings: Surroundings) -> PlannedCell:
    return PlannedCell(
        cell=cell,
        cell_id=fingerprint(cell, engine),
        conditions=surroundings.conditions,
        engine=engine,
        source=surroundings.source,
        rounds=read_count(request.plain["rounds"], "rounds"),
        reason=why_not(
            model=cell.model,
            start_method=cell.start_method,
            ipc=cell.ipc,
            pattern=cell.pattern,
            workers=cell.workers,
        ),
        executable=surroundings.executable,
        config=request.plain,
        overrides=request.overrides,
    )


def _collapse(cells: Iterable[PlannedCell]) -> list[PlannedCell]:
    """Return the cells without duplicates, each with the most rounds that any of its duplicates has."""
    kept: dict[str, PlannedCell] = {}
    for planned in cells:
        first = kept.setdefault(planned.cell_id, planned)
        if planned.rounds > first.rounds:
            kept[planned.cell_id] = replace(first, rounds=planned.rounds)
    words = distinguish([planned.cell for planned in kept.values()])
    return [replace(planned, distinct=own) for planned, own in zip(kept.values(), words, strict=True)]


def _run(planned: PlannedCell, round_: int, folder: Path) -> Run:
    return Run(
        cell=planned.cell,
        cell_id=planned.cell_id,
        round=round_,
        order=0,
        path=folder,
        executable=planned.executable,
        engine=planned.engine,
        source=planned.source,
        conditions=planned.conditions,
        config=planned.config,
        overrides=planned.overrides,
        distinct=planned.distinct,
    )


def _shared(requests: Sequence[Request]) -> dict[str, Any]:
    """Return the knobs of the sweep as a whole; raise BadValue if cells differ in them."""
    return {key: _same(requests, key) for key in POLICY}


def _same(requests: Sequence[Request], key: str) -> Any:
    """Return the value of a knob that all cells of a sweep must share; raise BadValue if they differ."""
    first = requests[0].plain.get(key)
    for request in requests:
        if request.plain.get(key) != first:
            raise BadValue(
                f"{key}: a sweep has one {key}, not several; choose one, and start another sweep for the other"
            )
    return first


def _sweep_folder(requests: Sequence[Request], origin: Origin) -> Path:
    outputs = origin.folder / Path(str(_same(requests, "outputs"))).expanduser()
    typed = _same(requests, "sweep")
    if typed is not None:
        return outputs / _sweep_name(str(typed))
    if origin.sweep is not None:
        return origin.sweep
    name = f"{origin.now:%Y-%m-%d_%H-%M-%S}"
    others = 0 if origin.again else len(list(outputs.glob(f"{name}*")))
    return outputs / (f"{name}-{others + 1}" if others else name)


def _sweep_name(name: str) -> str:
    if not name or name.startswith(".") or "/" in name or "\0" in name or name == LATEST:
        raise BadValue(
            f"sweep={name}: not a name for a results folder; use letters, digits, - and _, and not latest"
        )
    return name
