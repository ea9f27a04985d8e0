"""What is seen while a sweep runs: a bar on a terminal, one plain line for each run where there is none."""

from __future__ import annotations

from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runner.config import Cell
from runner.engines import Outcome, Run
from runner.units import format_size, format_time


class Progress:
    """Counts runs of a sweep, as a context manager; ``began`` and ``finished`` alternate."""

    def __init__(self, total: int, console: Console) -> None:
        self._total = total
        self._console = console
        self._done = 0
        self._present = ""
        self._busy = 0.0
        self._began_at = monotonic()
        self._live = Live(get_renderable=self.picture, console=console, refresh_per_second=1, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def began(self, run: Run) -> None:
        """Show the run that is being made."""
        self._present = describe(run.cell)
        self._began_at = monotonic()

    def finished(self, outcome: Outcome) -> None:
        """Count a run; say on a line of its own what went wrong, or, without a terminal, how each one went."""
        self._done += 1
        self._busy += monotonic() - self._began_at
        reason = f": {outcome.row.get('reason')}" if outcome.status != "ok" else ""
        if reason or not self._console.is_terminal:
            self._line(f"{self._done}/{self._total} {outcome.status} {self._present}{reason}")

    @property
    def seconds_left(self) -> float | None:
        """Give the mean length of the runs made so far times how many are left; None before the first."""
        if self._done == 0:
            return None
        return self._busy / self._done * (self._total - self._done)

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=not self._console.is_terminal)

    def picture(self) -> Group:
        """Draw the bar and the present cell, as wide as the terminal is."""
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(no_wrap=True)
        row.add_column(ratio=1)
        row.add_column(no_wrap=True)
        bar = ProgressBar(total=max(self._total, 1), completed=self._done)
        row.add_row(f"{self._done}/{self._total}", bar, format_left(self.seconds_left))
        return Group(row, Text(self._present, overflow="ellipsis", no_wrap=True))


def format_left(seconds: float | None) -> str:
    """Write how long it will still take, such as ``1:05 left``."""
    if seconds is None:
        return "?:?? left"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} left" if hours else f"{minutes}:{rest:02d} left"


def describe(cell: Cell) -> str:
    """Name a cell in one short line."""
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
    if cell.interpreter != "current":
        parts.append(cell.interpreter)
    return " ".join(parts)
