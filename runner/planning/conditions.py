"""What a measurement depends on besides its configuration: breakeven's code, interpreter, environment, function, host."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from breakeven.base.conditions import ENVIRONMENT
from breakeven.base.variables import describe_change, differing
from breakeven.runner.environment import cpu_count, lasting_facts, own_code
from breakeven.runner.planning.interpreters import Interpreter
from breakeven.runner.planning.run import Source


@dataclass(frozen=True)
class Change:
    """A condition that changed since a run was stored; ``column`` is one of `CONDITIONS`."""

    column: str
    before: Any
    now: Any

    def __str__(self) -> str:
        """Return both values, in one line; of the environment, the variables that differ."""
        if self.column == ENVIRONMENT and self.before is not None:
            return describe_change(self.before, self.now)
        if self.column == ENVIRONMENT:  # of a sweep that is older than the column
            return f"unknown, now {' '.join(self.now.splitlines()) or 'none'}"
        return f"{self.before or 'none'}, now {self.now or 'none'}"


def digest(value: Mapping[str, Any]) -> str:
    """Return a hash of plain data, 16 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def conditions(interpreter: Interpreter, source: Source | None, environment: str) -> dict[str, Any]:
    """Return the columns of ``runs`` that describe the conditions under which a run would be measured now.

    ``environment`` holds the environment variables that matter.
    """
    lasting = lasting_facts()
    return {
        "code": own_code(),
        "python_version": interpreter.version,
        "implementation": interpreter.implementation,
        "python_build": interpreter.build,
        ENVIRONMENT: environment,
        "source": source.digest if source else None,
        "hostname": socket.gethostname(),
        "cpu_model": lasting["cpu_model"],
        "cpu_count": cpu_count(),
        "kernel": lasting["kernel"],
    }


def changes(row: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the differences between the conditions of a stored row and those of ``now``."""
    for column, value in now.items():
        before = row[column]
        if before == value:
            continue
        if column == ENVIRONMENT and before is not None:  # so that cells with the same change count as one
            before, value = differing(before, value)  # noqa: PLW2901  # only what differs
        yield Change(column, before, value)
