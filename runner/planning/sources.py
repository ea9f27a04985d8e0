"""Find the files of users' functions by importing each once with every interpreter that will call it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from breakeven.base.errors import BadValue
from breakeven.base.text import plural
from breakeven.runner.cell import channels, models, patterns
from breakeven.runner.cell.compatibility import pickles_payloads, why_not
from breakeven.runner.config.cell import Cell
from breakeven.runner.config.parsing import typed
from breakeven.runner.planning.interpreters import Interpreter, Planned, Start, check_function
from breakeven.runner.planning.run import Later, Source


class Sources:
    """The sources of users' functions, imported from ``folder``."""

    def __init__(self, folder: Path, cells: Iterable[Cell] = ()) -> None:
        self._folder = folder
        self._later = Later()
        self._known: dict[tuple[str, str, str], Source] = {}
        self._planned: dict[str, Planned] = {}
        for cell in cells:
            if cell.workload == "function" and why_impossible(cell) is None:
                self._planned[_options(cell)] = _with(self._planned.get(_options(cell), Planned()), cell)

    def of(self, cell: Cell, interpreter: Interpreter) -> Source | None:
        """Return the source of the cell's function, None if it has no function; raise FunctionUnusable."""
        if cell.workload != "function":
            return None
        question = (
            interpreter.executable,
            _options(cell),
            json.dumps([cell.interpreter_flags, cell.environment]),
        )
        if question not in self._known:
            found = check_function(
                interpreter.executable,
                cell.workload_options,
                self._folder,
                Start(cell.interpreter_flags, cell.environment),
                self._planned.get(_options(cell), Planned()),
            )
            self._known[question] = replace(found, later=self._later)
        return self._known[question]


def _options(cell: Cell) -> str:
    return json.dumps(cell.workload_options, sort_keys=True)


def _with(planned: Planned, cell: Cell) -> Planned:
    """Return what cells ask of the inputs, with one more of them.

    A window of forked workers whose inputs are fresh needs no pickle, which only the first calls show.
    """
    if patterns.load(cell.pattern).ECHOES:
        return planned
    payloads = {*planned.payloads, cell.payload_bytes}
    pickles = cell.pattern == "map" and pickles_payloads(cell.model, cell.ipc, cell.model_options)
    return Planned(tuple(sorted(payloads)), planned.pickles or pickles)


def why_impossible(cell: Cell) -> str | None:
    """Return the reason why a cell cannot exist; None if it can."""
    if cell.workload_options.get("inputs") is not None and patterns.load(cell.pattern).ECHOES:
        return (
            f"pattern={cell.pattern} sends bytes and calls no function, so it takes no inputs; choose pattern=map or "
            "pattern=window, or leave out workload.inputs"
        )
    hooks = [name for name in ("before", "after") if cell.workload_options.get(name)]
    if hooks and not models.load(cell.model).lasts(cell.model_options):
        return (
            f"workload.{hooks[0]} is called by each worker before or after a trial, and model={cell.model} has none then "
            "whose workers live for one map; choose model.lifetime=persistent, or leave the hook out"
        )
    return _without_payload(cell) or why_not(
        model=cell.model,
        start_method=cell.start_method,
        ipc=cell.ipc,
        pattern=cell.pattern,
        workers=cell.workers,
        model_options=cell.model_options,
        ipc_options=cell.ipc_options,
        pattern_options=cell.pattern_options,
    )


def _without_payload(cell: Cell) -> str | None:
    """Return why the channel needs a payload, if the cell has none."""
    if cell.ipc not in channels.REGISTRY:
        return None
    there = cell.payload_bytes > 0 or cell.workload_options.get("inputs") is not None
    return channels.load(cell.ipc).refuses_payload(cell.ipc_options, there=there)


def refuse_part(cell: Cell, source: Source | None) -> None:
    """Raise BadValue if a trial would do only a part of the inputs that the user gives."""
    inputs = 0 if source is None else source.inputs
    if not inputs or cell.pattern not in ("map", "pipeline") or cell.tasks % inputs == 0:
        return
    fitting = max(cell.tasks // inputs, 1) * inputs
    raise BadValue(
        f"tasks={cell.tasks}: workload.inputs={typed(cell.workload_options['inputs'])} gives {plural(inputs, 'input')}, and a trial does each "
        f"of them equally often; write tasks={fitting} or another multiple, or tasks=auto"
    )
