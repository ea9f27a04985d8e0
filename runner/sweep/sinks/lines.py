"""One plain line for each run that ended, for output that is not a terminal or ``progress=lines``."""

from __future__ import annotations

from rich.console import Console

from breakeven.base.text import one_line
from breakeven.runner.config.naming import describe, describe_task, numbered
from breakeven.runner.sweep.observer import CalibrationBegan, RunEnded, SweepEvent


class Lines:
    """Prints how each run ended."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def notify(self, event: SweepEvent) -> None:
        """Print a line for a run that ended, and for a calibration that begins."""
        if isinstance(event, RunEnded):
            print_line(self._console, event)
        elif isinstance(event, CalibrationBegan):
            text = f"calibrating {describe_task(event.cell)}"
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Do nothing: every line is printed at once."""


def print_line(console: Console, ended: RunEnded) -> None:
    """Print how one run ended, with its cell's interval so far, or the reason if it is not ok; only a terminal wraps the line."""
    tally = ended.tally
    so_far = f"  {ended.so_far}" if ended.so_far and ended.status == "ok" else ""
    reason = f": {one_line(str(ended.row.get('reason')))}" if ended.status != "ok" else ""
    text = f"{numbered(tally.ended, tally.of)} {ended.status} {describe(ended.run.cell, ended.run.distinct)}{so_far}{reason}"
    console.print(text, markup=False, highlight=False, soft_wrap=not console.is_terminal)
