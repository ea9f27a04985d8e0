"""The cells of a plan as the candidates of a race: ways to do one and the same work."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from breakeven.base.errors import BadValue
from breakeven.runner.cell.compatibility import pickles_payloads
from breakeven.runner.config.cell import Cell
from breakeven.runner.config.search import RACE
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.searched import SERIAL, leave_out, refuse_unfit
from breakeven.search.candidate import Candidate

_CHUNKS = ("chunksize", "batch_size")
"""Knobs of models that say how many tasks are handed over at once."""
_ON_A_LOOP = "asyncio"
"""The model whose workers are tasks of one event loop."""
_CHOSEN = ("label", "affinity", "model", "start_method", "model_options", "ipc", "ipc_options", "workers")
"""Fields in which candidates may differ; all others say what is computed, or beside which serial program."""


def raced(cells: Sequence[PlannedCell]) -> list[PlannedCell]:
    """Return the cells of a race; raise BadValue if they are no ways to do one work.

    They get further rounds as the race needs them.
    """
    _refuse_unlike([planned for planned in cells if planned.reason is None])
    return [replace(planned, rounds=1, reason=planned.reason or _why_hopeless(planned)) for planned in cells]


def _why_hopeless(planned: PlannedCell) -> str | None:
    """Return why a cell gains nothing whatever it measures; None if it may."""
    if planned.cell.model != _ON_A_LOOP or planned.source is None or planned.source.manner.awaits:
        return None
    return (
        f"model={_ON_A_LOOP} needs an async function: calls of {planned.cell.function} would block each other on the event loop; "
        "write it with async def"
    )


def candidates(cells: Sequence[PlannedCell]) -> list[Candidate]:
    """Return the candidates: the serial program, then each cell that can exist, in order."""
    return [Candidate(SERIAL, 1, serial=True), *(_candidate(planned.cell) for planned in cells)]


def in_race(cells: Sequence[PlannedCell]) -> list[PlannedCell]:
    """Return the cells that can exist and are not the serial program, whose speedup is 1."""
    return [planned for planned in cells if planned.reason is None and planned.cell.model != SERIAL]


def why_refused(planned: PlannedCell) -> str:
    """Return why no run of a candidate can end well, as the first calls of its function showed; empty for no reason."""
    cell, known = planned.cell, planned.calibration
    if known is None or known.calls is None or not known.calls.unpicklable:
        return ""
    return known.calls.unpicklable * pickles_payloads(cell.model, cell.ipc, cell.model_options)


def _candidate(cell: Cell) -> Candidate:
    chunk = chunk_of(cell.model_options)
    chunks = -(-cell.tasks // chunk) if chunk and cell.tasks else cell.workers
    options = {key: value for key, value in cell.model_options.items() if key not in _CHUNKS}
    own = (cell.label, cell.affinity, cell.model, cell.start_method, options, cell.ipc, cell.ipc_options)
    return Candidate(json.dumps(own, sort_keys=True), cell.workers, chunk, most=min(cell.workers, chunks))


def chunk_of(options: Mapping[str, Any]) -> int | None:
    """Return the number of tasks that a model hands over at once; None if it is not set, or not by a number."""
    found = next((options[key] for key in _CHUNKS if key in options), None)
    return found if isinstance(found, int) else None


def _refuse_unlike(cells: Sequence[PlannedCell]) -> None:
    refuse_unfit(cells, RACE)
    for planned in cells:
        for name in _differing(planned.cell, cells[0].cell):
            raise BadValue(
                f"{name}: differs between cells, but a race chooses among ways to do one and the same work, compared with one "
                f"serial program; choose one value, {leave_out(RACE)}"
            )


def _differing(one: Cell, other: Cell) -> Iterator[str]:
    mine, others = asdict(one), asdict(other)
    for name in mine:
        if name not in _CHOSEN and mine[name] != others[name]:
            yield name.removesuffix("_ns").removesuffix("_bytes")
