"""Plan a sweep: turn composed configurations into ordered runs, and check everything before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from breakeven.base.errors import BadValue
from breakeven.base.factors import POLICY
from breakeven.base.keys import Key
from breakeven.base.layout import LATEST
from breakeven.runner.config.cell import parse
from breakeven.runner.config.engine import ChosenEngine, Kinds, read_engine
from breakeven.runner.config.parsing import read_name
from breakeven.runner.config.policy import Policy, read_policy
from breakeven.runner.config.search import RaceSearch, Search
from breakeven.runner.planning.candidates import raced
from breakeven.runner.planning.cells import PlannedCell, collapse, plan_cells
from breakeven.runner.planning.decisions import alike
from breakeven.runner.planning.interpreters import Interpreter, find_interpreter
from breakeven.runner.planning.lines import bisected
from breakeven.runner.planning.request import Origin, Request
from breakeven.runner.planning.run import Run


@dataclass(frozen=True)
class Plan:
    """A sweep, ready to be carried out.

    ``cells`` are the ids of the cells that can exist, in the order of the grid, ``planned`` the cells themselves.
    ``runs`` are in the order of execution: of a cell whose rounds end by a rule, those up to the first look;
    `later_blocks` has the others; with a ``search`` the first of each cell. ``incompatible`` holds a run and the reason
    for each cell that cannot exist; ``collapsed`` is the number of duplicate configurations. ``reference`` is the
    interpreter on which tasks are calibrated, None for that of the first cell; ``folder`` is the one that functions are
    imported from.
    """

    sweep: Path
    engine: ChosenEngine
    seed: int
    policy: Policy
    cells: tuple[str, ...]
    runs: tuple[Run, ...]
    incompatible: tuple[tuple[Run, str], ...]
    collapsed: int
    planned: tuple[PlannedCell, ...] = ()
    reference: Interpreter | None = None
    folder: Path = Path()
    search: Search | None = None

    def run_of(self, planned: PlannedCell, round_: int) -> Run:
        """Return the run of a cell in a round."""
        return _run(planned, round_, self.folder)

    def later_among(self, keys: Iterable[Key]) -> list[Run]:
        """Return those runs that have one of ``keys`` and are of a later round than the first look."""
        cells = {planned.cell_id: planned for planned in self.planned if planned.precision is not None}
        found = [(cells[cell_id], round_) for cell_id, round_ in keys if cell_id in cells]
        return [_run(planned, round_, self.folder) for planned, round_ in found if round_ >= planned.rounds]

    def later_blocks(self) -> Iterator[tuple[int, list[Run]]]:
        """Yield each further round with its runs of all cells that may need it, in random order."""
        possible = [planned for planned in self.planned if planned.reason is None]
        for round_, block in _blocks(possible, self.seed):
            later = [planned for planned in block if planned.rounds <= round_ < planned.max_rounds]
            order = len(self.runs) + len(self.incompatible) + round_ * len(possible)
            if later:
                yield (
                    round_,
                    [
                        replace(_run(planned, round_, self.folder), order=order + place)
                        for place, planned in enumerate(later)
                    ],
                )


def make_plan(
    requests: Sequence[Request], origin: Origin, engines: Kinds, search: Search | None = None
) -> Plan:
    """Check every configuration and put the runs in order; raise BadInput.

    ``engines`` are the known engines with the kinds of their knobs. Paths of outputs and of the user's function are
    relative to the folder of ``origin``, which also names a sweep without a name. With a ``search`` each cell gets one
    run at first.
    """
    parsed = [parse(request.plain) for request in requests]
    engine = read_engine(_same(requests, "engine"), engines)
    sweep = _sweep_folder(requests, origin)
    seed = parsed[0].seed
    policy = read_policy(_shared(requests))
    reference = policy.calibrate_on and find_interpreter(policy.calibrate_on)
    cells = collapse(plan_cells(requests, parsed, origin.folder, engine))
    if search is not None:
        cells = raced(cells) if isinstance(search, RaceSearch) else bisected(cells, search)
    if not engine.here and engine.options.get("placement") != "any":
        cells = [replace(planned, group=alike(planned.cell, policy.compare_by)) for planned in cells]
    runs = [_run(planned, round_, origin.folder) for round_, planned in in_blocks(cells, seed)]
    refused = [
        (_run(planned, 0, origin.folder), planned.reason) for planned in cells if planned.reason is not None
    ]
    return Plan(
        sweep=sweep,
        engine=engine,
        seed=seed,
        policy=policy,
        cells=tuple(planned.cell_id for planned in cells if planned.reason is None),
        runs=tuple(replace(run, order=place) for place, run in enumerate(runs)),
        incompatible=tuple(
            (replace(run, order=len(runs) + place), why) for place, (run, why) in enumerate(refused)
        ),
        collapsed=len(requests) - len(cells),
        planned=tuple(cells),
        reference=reference or None,
        folder=origin.folder,
        search=search,
    )


def in_blocks(cells: Iterable[PlannedCell], seed: int) -> list[tuple[int, PlannedCell]]:
    """Return (round, cell) in randomised complete blocks: in each block every cell once, in random order.

    A drift during the sweep then affects every cell alike (Fisher, *The Design of Experiments*, 1935, section
    26). Cells that cannot exist are left out.
    """
    possible = [planned for planned in cells if planned.reason is None]
    rounds = max((planned.rounds for planned in possible), default=0)
    blocks = islice(_blocks(possible, seed), rounds)
    return [(round_, planned) for round_, block in blocks for planned in block if planned.rounds > round_]


def _blocks(cells: Sequence[PlannedCell], seed: int) -> Iterator[tuple[int, list[PlannedCell]]]:
    """Yield each round that any of ``cells`` may need, with those cells in random order."""
    random = Random(seed)
    for round_ in range(max((max(planned.rounds, planned.max_rounds) for planned in cells), default=0)):
        block = [planned for planned in cells if max(planned.rounds, planned.max_rounds) > round_]
        random.shuffle(block)
        yield round_, block


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
        precision=planned.precision,
        calibration=planned.calibration,
        block=f"{round_}/{planned.group}" if planned.group else "",
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
    outputs = origin.folder / Path(read_name(_same(requests, "outputs"), "outputs")).expanduser()
    typed = _same(requests, "sweep")
    if typed is not None:
        return outputs / _sweep_name(typed)
    if origin.sweep is not None:
        return origin.sweep
    name = f"{origin.now:%Y-%m-%d_%H-%M-%S}"
    others = 0 if origin.again else len(list(outputs.glob(f"{name}*")))
    return outputs / (f"{name}-{others + 1}" if others else name)


def _sweep_name(typed: object) -> str:
    name = "" if typed == "" else read_name(typed, "sweep")
    if not name or name.startswith(".") or "/" in name or "\0" in name or name == LATEST:
        raise BadValue(
            f"sweep={name}: not a name for a results folder; choose one without a slash, without a dot in front, and other than latest "
            "(outputs=FOLDER sets where that folder is)"
        )
    return name
