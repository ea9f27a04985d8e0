"""What a measurement depends on besides its configuration: breakeven's code, interpreter, function, host."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from breakeven.runner.environment import cpu_count, lasting_facts, own_code
from breakeven.runner.planning.interpreters import Interpreter
from breakeven.runner.planning.run import Source


@dataclass(frozen=True)
class Change:
    """A condition that changed since a run was stored; ``column`` is one of `CONDITIONS`."""

    column: str
    before: Any
    now: Any


def digest(value: Mapping[str, Any]) -> str:
    """Return a hash of plain data, 16 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def conditions(interpreter: Interpreter, source: Source | None) -> dict[str, Any]:
    """Return the columns of ``runs`` that describe the conditions under which a run would be measured now."""
    lasting = lasting_facts()
    return {
        "code": own_code(),
        "python_version": interpreter.version,
        "implementation": interpreter.implementation,
        "python_build": interpreter.build,
        "source": source.digest if source else None,
        "hostname": socket.gethostname(),
        "cpu_model": lasting["cpu_model"],
        "cpu_count": cpu_count(),
        "kernel": lasting["kernel"],
    }


def changes(row: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the differences between the conditions of a stored row and those of ``now``."""
    for column, value in now.items():
        if row[column] != value:
            yield Change(column, row[column], value)
