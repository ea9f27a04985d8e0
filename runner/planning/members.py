"""What the interpreter of a cell lacks for its members: a package, a program, a newer Python."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from breakeven.runner.cell.families import FAMILIES, NOTHING, lacks_of
from breakeven.runner.cell.member import Lack
from breakeven.runner.cell.question import Asked
from breakeven.runner.config.cell import CURRENT, Cell
from breakeven.runner.planning.interpreters import Interpreter, Start, what_lacks

_Key = tuple[str, tuple[str, ...], tuple[tuple[str, str | None], ...]]


class Members:
    """The members of all cells, each looked for once with every interpreter that will measure it."""

    def __init__(self, cells: Iterable[Cell] = ()) -> None:
        self._asked: dict[_Key, dict[str, Asked]] = {}
        self._known: dict[tuple[_Key, str], Lack] = {}
        for cell in cells:
            self._asked.setdefault(_key(cell), {}).update({repr(asked): asked for asked in asked_of(cell)})

    def why_not(self, cell: Cell, interpreter: Interpreter) -> str | None:
        """Return why a cell cannot be measured with its interpreter; None if it can."""
        for asked in asked_of(cell):
            lack = self._lack(cell, interpreter, asked)
            if lack != NOTHING:
                return _describe(asked, lack, cell, interpreter)
        return None

    def _lack(self, cell: Cell, interpreter: Interpreter, asked: Asked) -> Lack:
        key = _key(cell)
        if (key, repr(asked)) not in self._known:
            members = {**self._asked.get(key, {}), repr(asked): asked}
            found = _ask(cell, interpreter, tuple(members.values()))
            self._known |= {(key, name): lack for name, lack in zip(members, found, strict=True)}
        return self._known[key, repr(asked)]


def asked_of(cell: Cell) -> list[Asked]:
    """Return the members of a cell that an interpreter may lack something for."""
    members = (
        Asked("workload", cell.workload, cell.workload_options),
        Asked("model", cell.model, cell.model_options | {"start_method": cell.start_method}),
        Asked("ipc", cell.ipc, cell.ipc_options),
        Asked("pattern", cell.pattern, cell.pattern_options),
    )
    return [asked for asked in members if _may_lack(asked)]


def _may_lack(asked: Asked) -> bool:
    family: Any = FAMILIES[asked.family]
    return asked.name in family.REGISTRY and bool(family.load(asked.name).may_lack())


def _key(cell: Cell) -> _Key:
    return cell.interpreter, cell.interpreter_flags, tuple(cell.environment.items())


def _ask(cell: Cell, interpreter: Interpreter, members: tuple[Asked, ...]) -> tuple[Lack, ...]:
    start = Start(cell.interpreter_flags, cell.environment)
    if cell.interpreter == CURRENT and not start:
        return tuple(lacks_of(asked) for asked in members)
    return what_lacks(interpreter.executable, members, start)


def _describe(asked: Asked, lack: Lack, cell: Cell, interpreter: Interpreter) -> str:
    """Return why the cell cannot be measured, and the command that mends it, if there is one."""
    needs = f"{asked.family}={asked.name} needs {lack.what}"
    if not lack.package:
        return f"{needs}, which {interpreter.executable} ({interpreter.version}) lacks" + _after(lack.remedy)
    if cell.interpreter == CURRENT:
        return f"{needs}, which is not installed: pip install 'breakeven[{lack.extra}]'"
    return f"{needs}, which {interpreter.executable} lacks: {shlex.quote(interpreter.executable)} -m pip install '{lack.package}'"


def _after(remedy: str) -> str:
    return f"; {remedy}" if remedy else ""
