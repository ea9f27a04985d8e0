"""The sinks that the events of a sweep go to, one module each."""

from __future__ import annotations

import sys

from rich.console import Console

from breakeven.runner.config.policy import AUTO, JSON, LINES
from breakeven.runner.store import AppendedFile, Sweep
from breakeven.runner.sweep.observer import SweepObserver
from breakeven.runner.sweep.sinks.bar import Bar
from breakeven.runner.sweep.sinks.json_lines import JsonLines
from breakeven.runner.sweep.sinks.lines import Lines
from breakeven.runner.sweep.sinks.log import Log

__all__ = ["Bar", "JsonLines", "Lines", "Log", "open_sinks"]


def open_sinks(sweep: Sweep, progress: str, console: Console) -> list[SweepObserver]:
    """Return the sinks of a sweep: its two files and the display for ``progress``; raise NotStored.

    ``auto`` means a bar on a terminal that can redraw lines, lines elsewhere.
    """
    echoes = [_to_stdout] if progress == JSON else []
    sinks: list[SweepObserver] = [
        JsonLines(AppendedFile(sweep.events), echoes),
        Log(AppendedFile(sweep.log)),
    ]
    if progress == AUTO and console.is_terminal and not console.is_dumb_terminal:
        sinks.append(Bar(console))
    elif progress in {AUTO, LINES}:
        sinks.append(Lines(console))
    return sinks


def _to_stdout(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()
