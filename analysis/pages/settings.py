"""What varied among the cells that were measured, and which settings all of them share, as the runs stored them.

The command that was typed may name a file that a reader does not have. What each run stored is complete, so the page
is enough to measure the same again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import pandas as pd
import yaml

from breakeven.analysis.frames.configs import read_configs
from breakeven.analysis.frames.order import natural
from breakeven.analysis.units import plural
from breakeven.base.factors import POLICY
from breakeven.base.units import SIZES, TIMES

_CHOICE = ".name"
"""How the knob ends that a choice such as ``model=thread`` sets."""

_UNSET = "null"
_EMPTY = "{}"
_UNITS = {unit: factor for units in (SIZES, TIMES) for unit, factor in units.items()}

Settings = Mapping[str, str]


@dataclass(frozen=True)
class Measured:
    """The settings with which runs were made.

    ``factors`` are the knobs that vary among the ``cells``, as typed, each with its values; behind a value stand the
    knobs that follow from it. ``combinations`` are the cells, one by one, unless every combination was measured.
    ``changed`` are knobs that differ between the runs of a cell, as after a launch with another budget. ``shared`` is
    YAML, with what all runs have.
    """

    cells: int = 0
    factors: tuple[tuple[str, str], ...] = ()
    combinations: tuple[str, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    shared: str = ""

    @property
    def about(self) -> str:
        """Return how the cells follow from the factors."""
        cells = plural(self.cells, "cell")
        return f"{cells}, not every combination" if self.combinations else f"{cells}, every combination"


def settings_of(runs: pd.DataFrame) -> Measured:
    """Return the settings of ``runs``, in whose order the last run of a cell stands for it."""
    stored = runs.dropna(subset=["config"]).drop_duplicates(["cell_id", "config"], keep="last")
    known = read_configs(stored["config"].unique())
    flat = {text: settings for text, (_, settings) in known.items() if settings}
    stored = stored[stored["config"].isin(list(flat))]
    if stored.empty:
        return Measured()
    changed = _changed(stored, flat)
    cells = [flat[text] for text in stored.groupby("cell_id", sort=False)["config"].last()]
    varied = [name for name in _varying(cells) if name not in changed]
    hosts = _hosts(cells, varied)
    factors = [name for name in varied if name not in hosts]
    values = {name: _values(cells, name) for name in factors}
    found = {tuple(cell.get(name, _UNSET) for name in factors) for cell in cells}
    every = len(found) == len(cells) == prod(map(len, values.values()))
    following = {host: [name for name in varied if hosts.get(name) == host] for host in factors}
    return Measured(
        cells=len(cells),
        factors=tuple(
            (_typed(name), ", ".join(_with(cells, name, value, following[name]) for value in values[name]))
            for name in factors
        ),
        combinations=() if every else tuple(sorted((_line(cell, varied) for cell in cells), key=natural)),
        changed=tuple((_typed(name), ", ".join(_values(list(flat.values()), name))) for name in changed),
        shared=_shared([known[text][0] for text in stored["config"].unique()]),
    )


def _changed(stored: pd.DataFrame, flat: Mapping[str, Settings]) -> list[str]:
    """Return the knobs that differ between the runs of a cell, and those of how a launch is carried out."""
    within: set[str] = set()
    for _, texts in stored.groupby("cell_id", sort=False)["config"]:
        within.update(_varying([flat[text] for text in texts]) if len(texts) > 1 else ())
    return [name for name in _varying([*flat.values()]) if name in within or name in POLICY]


def _varying(found: Sequence[Settings]) -> list[str]:
    """Return the knobs that do not have one value in all of ``found``, in their order.

    A group that is empty in some, such as ``environment``, varies by what is in it.
    """
    names = dict.fromkeys(name for settings in found for name in settings)
    values = {name: {settings.get(name) for settings in found} for name in names}
    return [name for name, known in values.items() if len(known) > 1 and known - {None} != {_EMPTY}]


def _hosts(cells: Sequence[Settings], varied: Sequence[str]) -> dict[str, str]:
    """Return by knob that follows from another one the knob that it follows from, which itself follows from none.

    So does the start method from the model if only one model has any, and a knob that was zipped with another. Of two
    that follow from each other the first is taken, and a choice, such as a model, follows from none of its own knobs.
    """
    codes = {name: [cell.get(name) for cell in cells] for name in varied}
    counts = {name: len(set(values)) for name, values in codes.items()}

    def follows(name: str, host: str) -> bool:
        return len(set(zip(codes[host], codes[name], strict=True))) == counts[host]

    def may_host(name: str, host: str) -> bool:
        if host == name or _is_choice_of(name, host) or not follows(name, host):
            return False
        return not follows(host, name) or varied.index(host) < varied.index(name)

    above = {name: [host for host in varied if may_host(name, host)] for name in varied}
    found = {name: [host for host in hosts if not above[host]] for name, hosts in above.items()}
    return {
        name: next((host for host in hosts if _is_choice_of(host, name)), hosts[0])
        for name, hosts in found.items()
        if hosts
    }


def _is_choice_of(host: str, name: str) -> bool:
    """Return whether ``host`` is the choice of a family and ``name`` a knob of that family."""
    return host.endswith(_CHOICE) and name.startswith(host.removesuffix("name"))


def _values(found: Iterable[Settings], name: str) -> list[str]:
    return sorted({settings.get(name, _UNSET) for settings in found}, key=_place)


def _place(value: str) -> tuple[float, str]:
    """Return a key by which 2 comes before 16, and 200us before 1ms; texts come last."""
    number = value.rstrip("".join({*"".join(_UNITS)}))
    try:
        return float(number) * _UNITS.get(value.removeprefix(number), 1), value
    except ValueError:
        return float("inf"), natural(value)


def _with(cells: Sequence[Settings], name: str, value: str, following: Sequence[str]) -> str:
    """Return a value with those of the knobs that follow from it."""
    cell = next(cell for cell in cells if cell.get(name, _UNSET) == value)
    further = ", ".join(f"{_typed(one)}={cell[one]}" for one in following if one in cell)
    return f"{value} ({further})" if further else value


def _line(cell: Settings, varied: Sequence[str]) -> str:
    return " ".join(f"{_typed(name)}={cell[name]}" for name in varied if name in cell)


def _typed(name: str) -> str:
    return name.removesuffix(_CHOICE)


def _shared(configs: Sequence[Mapping[str, Any]]) -> str:
    first, *others = configs
    for other in others:
        first = _common(first, other)
    return yaml.safe_dump(dict(first), sort_keys=False, allow_unicode=True, width=100) if first else ""


def _common(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two configurations share, without groups that share nothing."""
    found: dict[str, Any] = {}
    for name, value in one.items():
        if name in other and value == other[name]:
            found[name] = value
        elif isinstance(value, dict) and isinstance(other.get(name), dict):
            found |= {name: common} if (common := _common(value, other[name])) else {}
    return found
