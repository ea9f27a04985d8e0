"""What the explorer reads.

Points with the factors by which they differ, what was measured of each, and where it comes from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from breakeven.analysis.figures.context import Context
from breakeven.analysis.frames.hosts import name_hosts
from breakeven.analysis.summary.next_command import repeat
from breakeven.base.text import printable

_NO_VALUE = "none"
_DIGITS = 6
"""Significant digits of a number that is drawn."""

Number = float | None
Estimate = tuple[Number, Number, Number, str]
"""An estimate, the ends of its interval, and the same as text."""


@dataclass(frozen=True)
class Measure:
    """How a measure is drawn: title, axis, lines and format of ticks.

    The axis is ``log`` or not, beside a line at ``one`` and a ``band``.
    """

    name: str
    axis: str
    log: bool
    one: bool
    format: str
    band: tuple[float, float] | None = None


@dataclass(frozen=True)
class Point:
    """A cell, or a pair of them: an estimate for each measure, and the sample behind it.

    It has its machine and the command that measures it again.
    """

    id: str
    name: str
    of: Sequence[Estimate | None]
    n: str
    machine: str
    command: str


NOTHING: dict[str, Any] = {"factors": [], "measures": [], "cells": []}


def to_explore(
    factors: Mapping[str, pd.Series[Any]],
    implied: Sequence[str],
    measures: Sequence[Measure],
    points: Sequence[Point],
) -> dict[str, Any]:
    """Return what the explorer reads, as JSON knows it.

    ``factors`` are categories by the id of the points; those that are ``implied`` by others, such as the number of
    tasks, are not drawn unless asked for. A point's ``at`` are places in its factors' values.
    """
    return {
        "factors": [
            {"name": name, "values": list(values.cat.categories), "implied": name in implied}
            for name, values in factors.items()
        ],
        "measures": [asdict(measure) for measure in measures],
        "cells": [_write(point, factors) for point in points],
    }


def _write(point: Point, factors: Mapping[str, pd.Series[Any]]) -> dict[str, Any]:
    texts = {name: printable(getattr(point, name)) for name in ("name", "machine")}
    command = printable(point.command, lines=True)
    at = [int(values.cat.codes[point.id]) for values in factors.values()]
    return {"id": point.id, "at": at, "of": point.of, "n": point.n, "command": command, **texts}


def name_machine(runs: pd.DataFrame) -> str:
    """Return the hosts, machines and interpreters of ``runs``."""
    return Context.of(runs).caption(*filter(None, [", ".join(name_hosts(runs))]))


def measure_again(path: Path, runs: pd.DataFrame) -> str:
    """Return the command that measures the cell of ``runs``, of the sweep at ``path``, again."""
    overrides = runs["overrides"].dropna()
    return repeat(path, str(overrides.iloc[0]) if len(overrides) else None)


def categories(values: pd.Series[Any], texts: pd.Series[str]) -> pd.Series[Any]:
    """Return ``texts`` as categories: those of numbers in their order, other values as they come."""
    written = texts.fillna("").replace("", _NO_VALUE).astype("str").map(printable)
    numeric = pd.api.types.is_numeric_dtype(values)
    ordered = (
        written.loc[values.sort_values(kind="stable", na_position="first").index] if numeric else written
    )
    return written.astype(pd.CategoricalDtype(list(dict.fromkeys(ordered))))


def to_number(value: Any, scale: float = 1.0) -> Number:
    """Return ``value`` in units of ``scale``, as precise as it is drawn; None if it is missing or infinite."""
    if value is None or pd.isna(value) or not math.isfinite(value):
        return None
    return float(f"{float(value) / scale:.{_DIGITS}g}")
