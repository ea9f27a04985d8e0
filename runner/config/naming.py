"""Names of cells for people."""

from __future__ import annotations

from breakeven.base.units import format_size, format_time
from breakeven.runner.config.cell import CURRENT, Cell


def describe(cell: Cell) -> str:
    """Return a short one-line name of a cell."""
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
    return " ".join(parts)
