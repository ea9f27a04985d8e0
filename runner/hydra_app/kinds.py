"""What kind of value a knob takes, by its name: a text as typed, a list, or the name of a choice."""

from __future__ import annotations

from functools import cache

from breakeven.runner import engines
from breakeven.runner.config.cell import ENGINE, EXPERIMENT, FAMILIES

NAMES = ("label", "sweep", "outputs", "calibration", "calibrate_on")
"""Knobs that hold a name or a path."""
CHOICES = (*FAMILIES, ENGINE, "interpreter", "preset")
"""Groups of which a cell has one choice."""
GROUPS = (*CHOICES, EXPERIMENT)
ENVIRONMENT = "environment"
_TEXTS = (*NAMES, "interpreter.path", "interpreter.flags", "workload.inputs")
_LISTS = ("compare_by",)
_MAYBE_LISTS = ("interpreter.flags",)


def is_text(key: str) -> bool:
    """Return whether a knob's value is a text exactly as typed."""
    return key in _TEXTS or key.startswith(f"{ENVIRONMENT}.") or _kinds(key) & {"text", "text?"} != set()


def is_list(key: str) -> bool:
    """Return whether a knob's value is a list, so that a list is one value of it."""
    return key in _LISTS or _kinds(key) & {"list", "inputs", "inputs?"} != set()


def may_be_list(key: str) -> bool:
    """Return whether a list may be one value of a knob as well as several."""
    group, _, _ = key.rpartition(".")
    return key in _MAYBE_LISTS or "map" in _kinds(group)


@cache
def _kinds(key: str) -> frozenset[str]:
    """Return the kinds that the knob of that name has, whatever member or engine it belongs to."""
    group, _, name = key.partition(".")
    if group == ENGINE:
        return frozenset(kinds[name] for kinds in engines.KINDS.values() if name in kinds)
    if group not in FAMILIES:
        return frozenset()
    members = FAMILIES[group]
    found = (members.load(member).OPTIONS for member in members.REGISTRY)
    return frozenset(options[name] for options in found if name in options)
