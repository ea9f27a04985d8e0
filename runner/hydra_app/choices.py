"""Refuse choices of groups that Hydra would mix, drop or break on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from breakeven.base.errors import BadValue
from breakeven.runner.config.cell import EXPERIMENT
from breakeven.runner.hydra_app.kinds import CHOICES, GROUPS


def refuse_choices(overrides: Iterable[str]) -> None:
    """Raise BadValue for a group of ours that would be null, or several in one cell.

    Hydra has not seen ``overrides`` yet.
    """
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if key in CHOICES and value.startswith("["):
            refuse_choice(key, value.strip("[] ").split(","))
        if key in GROUPS and not override.startswith("~"):
            for one in value.split(","):
                refuse_choice(key, None if one.strip().lower() == "null" else one)


def refuse_choice(key: str, value: Any) -> None:
    """Raise BadValue unless ``value`` may be chosen for the group ``key``.

    It is a name, or a list where several names are allowed.
    """
    if isinstance(value, list) and key in CHOICES:
        names = ",".join(map(str, value))
        raise BadValue(
            f"{key}=[{names}]: a cell has one {key}, and the last of a list would replace the others; write {key}={names}"
        )
    if value and isinstance(value, str | list):
        return
    plus, typed = "+" if key == EXPERIMENT else "", "null" if value is None else value
    raise BadValue(f"{plus}{key}={typed}: not the name of a choice; write {plus}{key}=NAME, or leave it out")
