"""The four families of members by the name of their knob, and what the interpreter that asks lacks for a member."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import channels, models, patterns, workloads
from .member import Lack
from .question import Asked

FAMILIES: dict[str, ModuleType] = {
    "workload": workloads,
    "model": models,
    "ipc": channels,
    "pattern": patterns,
}
NOTHING = Lack("")


def lacks_of(asked: Asked) -> Lack:
    """Return what this interpreter lacks for a member with its options; an empty one if nothing."""
    found: Any = FAMILIES[asked.family].load(asked.name)
    lack: Lack = found.lacks(asked.options) or NOTHING
    return lack
