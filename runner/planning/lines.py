"""The cells of a plan as the lines of a bisection: cells that differ in nothing but the knob along which it looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from breakeven.base.errors import BadValue
from breakeven.runner.config.cell import Cell
from breakeven.runner.config.naming import brief
from breakeven.runner.config.search import BISECT, PAYLOAD, TASK, BisectSearch
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.searched import SERIAL, leave_out, refuse_unfit


@dataclass(frozen=True)
class PlannedLine:
    """One line: its ``cells`` by position, the smallest first, under the ``name`` that they share.

    ``larger_pays``: the speedup grows with the position.
    """

    name: str
    cells: tuple[PlannedCell, ...]
    positions: tuple[int, ...]
    larger_pays: bool


def bisected(cells: Sequence[PlannedCell], search: BisectSearch) -> list[PlannedCell]:
    """Return the cells of a bisection, which get further rounds as it needs them; raise BadValue if none can cross 1.

    Of a line that cannot exist one cell stays, which says why.
    """
    possible = [planned for planned in cells if planned.reason is None]
    refuse_unfit(possible, BISECT)
    for planned in possible:
        _refuse(planned, search)
    kept = []
    for group in _grouped(cells, search):
        kept += [planned for planned in group if planned.reason is None] or group[:1]
    return [replace(planned, rounds=1) for planned in kept]


def lines_of(cells: Iterable[PlannedCell], search: BisectSearch) -> list[PlannedLine]:
    """Return the lines of the cells that can exist."""
    found = []
    for group in _grouped([planned for planned in cells if planned.reason is None], search):
        ordered = tuple(sorted(group, key=lambda planned: position(planned.cell, search)))
        cell = ordered[0].cell
        larger_pays = search.along == TASK or cell.function is not None
        name = _name(ordered[0], search)
        positions = tuple(position(planned.cell, search) for planned in ordered)
        found.append(PlannedLine(name, ordered, positions, larger_pays))
    return found


def position(cell: Cell, search: BisectSearch) -> int:
    """Return where a cell is on its line, in ns or bytes."""
    return cell.task_ns if search.along == TASK else cell.payload_bytes


def _grouped(cells: Sequence[PlannedCell], search: BisectSearch) -> Iterator[list[PlannedCell]]:
    """Yield the cells of each line: those whose overrides are alike but for the axis."""
    groups: dict[tuple[str, ...], list[PlannedCell]] = {}
    for planned in cells:
        key = tuple(text for text in planned.overrides if text.partition("=")[0] != search.along)
        groups.setdefault(key, []).append(planned)
    yield from groups.values()


def _name(planned: PlannedCell, search: BisectSearch) -> str:
    """Return what the cells of a line share of their names."""
    words = brief(planned.cell, planned.distinct).split(" ")
    own = search.write(position(planned.cell, search))
    return " ".join(word for word in words if word not in (own, f"{search.along}={own}"))


def _refuse(planned: PlannedCell, search: BisectSearch) -> None:
    cell = planned.cell
    if cell.model == SERIAL:
        raise BadValue(
            f"model=serial: its speedup is 1 everywhere; choose a model with workers, {leave_out(BISECT)}"
        )
    if search.along == TASK and not cell.task_ns:
        name = cell.function or cell.workload
        raise BadValue(
            f"hydra.sweeper.along=task: {name} has a length of its own; write hydra.sweeper.along=payload, and "
            "workload.make_input=module:function for inputs of a size"
        )
    if search.along == PAYLOAD and "payload_bytes" in cell.effectless:
        name = cell.function or cell.workload
        raise BadValue(
            f"hydra.sweeper.along=payload: {name} has inputs of a size of their own; write "
            "workload.make_input=module:function for inputs of a size"
        )
