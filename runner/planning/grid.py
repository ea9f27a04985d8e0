"""Overrides with several values, and grids of them, as lists of overrides with one value each."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from runner.errors import BadValue


def expand(
    arguments: Sequence[str],
    params: Mapping[str, Any],
    grids: Sequence[Mapping[str, Any]],
    loader: ConfigLoader | None = None,
) -> list[list[str]]:
    """Give the overrides of every cell: the full product within each grid, one grid after the other.

    ``arguments`` are what was typed, ``params`` belong to every grid. Where a key is set more than once the later of
    params, grid and arguments wins, so that what is typed holds in every grid. Any of Hydra's sweeps that can be
    enumerated may stand for a value (choices, ``range``, ``glob``); ``loader`` knows the names that a glob matches.
    """
    parser = OverridesParser.create(config_loader=loader)
    cells = []
    for grid in grids or [{}]:
        axes: dict[str, list[str]] = {}
        for override in parser.parse_overrides([*_lines(params), *_lines(grid), *arguments]):
            axes[_identity(override)] = _values(override)
        cells += [list(cell) for cell in itertools.product(*axes.values())]
    return cells


def _lines(grid: Mapping[str, Any]) -> Iterable[str]:
    return [f"{key}={'null' if value is None else value}" for key, value in grid.items()]


def _identity(override: Override) -> str:
    """Name what is overridden, without the ``+``, ``++`` or ``~`` before it."""
    return f"{override.key_or_group}@{override.package or ''}"


def _values(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [str(override.input_line)]
    if not override.is_discrete_sweep():
        raise BadValue(
            f"{override.input_line}: cannot be enumerated; write the values, as in key=1,2,4 or key=range(1,5)"
        )
    values = [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]
    if not values:
        raise BadValue(f"{override.input_line}: matches nothing; write the values, as in key=a,b")
    return values
