"""Names of cells for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from breakeven.base.units import format_size, format_time
from breakeven.base.variables import write
from breakeven.runner.config.cell import CURRENT, Cell


def describe(cell: Cell, distinct: Iterable[str] = ()) -> str:
    """Return a short one-line name of a cell; ``distinct`` are words by which it differs from others of its sweep."""
    start = f"({cell.start_method})" if cell.start_method else ""
    parts = [
        cell.workload,
        f"{cell.model}{start}",
        f"x{cell.workers}",
        cell.ipc,
        cell.pattern,
        format_size(cell.payload_bytes),
    ]
    if cell.task_ns:
        parts.append(format_time(cell.task_ns))
    if cell.interpreter != CURRENT:
        parts.append(cell.interpreter)
    return " ".join([*parts, *distinct])


def numbered(number: int, of: int | None) -> str:
    """Return ``3/8``, or ``3`` if nobody knows of how many."""
    return str(number) if of is None else f"{number}/{of}"


def distinguish(cells: Sequence[Cell]) -> list[tuple[str, ...]]:
    """Return, for each cell, the flags and environment variables that not all cells have alike."""
    words = [_start(cell) for cell in cells]
    common = set.intersection(*map(set, words)) if words else set()
    return [tuple(word for word in one if word not in common) for one in words]


def _start(cell: Cell) -> tuple[str, ...]:
    variables = write(cell.environment).splitlines()
    flags = (shlex.join(cell.interpreter_flags),) if cell.interpreter_flags else ()
    return (*flags, *(line if "=" in line else f"{line} unset" for line in variables))
