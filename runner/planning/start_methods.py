"""How an interpreter starts worker processes if nobody chooses."""

from __future__ import annotations

import sys
from dataclasses import replace

from breakeven.runner.cell import models
from breakeven.runner.config.cell import DEFAULT_START, Cell
from breakeven.runner.planning.interpreters import Interpreter

FORKSERVER_SINCE = (3, 14)
"""From this Python on `multiprocessing` does not fork a process that may have threads, unless it is asked to."""


def default_start_method(version: str, platform: str = sys.platform) -> str:
    """Return what `multiprocessing.get_start_method` is in a Python of this version, which is not started for it."""
    if platform == "darwin":
        return "spawn"
    numbers = tuple(int(part) for part in version.split(".")[:2])
    return "forkserver" if numbers >= FORKSERVER_SINCE else "fork"


def with_start_method(cell: Cell, interpreter: Interpreter) -> Cell:
    """Return a cell in which ``default`` is the start method that it stands for; none where a model has no choice."""
    if cell.start_method != DEFAULT_START:
        return cell
    choice = models.load(cell.model).START_METHODS
    return replace(cell, start_method=default_start_method(interpreter.version) if choice else None)
