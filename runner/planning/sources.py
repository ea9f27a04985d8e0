"""What users' functions come from: each is imported once with each interpreter that is to call it."""

from __future__ import annotations

import json
from pathlib import Path

from breakeven.runner.config.cell import Cell
from breakeven.runner.planning.interpreters import Interpreter, check_function
from breakeven.runner.planning.run import Source


class Sources:
    """The files of users' functions, found from ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], Source] = {}

    def of(self, cell: Cell, interpreter: Interpreter) -> Source | None:
        """Return what the cell's function comes from, None if it has none; raise FunctionUnusable."""
        if cell.workload != "function":
            return None
        question = (interpreter.executable, json.dumps(cell.workload_options, sort_keys=True))
        if question not in self._known:
            self._known[question] = check_function(
                interpreter.executable, cell.workload_options, self._folder
            )
        return self._known[question]
