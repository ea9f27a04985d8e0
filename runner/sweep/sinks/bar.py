"""A progress bar for terminals: how far the sweep is, which cell runs now and how much time is left."""

from __future__ import annotations

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from breakeven.base.units import format_left
from breakeven.runner.config.naming import describe, describe_task
from breakeven.runner.sweep.observer import CalibrationBegan, RunBegan, RunEnded, SweepBegan, SweepEvent
from breakeven.runner.sweep.sinks.lines import print_line
from breakeven.runner.sweep.tally import Tally


class Bar:
    """Draws the bar from the first run until it is closed; a run that fails gets a line above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tally = Tally(total=0)
        self._current = ""
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
                self._current, self._left = describe(event.run.cell, event.run.distinct), event.seconds_left
            case RunEnded():
                self._tally = event.tally
                if event.status != "ok":
                    print_line(self._console, event)

    def close(self) -> None:
        """Remove the bar from the terminal; idempotent."""
        self._live.stop()

    def picture(self) -> Group:
        """Return the bar, the counts and the current cell, as wide as the terminal."""
        tally, row = self._tally, Table.grid(padding=(0, 1), expand=True)
        row.add_column(no_wrap=True)
        row.add_column(ratio=1)
        row.add_column(no_wrap=True)
        by_precision = tally.cells > 0
        total, completed = (tally.cells, tally.decided) if by_precision else (tally.total, tally.ended)
        bar = ProgressBar(total=max(total, 1), completed=completed)
        counted = (
            f"{tally.ended} runs, decided {completed}/{total}" if by_precision else f"{completed}/{total}"
        )
        row.add_row(counted, bar, format_left(self._left))
        return Group(row, Text(f"{tally}; now {self._current}", overflow="ellipsis", no_wrap=True))
