"""What is asked of a sweep: its configurations, and the command that asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    """One composed and resolved configuration, and the overrides that led to it.

    ``choices`` is what was chosen in each group of the application, by the name that Hydra gives the group, such as
    ``model`` or ``workload@extra``. Configurations of a grid share what they have in common: change none in place.
    """

    plain: dict[str, Any]
    overrides: tuple[str, ...]
    choices: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Launch:
    """All cells of one sweep, and what was typed for them.

    ``base`` is the configuration that the cells start from; ``notes`` say what there is to know about the choice of
    the cells, one line each; ``command`` is what to type to start the program again.
    """

    requests: Sequence[Request]
    overrides: tuple[str, ...]
    base: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    command: Sequence[str] = ("breakeven",)


@dataclass(frozen=True)
class Origin:
    """Where and when a command was typed, which decides about relative paths and a sweep without a name.

    ``folder`` is the working directory. A sweep without a name is ``sweep`` if that is known, else it is named by
    ``now``: not like one that is there already, unless it is carried on ``again``.
    """

    folder: Path
    now: datetime
    sweep: Path | None = None
    again: bool = False
