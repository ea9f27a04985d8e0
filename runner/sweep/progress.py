"""What is seen while a sweep runs: a bar on a terminal, one plain line for each run where there is none, or nothing."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from breakeven.base.text import one_line
from breakeven.base.units import format_clock, format_size, format_time
from breakeven.runner.config.cell import Cell
from breakeven.runner.engines import Outcome, Run

BAR, LINES, NOTHING = "bar", "lines", "nothing"


class Tally:
    """How many runs there are to be made, how many ended, and how; incompatible cells are counted beside them."""

    def __init__(self, total: int, incompatible: int = 0) -> None:
        self.total = total
        self.incompatible = incompatible
        self.statuses: Counter[str] = Counter()

    @property
    def done(self) -> int:
        """Give how many runs ended."""
        return self.statuses.total()

    @property
    def ok(self) -> int:
        """Give how many of them ended well."""
        return self.statuses["ok"]

    @property
    def failed(self) -> int:
        """Give how many of them did not."""
        return self.done - self.ok

    def __str__(self) -> str:
        parts = [f"{self.ok} ok", f"{self.failed} failed", f"{self.incompatible} incompatible"]
        return ", ".join(part for part in parts if not part.startswith("0 ") or part.endswith("ok"))


class Progress:
    """Shows the runs of a sweep, as a context manager; ``began`` and ``finished`` alternate."""

    def __init__(self, tally: Tally, console: Console, shown: str) -> None:
        self._tally = tally
        self._console = console
        self._shown = shown
        self._present = ""
        self._left: float | None = None
        self._live = Live(get_renderable=self.picture, console=console, refresh_per_second=1, transient=True)

    def __enter__(self) -> Self:
        if self._shown == BAR:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def began(self, run: Run, seconds_left: float) -> None:
        """Show the run that is being made, and how long all that wait will take."""
        self._present = describe(run.cell)
        self._left = seconds_left

    def finished(self, outcome: Outcome) -> None:
        """Say on a line of its own what went wrong, or, without a bar, how each run went; it is counted already."""
        reason = f": {one_line(str(outcome.row.get('reason')))}" if outcome.status != "ok" else ""
        if self._shown == LINES or (self._shown == BAR and reason):
            self._line(f"{self._tally.done}/{self._tally.total} {outcome.status} {self._present}{reason}")

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=not self._console.is_terminal)

    def picture(self) -> Group:
        """Draw the bar, the counts and the present cell, as wide as the terminal is."""
        tally, row = self._tally, Table.grid(padding=(0, 1), expand=True)
        row.add_column(no_wrap=True)
        row.add_column(ratio=1)
        row.add_column(no_wrap=True)
        bar = ProgressBar(total=max(tally.total, 1), completed=tally.done)
        row.add_row(f"{tally.done}/{tally.total}", bar, format_left(self._left))
        return Group(row, Text(f"{tally}; now {self._present}", overflow="ellipsis", no_wrap=True))


def shown_on(console: Console, asked: str) -> str:
    """Give what ``progress=asked`` means on ``console``."""
    if asked == "auto":
        return BAR if console.is_terminal else LINES
    return LINES if asked == "lines" else NOTHING


def format_left(seconds: float | None) -> str:
    """Write how long it will still take, such as ``1:05 left``."""
    return "?:?? left" if seconds is None else f"{format_clock(seconds)} left"


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
