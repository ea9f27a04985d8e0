"""One plain line for each run that ended, for output that is not a terminal or ``progress=lines``."""

from __future__ import annotations

from rich.console import Console

from breakeven.base.text import one_line, printable
from breakeven.base.wrapping import wrap
from breakeven.runner.config.naming import brief, describe_task, numbered
from breakeven.runner.sweep.observer import CalibrationBegan, Noted, RunEnded, SweepEvent

INDENT = "   "


class Lines:
    """Prints how each run ended."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def notify(self, event: SweepEvent) -> None:
        """Print a line for a run that ended, for a calibration that begins, and what is urgent."""
        match event:
            case RunEnded():
                print_line(self._console, event)
            case CalibrationBegan():
                text = f"calibrating {describe_task(event.cell)}"
                self._console.print(text, markup=False, highlight=False, soft_wrap=True)
            case Noted(urgent=True):
                print_text(self._console, event.text)

    def close(self) -> None:
        """Do nothing: every line is printed at once."""


def print_line(console: Console, ended: RunEnded) -> None:
    """Print how one run ended, with its cell's interval so far, or the reason if it is not ok."""
    tally = ended.tally
    name = f"{numbered(tally.ended, tally.of)} {ended.status} {brief(ended.run.cell, ended.run.distinct)}"
    if ended.status == "ok":
        text = f"{name} {ended.so_far}".rstrip()
    else:
        text = f"{name}: {one_line(str(ended.row.get('reason')))}"
    print_text(console, text)


def print_text(console: Console, text: str) -> None:
    """Print a line; only a terminal wraps it."""
    text = printable(text)
    for line in wrap(text, console.width, INDENT) if console.is_terminal else [text]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
