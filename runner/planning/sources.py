"""Find the files of users' functions by importing each once with every interpreter that will call it."""

from __future__ import annotations

import json
from pathlib import Path

from breakeven.runner.config.cell import Cell
from breakeven.runner.planning.interpreters import Interpreter, Start, check_function
from breakeven.runner.planning.run import Source


class Sources:
    """The sources of users' functions, imported from ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str, str], Source] = {}

    def of(self, cell: Cell, interpreter: Interpreter) -> Source | None:
        """Return the source of the cell's function, None if it has no function; raise FunctionUnusable."""
        if cell.workload != "function":
            return None
        question = (
            interpreter.executable,
            json.dumps(cell.workload_options, sort_keys=True),
            json.dumps([cell.interpreter_flags, cell.environment]),
        )
        if question not in self._known:
            self._known[question] = check_function(
                interpreter.executable,
                cell.workload_options,
                self._folder,
                Start(cell.interpreter_flags, cell.environment),
            )
        return self._known[question]
