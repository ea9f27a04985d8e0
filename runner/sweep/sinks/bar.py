"""A progress bar for terminals: how far the sweep is, how much time is left, and what was found last."""

from __future__ import annotations

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from breakeven.base.text import plural
from breakeven.base.units import format_left
from breakeven.runner.config.naming import brief, describe_task
from breakeven.runner.sweep.observer import (
    CalibrationBegan,
    Noted,
    RunBegan,
    RunEnded,
    SweepBegan,
    SweepEvent,
)
from breakeven.runner.sweep.sinks.lines import print_line, print_text
from breakeven.runner.sweep.tally import Tally

LEAST_BAR = 10
"""The columns that a bar is worth drawing with."""


class Bar:
    """Draws the bar from the first run until it is closed; a run that fails gets a line above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tally = Tally(total=0)
        self._current = ""
        self._last = ("", "")
        self._left: float | None = None
        self._live = Live(get_renderable=self.picture, console=console, refresh_per_second=1, transient=True)

    def notify(self, event: SweepEvent) -> None:
        """Show the bar when the sweep begins, and update it for each run."""
        match event:
            case SweepBegan():
                self._tally = Tally(total=event.waiting, incompatible=event.incompatible)
                self._live.start()
            case CalibrationBegan():
                self._current = f"calibrating {describe_task(event.cell)}"
            case RunBegan():
                self._current, self._left = brief(event.run.cell, event.run.distinct), event.seconds_left
            case Noted(urgent=True):
                print_text(self._console, event.text)
            case RunEnded():
                self._tally = event.tally
                if event.status != "ok":
                    print_line(self._console, event)
                elif event.so_far:
                    self._last = (brief(event.run.cell, event.run.distinct), event.so_far)

    def close(self) -> None:
        """Remove the bar from the terminal; idempotent."""
        self._live.stop()

    def picture(self) -> Group:
        """Return the bar with the counts, and below it the last result, as wide as the terminal."""
        tally, width = self._tally, self._console.width
        by_precision = tally.cells > 0
        total, completed = (tally.cells, tally.decided) if by_precision else (tally.total, tally.ended)
        counts = (
            [f"{plural(tally.ended, 'run')}", f"decided {completed}/{total}"]
            if by_precision
            else [f"{completed}/{plural(total, 'run')}"]
        )
        counted = "   ".join(
            [*counts, *([f"{tally.failed} failed"] if tally.failed else []), format_left(self._left)]
        )
        row = Table.grid(padding=(0, 2), expand=True)
        row.add_column(ratio=1)
        row.add_column(no_wrap=True, overflow="ellipsis")
        if width - len(counted) < LEAST_BAR:
            row.add_row(Text(counted, no_wrap=True, overflow="ellipsis"))
        else:
            row.add_row(ProgressBar(total=max(total, 1), completed=completed), counted)
        return Group(row, self._result())

    def _result(self) -> Table:
        """Return the last result, or the first run under way until there is one; the value always fits."""
        name, value = self._last
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        row.add_column(no_wrap=True)
        row.add_row(Text(name or f"now {self._current}"), Text(value))
        return row
