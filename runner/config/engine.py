"""The engine of a sweep and its knobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from breakeven.base.errors import UnknownChoice
from breakeven.base.suggestions import did_you_mean
from breakeven.runner.config.parsing import read_choice, read_option

Kinds = Mapping[str, Mapping[str, str]]
"""The kinds of the knobs of every engine; one with none measures here."""


@dataclass(frozen=True)
class ChosenEngine:
    """The engine of a sweep, with its knobs in base units; ``here``: on this machine."""

    name: str
    here: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


def read_engine(given: Mapping[str, Any], known: Kinds) -> ChosenEngine:
    """Read the engine from its group of the configuration; raise BadValue or UnknownChoice."""
    name = read_choice(given.get("name"), "engine.name" if "name" not in given else "engine", known)
    kinds = known[name]
    for key in given:
        if key != "name" and key not in kinds:
            knobs = ", ".join(kinds) or "no knobs"
            raise UnknownChoice(
                f"engine.{key}: no such knob{did_you_mean(key, kinds)}; engine={name} has {knobs}"
            )
    options = {key: read_option(given, key, kind, "engine") for key, kind in kinds.items()}
    return ChosenEngine(name, not kinds, options)
