"""Every way to combine the members of the registries: the pairs that can exist, and the values of their knobs.

All of it comes from what members declare, so a new member is in the matrix, in the covering (`benchmarks.covering`) and
in what `benchmarks.matrix` runs by being registered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import yaml

from breakeven.runner.cell import channels, models
from breakeven.runner.cell.compatibility import NATIVE, NONE, why_not
from breakeven.runner.cell.families import FAMILIES
from breakeven.runner.config.files import conf_folder

TRANSPORTS = (*channels.REGISTRY, NATIVE, NONE)

Cell = dict[str, Any]
"""Knobs and values as they are typed."""


class Started(NamedTuple):
    """A model and the start method of its processes, None if there is no choice."""

    model: str
    start_method: str | None

    def __str__(self) -> str:
        return self.model if self.start_method is None else f"{self.model}({self.start_method})"


def started() -> list[Started]:
    """Return every model with each of its start methods."""
    return [
        Started(name, method)
        for name in models.REGISTRY
        for method in models.load(name).START_METHODS or (None,)
    ]


@cache
def defaults(family: str, name: str) -> Cell:
    """Return the knobs of a member as its YAML file has them."""
    if name not in FAMILIES[family].REGISTRY:
        return {}
    given: Cell = yaml.safe_load((conf_folder() / family / f"{name}.yaml").read_text(encoding="utf-8"))
    return {key: value for key, value in given.items() if key not in ("name", "start_method")}


def reason(how: Started, ipc: str, *, workers: int = 2, variant: int = 0, pattern: str = "map") -> str | None:
    """Return why a combination cannot exist, None if it can; one worker where a model refuses more."""
    fewest = 1 if models.load(how.model).refuses_workers(2) else workers  # the baseline has one in any case
    return why_not(
        model=how.model,
        start_method=how.start_method,
        ipc=ipc,
        pattern=pattern,
        workers=fewest,
        model_options={**defaults("model", how.model), **chosen("model", how.model, variant)},
        ipc_options={**defaults("ipc", ipc), **chosen("ipc", ipc, variant)},
    )


def pairs() -> list[tuple[Started, str]]:
    """Return every pair of a model and a transport that can exist, with the default knobs of both."""
    return [(how, ipc) for how in started() for ipc in TRANSPORTS if reason(how, ipc) is None]


@cache
def choices(family: str, name: str) -> dict[str, tuple[str, ...]]:
    """Return the knobs of a member that take one of a few values, with these."""
    if name not in FAMILIES[family].REGISTRY:
        return {}
    registry: Any = FAMILIES[family]
    options = registry.load(name).OPTIONS
    return {key: tuple(kind.rstrip("?").split("|")) for key, kind in options.items() if "|" in kind}


def chosen(family: str, name: str, variant: int) -> Cell:
    """Return the values of those knobs in a variant: each takes its values in turn."""
    return {key: values[variant % len(values)] for key, values in choices(family, name).items()}


@cache
def variants() -> int:
    """Return how many variants it takes until every knob of every member had every value."""
    members = [(family, name) for family in ("model", "ipc") for name in FAMILIES[family].REGISTRY]
    return max(
        (len(values) for family, name in members for values in choices(family, name).values()), default=1
    )


def sweep(cells: Sequence[Cell], **settings: Any) -> str:
    """Return the YAML of an experiment of these cells, one run of few trials each."""
    once = {"warmup": 0, "max_warmup": 0, "min_trials": 2, "max_trials": 2, "max_time": "300ms", "traced": 1}
    quick = {"rounds": 1, "trial": "4ms", "task": "200us", "window": "20ms", "measure": once}
    hydra = {"mode": "MULTIRUN", "sweeper": {"grids": [_typed(cell) for cell in cells]}}
    return "# @package _global_\n" + yaml.safe_dump({**quick, **settings, "hydra": hydra}, sort_keys=False)


def _typed(cell: Cell) -> dict[str, str]:
    return {key: "null" if value is None else str(value) for key, value in cell.items()}


def members() -> Iterator[tuple[str, str, Any]]:
    """Yield family, name and class of every model and channel."""
    for family in ("model", "ipc"):
        registry: Any = FAMILIES[family]
        for name in registry.REGISTRY:
            yield family, name, registry.load(name)
