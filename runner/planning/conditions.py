"""What a measurement depends on besides its configuration.

breakeven's code, interpreter, environment, function, host.
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from breakeven.base import modules, packages, variables
from breakeven.base.conditions import CPU_MODEL, ENVIRONMENT, PACKAGES, SOURCES
from breakeven.runner.environment import cpu_count, lasting_facts, own_code
from breakeven.runner.planning.interpreters import Interpreter, Start, installed_packages
from breakeven.runner.planning.modules import planned_modules, present_modules
from breakeven.runner.planning.node_facts import OF_NODES, NodeFacts, is_of_a_node, values
from breakeven.runner.planning.run import Run, Source

_DESCRIBE = {
    ENVIRONMENT: variables.describe_change,
    SOURCES: modules.describe_change,
    PACKAGES: packages.describe_change,
}
"""Conditions that consist of parts: only those that differ are named."""


@dataclass(frozen=True)
class Change:
    """A condition that changed since a run was stored; ``column`` is one of `CONDITIONS`."""

    column: str
    before: Any
    now: Any

    def __str__(self) -> str:
        """Return both values, in one line; of what consists of parts, those that differ."""
        if self.column in _DESCRIBE and self.before is not None:
            return _DESCRIBE[self.column](self.before, self.now)
        if self.column == ENVIRONMENT:  # of a sweep that is older than the column
            return f"unknown, now {' '.join(self.now.splitlines()) or 'none'}"
        if self.column == SOURCES:  # as above
            return f"unknown, now {modules.enumerate_some(modules.read(self.now))}"
        return f"{self.before or 'none'}, now {self.now or 'none'}"


def digest(value: Mapping[str, Any]) -> str:
    """Return a hash of plain data, 16 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def conditions(
    interpreter: Interpreter, source: Source | None, environment: str, *, here: bool = True
) -> dict[str, Any]:
    """Return the columns of ``runs`` that describe the conditions under which a run would be measured now.

    ``environment`` holds the environment variables that matter. Those of this machine are conditions of runs made
    ``here``; what a node is, its runs say.
    """
    return {
        "code": own_code(),
        "python_version": interpreter.version,
        "implementation": interpreter.implementation,
        "python_build": interpreter.build,
        ENVIRONMENT: environment,
        SOURCES: modules.write(planned_modules(source)) if source else None,
        PACKAGES: "\n".join(source.packages) if source else "",
        **(_of_this_machine() if here else {}),
    }


def _of_this_machine() -> dict[str, Any]:
    lasting = lasting_facts()
    return {
        "hostname": socket.gethostname(),
        CPU_MODEL: lasting[CPU_MODEL],
        "cpu_count": cpu_count(),
        "kernel": lasting["kernel"],
    }


class Present:
    """The conditions under which runs would be measured now, for a comparison with those of stored rows.

    ``installed`` says which packages an interpreter finds; ``nodes`` is what those of an engine say, none if they were
    not asked.
    """

    def __init__(
        self,
        installed: Callable[[str, Path, Start], tuple[str, ...]] = installed_packages,
        nodes: Sequence[NodeFacts] = (),
    ) -> None:
        self._nodes = tuple(dict.fromkeys(nodes))  # most are alike, and each row is compared with all
        self._ask_installed = installed
        self._installed: dict[str, Mapping[str, str]] = {}
        self._differing = cache(_differing_modules)

    def changes(self, row: Mapping[str, Any], run: Run) -> Iterator[Change]:
        """Yield the differences between the conditions of a stored row and those of its run now.

        Raise InterpreterUnusable.
        """
        from_node = is_of_a_node(run)
        for column, now in run.known_conditions.items():
            before = row[column]
            if before == now or (from_node and column in OF_NODES):
                continue
            change = Change(column, *self._differing_parts(column, before, now, run))
            if change.before != change.now:
                yield change
        if from_node:
            yield from self._other_nodes(row, run)

    def _other_nodes(self, row: Mapping[str, Any], run: Run) -> Iterator[Change]:
        """Yield what a run had on its node and would have on no node now; which node it was is no condition.

        Of a run that was lost with its node, nothing is known that the node had.
        """
        if row[CPU_MODEL] is None:
            return
        for column in OF_NODES:
            before, found = row[column], values(self._nodes, column, run)
            if before is None or not found or before in found:
                continue
            if column == ENVIRONMENT:
                yield Change(column, *min((variables.differing(before, now) for now in found), key=_lines))
            else:
                yield Change(column, before, " and ".join(found))

    def _differing_parts(self, column: str, before: Any, now: Any, run: Run) -> tuple[Any, Any]:
        """Return what differs, so that cells with the same change count as one.

        Of what a run imported, also what planning did not.
        """
        if column == PACKAGES:
            return packages.differing(*self._packages(before or "", now, run))
        if before is None:
            return before, now
        if column == SOURCES:
            return self._differing(before, run.source) if run.source else (before, "")
        return variables.differing(before, now) if column == ENVIRONMENT else (before, now)

    def _packages(self, before: str, now: str, run: Run) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the versions of a row, and those that the packages have now.

        They are imported with the function, or found for its calls.
        """
        one, other = packages.read(before), packages.read(now)
        if one.keys() - other.keys():
            found = self._found_by(run)
            other = {name: found[name] for name in one if name in found} | other
        return one, other

    def _found_by(self, run: Run) -> Mapping[str, str]:
        """Return the versions of all packages that the run's interpreter finds, which is asked once."""
        start = Start(run.cell.interpreter_flags, run.cell.environment)
        key = repr((run.executable, start))
        if key not in self._installed:
            told = self._ask_installed(run.executable, run.path, start)
            self._installed[key] = packages.read("\n".join(told))
        return self._installed[key]


def _lines(differing: tuple[str, str]) -> int:
    return sum(len(text.split("\n")) for text in differing if text)


def _differing_modules(before: str, source: Source) -> tuple[str, str]:
    return modules.differing(before, modules.write(present_modules(before, source)))
