"""What an option may be: one of the names that are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from breakeven.analysis.errors import UnknownName
from breakeven.base.suggestions import did_you_mean

T = TypeVar("T")


def pick(option: str, name: str, known: Mapping[str, T], kind: str = "choice") -> T:
    """Return what ``name``, given with ``option``, stands for; raise UnknownName.

    Its message suggests what was meant and lists all names.
    """
    if name not in known:
        raise UnknownName(
            f"{option} {name}: no such {kind}{did_you_mean(name, known)}; there are {', '.join(known)}"
        )
    return known[name]
