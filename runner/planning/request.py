"""The request for a sweep: its configurations and the command that was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from breakeven.runner.config.search import Search


@dataclass(frozen=True)
class Request:
    """One composed and resolved configuration, and the overrides that led to it.

    ``choices`` maps each group of the application to the chosen option, by Hydra's name of the group, such as
    ``model`` or ``workload@extra``. Configurations of a grid share objects: do not change them in place.
    """

    plain: dict[str, Any]
    overrides: tuple[str, ...]
    choices: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Launch:
    """All cells of one sweep, and what was typed for them.

    ``base`` is the configuration that the cells start from; ``notes`` are remarks on the selection of the cells, one
    line each; ``command`` starts the program again. ``options`` are those words of it that say where the configuration
    comes from and what Hydra itself is to do, and are no overrides of knobs. ``search`` says how the runs are chosen,
    None to measure the whole grid.
    """

    requests: Sequence[Request]
    overrides: tuple[str, ...]
    base: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    command: Sequence[str] = ("breakeven",)
    options: Sequence[str] = ()
    search: Search | None = None


@dataclass(frozen=True)
class Origin:
    """Where and when a command was typed: resolves relative paths and names a sweep without a name.

    ``folder`` is the working directory. A sweep without a name is ``sweep`` if that is set; otherwise its
    name is the time ``now``, with a number if that folder exists, unless ``again`` says that it is the same
    sweep.
    """

    folder: Path
    now: datetime
    sweep: Path | None = None
    again: bool = False
