"""Refuse choices of groups, and keys typed twice, that Hydra would mix, drop or break on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from breakeven.base.errors import BadValue
from breakeven.base.factors import POLICY
from breakeven.runner.config.cell import EXPERIMENT
from breakeven.runner.hydra_app.kinds import CHOICES, GROUPS

_ONE_OF_A_SWEEP = {"sweep", "outputs", *POLICY}
"""Knobs that are the same in all cells."""


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


def refuse_repeated(overrides: Iterable[str]) -> None:
    """Raise BadValue for a key that is typed twice, of which Hydra would silently take the later.

    To delete a key and add it anew is one thing said in two words.
    """
    typed = set[str]()
    for override in overrides:
        key, _, _ = override.partition("=")
        name = key.lstrip("+")
        if name in typed and not override.startswith("~"):
            raise BadValue(_repeated(name, key))
        if not override.startswith("~"):
            typed.add(name)


def _repeated(name: str, key: str) -> str:
    verb = "is chosen twice" if name in GROUPS else "is typed twice"
    if name.startswith("hydra") or name in _ONE_OF_A_SWEEP:
        return f"{name}: {verb}; write one of them"
    plus = "+" if name == EXPERIMENT else key[: len(key) - len(name)]
    return f"{name}: {verb}; write {plus}{name}=A,B for several, or one of them"


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
